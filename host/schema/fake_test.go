package schema

import (
	"context"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/sr"
	"github.com/twmb/franz-go/pkg/sr/srfake"
	"go.uber.org/zap"

	"github.com/weirhq/weir/host/event"
)

// fake is a schema registry that counts what it is asked and can be made to
// fail.
type fake struct {
	*srfake.Registry
	mu    sync.Mutex
	asked map[string]int
	// answer, when set, may answer instead of the registry.
	answer srfake.Interceptor
}

func newFake(t testing.TB) *fake {
	f := &fake{Registry: srfake.New(), asked: map[string]int{}}
	t.Cleanup(f.Close)
	f.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
		f.mu.Lock()
		f.asked[r.URL.Path]++
		answer := f.answer
		f.mu.Unlock()
		return answer != nil && answer(w, r)
	})
	return f
}

func (f *fake) set(answer srfake.Interceptor) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answer = answer
}

func (f *fake) count(path string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.asked[path]
}

// status makes an answer that is no schema.
func status(code int, body string) srfake.Interceptor {
	return func(w http.ResponseWriter, _ *http.Request) bool {
		w.WriteHeader(code)
		fmt.Fprint(w, body)
		return true
	}
}

func (f *fake) config() *RegistryConfig {
	return &RegistryConfig{
		URLs: []string{f.URL()}, RequestTimeout: defaultRequestTimeout, GiveUpAfter: time.Minute,
		LatestFor: defaultLatestFor, CacheSize: defaultCacheSize,
	}
}

// open makes a registry of a configuration that does not pause between
// attempts.
func open(t testing.TB, c *RegistryConfig) *Registry {
	t.Helper()
	r, err := NewRegistry(c, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	r.backoff = func(int) time.Duration { return time.Millisecond }
	return r
}

func avroSchema(text string, refs ...sr.SchemaReference) sr.Schema {
	return sr.Schema{Schema: text, Type: sr.TypeAvro, References: refs}
}

func protoSchema(text string, refs ...sr.SchemaReference) sr.Schema {
	return sr.Schema{Schema: text, Type: sr.TypeProtobuf, References: refs}
}

func jsonSchema(text string) sr.Schema { return sr.Schema{Schema: text, Type: sr.TypeJSON} }

func decodeConfig() Config {
	return Config{Op: Decode, Mode: JSON, Of: Value, OnMissing: FailMissing, Unions: AutoUnions, Version: Latest}
}

func encodeConfig() Config {
	return Config{Op: Encode, Mode: JSON, Of: Value, OnMissing: FailMissing, Version: Latest}
}

// result is what a step made of a batch.
type result struct {
	events []event.Event
	failed map[int]string
}

// run takes events through a step. The events that went in must stay as they
// were.
func run(t testing.TB, p *Processor, in ...event.Event) (result, error) {
	t.Helper()
	res := result{failed: map[int]string{}}
	for i := range in {
		in[i].Origin = int32(i)
	}
	before := fmt.Sprintf("%v", in)
	out, err := p.Process(context.Background(), in, nil, func(i int, f *event.Failure) {
		if f.Class != event.Schema || f.Attempt != 1 {
			t.Errorf("failure %+v", f)
		}
		res.failed[i] = f.Message
	})
	if after := fmt.Sprintf("%v", in); after != before {
		t.Errorf("the inputs changed from %s to %s", before, after)
	}
	res.events = out
	return res, err
}

// must is run for events that all have to pass.
func must(t testing.TB, p *Processor, in ...event.Event) []event.Event {
	t.Helper()
	res, err := run(t, p, in...)
	if err != nil {
		t.Fatal(err)
	}
	for i, message := range res.failed {
		t.Fatalf("event %d failed: %s", i, message)
	}
	return res.events
}

func value(b []byte) event.Event { return event.Event{Value: b, Key: []byte("k")} }

func wire(id int, payload ...byte) []byte { return append(appendID(nil, id), payload...) }

// keyOf is the key of a server's certificate, in PKCS #8.
func keyOf(t testing.TB, s *httptest.Server) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(s.TLS.Certificates[0].PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	return der
}
