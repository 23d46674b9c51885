package cli

import (
	"bytes"
	"context"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/weirhq/weir/host/broker"
)

// TestTapCommand looks at pipelines through which the same few events pass again
// and again.
func TestTapCommand(t *testing.T) {
	address, client := startShown(t)
	environ := []string{"WEIR_ADMIN=" + address}
	ctx, cancel := context.WithCancel(t.Context())
	var producing sync.WaitGroup
	defer producing.Wait()
	defer cancel()
	producing.Go(func() {
		for ctx.Err() == nil {
			for _, r := range []broker.Record{
				{Key: []byte("a"), Value: []byte(`{"weight":11,"password":"x"}`)}, {Key: []byte("b"), Value: []byte(`{"weight":1}`)},
				{Key: []byte("c"), Value: []byte(`{"colour":"red"}`)},
			} {
				r.Topic = "orders"
				if err := client.Produce(ctx, r); err != nil && ctx.Err() == nil {
					t.Error(err)
				}
			}
			time.Sleep(10 * time.Millisecond) // between two lots; a tap begins when it does
		}
	})
	for _, tt := range []struct {
		args string
		out  string // without places and times
		said string
	}{
		{"orders --key a --limit 1 --rate 1000", "topic-selector orders key \"a\"\n" +
			"value unchanged: `{\"password\":\"***\",\"weight\":11}`\ntopic absent -> heavy\n\n", `^the limit is reached: 1 shown`},
		{"orders --where !weight --limit 1", "topic-selector orders key \"c\"\nrejected ***\nvalue `{\"colour\":\"red\"}`\n\n", `1 shown`},
		{"orders --where colour~\"^r\" --limit 1 --processor topic-selector -o json",
			`{"processor":"topic-selector","topic":"orders","partition":0,"offset":N,"at":"T","before":[{"timestamp":N,"key":"c","value":"{\"colour\":\"red\"}"}],"after":[],"outcome":"failed","failure":{"class":"reject","message":"***"}}` + "\n", `1 shown`},
	} {
		t.Run(tt.args, func(t *testing.T) {
			var out, said bytes.Buffer
			if code := Run(t.Context(), append([]string{"tap"}, strings.Fields(tt.args)...), environ, &out, &said); code != exitOK {
				t.Fatalf("exit code %d\n%s", code, said.String())
			}
			got := regexp.MustCompile(`\[0\]@\d+|"offset":\d+|"timestamp":\d+|"at":"[^"]+"| [0-9:.]{12}`).ReplaceAllStringFunc(out.String(), func(s string) string {
				switch name, _, ok := strings.Cut(s, ":"); {
				case !ok || s[0] != '"':
					return ""
				case name == `"at"`:
					return name + `:"T"`
				default:
					return name + ":N"
				}
			})
			if diff := cmp.Diff(tt.out, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if !regexp.MustCompile(tt.said).MatchString(said.String()) {
				t.Errorf("said %q, want %s", said.String(), tt.said)
			}
		})
	}
	for args, want := range map[string]struct {
		code int
		said string
	}{
		"orders --processor topicselector": {exitNoSuch, `no processor is called "topicselector" (did you mean "topic-selector"?)`},
		"order":                            {exitNoSuch, `no pipeline is called "order" (did you mean "orders"?)`},
		"copy":                             {exitFailure, "the pipeline has no processors"},
		"orders --where a=1":               {exitUsage, `where: "=1" follows where && or the end was due`},
		"orders --rate 0":                  {exitUsage, "--rate must be from 1 to 1000"},
		"orders --rate 1001":               {exitUsage, "--rate must be from 1 to 1000"},
		"orders --limit -1":                {exitUsage, "--limit is less than 0"},
	} {
		var out, said bytes.Buffer
		if code := Run(t.Context(), append([]string{"tap"}, strings.Fields(args)...), environ, &out, &said); code != want.code || !strings.Contains(said.String(), want.said) {
			t.Errorf("%s: exit code %d, %q; want %d, %q", args, code, said.String(), want.code, want.said)
		}
	}
}

// A signal, or whatever else ends the context, ends a tap in good order.
func TestTapIsStopped(t *testing.T) {
	address, client := startShown(t)
	ctx, cancel := context.WithCancel(t.Context())
	seen := make(chan struct{})
	var once sync.Once
	out := writer(func(p []byte) (int, error) {
		once.Do(func() { close(seen) })
		return len(p), nil
	})
	var said bytes.Buffer
	code := make(chan int, 1)
	go func() { code <- Run(ctx, []string{"tap", "orders"}, []string{"WEIR_ADMIN=" + address}, out, &said) }()
	for done := false; !done; {
		if err := client.Produce(t.Context(), broker.Record{Topic: "orders", Value: []byte(`{"weight":1}`)}); err != nil {
			t.Fatal(err)
		}
		select {
		case <-seen:
			done = true
		case <-time.After(10 * time.Millisecond):
		}
	}
	cancel()
	if got := <-code; got != exitOK || !strings.Contains(said.String(), "stopped: ") {
		t.Errorf("exit code %d, %q", got, said.String())
	}
}

type writer func(p []byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }
