package schema

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/weirhq/weir/host/config"
)

// TestAnswers sorts what a registry may answer: which of it is asked again,
// and whose fault it is.
func TestAnswers(t *testing.T) {
	for _, tc := range []struct {
		name    string
		status  int
		body    string
		again   bool
		unknown bool
		want    string
	}{
		{"unknown", 404, `{"error_code":40403,"message":"Schema 1 not found"}`, false, true, "schema id 1: the registry does not know it (Schema 1 not found)"},
		{"wrong path", 404, `404 page not found`, false, false, "that is not how a registry says that it does not know a schema: see url"},
		{"no login", 401, `{"error_code":401,"message":"Unauthorized"}`, false, false, "answers 401: Unauthorized (see username and password)"},
		{"no right", 403, ``, false, false, "answers 403: no response (see username and password)"},
		{"failing", 500, `{"error_code":50001,"message":"store"}`, true, false, "answers 500: store (given up after"},
		{"starting", 503, `<html>`, true, false, "answers 503: <html>"},
		{"busy", 429, ``, true, false, "answers 429"},
		{"odd", 418, `{"message":"teapot"}`, false, false, "answers 418: teapot"},
		{"not JSON", 200, `<html>`, true, false, "unable to decode ok response body"},
		{"long", 200, `"` + strings.Repeat("x", maxAnswer) + `"`, false, false, "the registry's answer is longer than 16 MiB"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := newFake(t)
			f.set(status(tc.status, tc.body))
			c := f.config()
			c.GiveUpAfter = 10 * time.Millisecond
			_, _, err := open(t, c).ID(t.Context(), 1)
			if err == nil || !strings.Contains(err.Error(), tc.want) || errors.Is(err, ErrUnknown) != tc.unknown {
				t.Errorf("error %v, want one with %q", err, tc.want)
			}
			if asked := f.count("/schemas/ids/1"); (asked > 1) != tc.again {
				t.Errorf("asked %d times", asked)
			}
		})
	}
}

// TestRegistryIsWaitedFor fails a few times before it answers.
func TestRegistryIsWaitedFor(t *testing.T) {
	f := newFake(t)
	f.SeedSchema("j", 1, 3, jsonSchema(`{}`))
	var failures atomic.Int32
	f.set(func(w http.ResponseWriter, r *http.Request) bool {
		switch failures.Add(1) {
		case 1:
			return status(503, "away")(w, r)
		case 2:
			panic(http.ErrAbortHandler) // the connection breaks
		}
		return false
	})
	core, logs := observer.New(zap.InfoLevel)
	r := open(t, f.config())
	r.log = zap.New(core)
	decode := decodeConfig()
	must(t, NewProcessor(&decode, r), value(wire(3, '1')))
	var got []string
	for _, e := range logs.All() {
		got = append(got, e.Level.String()+" "+e.Message)
	}
	if text := strings.Join(got, "\n"); text != "warn the schema registry does not answer; events wait for it\ninfo the schema registry answers again" {
		t.Errorf("the log is\n%s", text)
	}
}

// TestRegistryAway stops the pipeline and fails no event.
func TestRegistryAway(t *testing.T) {
	f := newFake(t)
	f.Close() // nobody listens
	c := f.config()
	c.GiveUpAfter = 20 * time.Millisecond
	decode := decodeConfig()
	res, err := run(t, NewProcessor(&decode, open(t, c)), value(wire(3, '1')))
	if err == nil || len(res.failed) > 0 || !strings.Contains(err.Error(), "connection refused (given up after") {
		t.Errorf("error %v, failures %v", err, res.failed)
	}
}

// TestRegistryIsSlow ends requests, and with its context the wait.
func TestRegistryIsSlow(t *testing.T) {
	f := newFake(t)
	f.set(func(_ http.ResponseWriter, r *http.Request) bool {
		<-r.Context().Done()
		return true
	})
	c := f.config()
	c.RequestTimeout, c.GiveUpAfter = 20*time.Millisecond, 30*time.Millisecond
	if _, _, err := open(t, c).ID(t.Context(), 1); err == nil || !strings.Contains(err.Error(), "(given up after") {
		t.Errorf("error %v", err)
	}
	c = f.config()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, _, err := open(t, c).ID(ctx, 1); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
	f.set(status(503, ""))
	r := open(t, c)
	r.backoff = func(int) time.Duration { return time.Minute / 2 }
	ctx, cancel = context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, _, err := r.ID(ctx, 1); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error of a pause that was cut: %v", err)
	}
}

func TestBackoffGrowsToABound(t *testing.T) {
	for round, most := range map[int]time.Duration{1: 100 * time.Millisecond, 2: 200 * time.Millisecond, 6: 3200 * time.Millisecond, 7: 5 * time.Second, 1000: 5 * time.Second} {
		if d := backoff(round); d > most || d < most*2/3 {
			t.Errorf("round %d: %s, want up to %s", round, d, most)
		}
	}
}

// TestOtherURL asks the next registry when one is away, and stays with it.
func TestOtherURL(t *testing.T) {
	away, f := newFake(t), newFake(t)
	away.set(status(503, ""))
	for id := range 5 {
		f.SeedSchema(fmt.Sprint("s", id), 1, id+1, jsonSchema(`{}`))
	}
	c := f.config()
	c.URLs = []string{away.URL(), f.URL()}
	r := open(t, c)
	r.backoff = func(int) time.Duration { return time.Hour } // there is no need to pause
	for id := range 5 {
		if _, _, err := r.ID(t.Context(), id+1); err != nil {
			t.Fatal(err)
		}
	}
	if n := away.count("/schemas/ids/1") + away.count("/schemas/ids/2"); n != 1 {
		t.Errorf("the one that is away was asked %d times", n)
	}
}

// TestManyIDs asks for more schemas than are kept, from many lanes.
func TestManyIDs(t *testing.T) {
	f := newFake(t)
	const ids, kept = 300, 50
	for id := range ids {
		f.SeedSchema(fmt.Sprint("s", id), 1, id+1, jsonSchema(`{}`))
	}
	c := f.config()
	c.CacheSize = kept
	r := open(t, c)
	var lanes sync.WaitGroup
	for range 4 {
		lanes.Go(func() {
			decode := decodeConfig()
			p := NewProcessor(&decode, r)
			for id := range ids {
				res, err := run(t, p, value(wire(id+1, '1')), value(wire(id+1, '2')))
				if err != nil || len(res.events) != 2 {
					t.Errorf("id %d: %v, %v", id+1, err, res)
				}
			}
		})
	}
	lanes.Wait()
	if n := r.byID.order.Len(); n != kept {
		t.Errorf("%d schemas are kept, want %d", n, kept)
	}
}

// TestUnknownIsRemembered asks once for many events with an unknown id.
func TestUnknownIsRemembered(t *testing.T) {
	f := newFake(t)
	decode := decodeConfig()
	p := NewProcessor(&decode, open(t, f.config()))
	for range 3 {
		if res, err := run(t, p, value(wire(9)), value(wire(9))); err != nil || len(res.failed) != 2 {
			t.Errorf("%v, %v", err, res.failed)
		}
	}
	if n := f.count("/schemas/ids/9"); n != 1 {
		t.Errorf("asked %d times", n)
	}
}

// TestFixedSchema shows that what is wrong with a schema that the step names
// stops the pipeline: it would fail every event.
func TestFixedSchema(t *testing.T) {
	f := newFake(t)
	f.SeedSchema("broken", 1, 4, protoSchema(`message`))
	f.SeedSchema("p", 1, 5, protoSchema(orderProto))
	for want, change := range map[string]func(*Config){
		"subject none, version latest: the registry does not know it": func(c *Config) { c.Subject = "none" },
		"subject p, version 3: the registry does not know it":         func(c *Config) { c.Subject, c.Version = "p", 3 },
		"schema id 99: the registry does not know it":                 func(c *Config) { c.ID = 99 },
		"schema id 4: the schema is broken":                           func(c *Config) { c.ID = 4 },
		`schema id 5: the schema has no message "no.Such"`:            func(c *Config) { c.Subject, c.Message = "p", "no.Such" },
	} {
		encode := encodeConfig()
		change(&encode)
		res, err := run(t, NewProcessor(&encode, open(t, f.config())), value([]byte(`{}`)))
		if err == nil || !strings.Contains(err.Error(), want) || len(res.failed) > 0 {
			t.Errorf("error %v, failures %v, want an error with %q", err, res.failed, want)
		}
	}
}

// TestLatest follows a subject, and goes on with what it knows while the
// registry is away.
func TestLatest(t *testing.T) {
	f := newFake(t)
	f.SeedSchema("s", 1, 1, jsonSchema(`{"title":"one"}`))
	c := f.config()
	c.LatestFor = time.Millisecond
	r := open(t, c)
	latest := func() int {
		t.Helper()
		time.Sleep(2 * c.LatestFor) // what was known is out of date
		s, _, err := r.Subject(t.Context(), "s", Latest)
		if err != nil {
			t.Fatal(err)
		}
		return s.id
	}
	if id := latest(); id != 1 {
		t.Errorf("id %d", id)
	}
	f.SeedSchema("s", 2, 2, jsonSchema(`{"title":"two"}`))
	if id := latest(); id != 2 {
		t.Errorf("id %d of the second version", id)
	}
	f.set(status(503, ""))
	before := f.count("/subjects/s/versions/latest")
	if id := latest(); id != 2 {
		t.Errorf("id %d while the registry is away", id)
	}
	if n := f.count("/subjects/s/versions/latest") - before; n != 1 {
		t.Errorf("asked %d times while there is an older answer", n)
	}
	if s, _, err := r.Subject(t.Context(), "s", Latest); err != nil || s.id != 2 {
		t.Errorf("%v, %v", s, err)
	}
}

// TestLogin sends the password as it is at the time.
func TestLogin(t *testing.T) {
	f := newFake(t)
	f.SeedSchema("j", 1, 1, jsonSchema(`{}`))
	f.SeedSchema("k", 1, 2, jsonSchema(`{}`))
	password := "first"
	f.set(func(w http.ResponseWriter, r *http.Request) bool {
		user, given, _ := r.BasicAuth()
		return (user != "me" || given != password) && status(401, `{"message":"no"}`)(w, r)
	})
	file := filepath.Join(t.TempDir(), "password")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(password)
	c := f.config()
	c.Username, c.Password = "me", config.SecretFile(file)
	r := open(t, c)
	if _, _, err := r.ID(t.Context(), 1); err != nil {
		t.Error(err)
	}
	password = "second"
	if _, _, err := r.ID(t.Context(), 2); err == nil || strings.Contains(err.Error(), "first") {
		t.Errorf("error %v", err)
	}
	write(password)
	if _, _, err := r.ID(t.Context(), 2); err != nil {
		t.Error(err)
	}
	if text := fmt.Sprintf("%v %+v %#v", c, c, c); strings.Contains(text, "second") {
		t.Errorf("the configuration prints as %s", text)
	}
}

func TestTLS(t *testing.T) {
	f := newFake(t)
	f.SeedSchema("j", 1, 1, jsonSchema(`{}`))
	server := httptest.NewUnstartedServer(f.Handler())
	server.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
	server.Config.ErrorLog = zap.NewStdLog(zap.NewNop())
	server.StartTLS()
	t.Cleanup(server.Close)
	dir := t.TempDir()
	write := func(name, kind string, der []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	ca := write("ca.pem", "CERTIFICATE", server.Certificate().Raw)
	key := write("key.pem", "PRIVATE KEY", keyOf(t, server))
	with := func(change func(*RegistryConfig)) error {
		c := f.config()
		c.URLs, c.GiveUpAfter = []string{server.URL}, time.Millisecond
		change(c)
		r, err := NewRegistry(c, zap.NewNop())
		if err != nil {
			return err
		}
		defer r.Close()
		_, _, err = r.ID(t.Context(), 1)
		return err
	}
	for _, tc := range []struct {
		name   string
		change func(*RegistryConfig)
		want   string
	}{
		{"mutual", func(c *RegistryConfig) { c.CAFile, c.CertFile, c.KeyFile = ca, ca, key }, ""},
		{"unknown authority", func(*RegistryConfig) {}, "its certificate is not trusted: see ssl_cafile"},
		{"no client certificate", func(c *RegistryConfig) { c.CAFile = ca }, "certificate required"},
		{"other host", func(c *RegistryConfig) {
			c.CAFile, c.CertFile, c.KeyFile = ca, ca, key
			c.URLs = []string{strings.Replace(server.URL, "127.0.0.1", "localhost", 1)}
		}, "not localhost"},
		{"no authority in file", func(c *RegistryConfig) { c.CAFile = key }, "has no certificate in PEM form"},
		{"no file", func(c *RegistryConfig) { c.CAFile = filepath.Join(dir, "none") }, "ssl_cafile: open"},
		{"no key", func(c *RegistryConfig) { c.CertFile, c.KeyFile = ca, ca }, "ssl_certfile and ssl_keyfile: tls"},
	} {
		err := with(tc.change)
		if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
			t.Errorf("%s: error %v, want %q", tc.name, err, tc.want)
		}
	}
}
