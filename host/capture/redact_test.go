package capture

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/weirhq/weir/host/event"
)

func TestMasked(t *testing.T) {
	for text, want := range map[string]string{
		"":          "",
		"Ann 42":    "xxx 11",
		"a=1;b=\t2": "x=1;x=\t1",
		"é":         "xx",
		"\x00\x01A": "xxx",
		"\xff9":     "xx",
		`"Ann"`:     `"xxx"`,
		"120.50e+3": "111.11e+1",
		`{"name": "Ann \"B\" \n\u00e9 é", "n" : [0, -7, true, null], "deep": {"e-mail":"a@b.cz"}}`: `{"name": "xxx \"x\" \nxxxxxx xx", "n" : [1, -1, true, null], "deep": {"e-mail":"x@x.xx"}}`,
		`{"a":"b:c","a":"\\"}`: `{"a":"x:x","a":"\\"}`,
	} {
		if got := string(masked([]byte(text))); got != want {
			t.Errorf("%q is masked as %q, want %q", text, got, want)
		}
	}
	if masked(nil) != nil {
		t.Error("a null is no null any more")
	}
}

// JSON stays JSON, everything keeps its length, and no run of letters survives
// but in names.
func FuzzMasked(f *testing.F) {
	for _, seed := range []string{`{"a":"secret","b":[1,"\u12ab\\\""]}`, "plain secret", "\x00secret", `"\"`, "0", "00"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		got := masked(text)
		if len(got) != len(text) || json.Valid(text) && !json.Valid(got) {
			t.Fatalf("%q is masked as %q", text, got)
		}
		quoted, err := json.Marshal(map[string]string{"name": "SECRET" + string(text) + "SECRET"})
		if err != nil {
			t.Fatal(err)
		}
		if got := string(masked(quoted)); strings.Contains(got, "SECRET") || !strings.HasPrefix(got, `{"name":"xxxxxx`) {
			t.Fatalf("%q is masked as %q", quoted, got)
		}
	})
}

func TestRedact(t *testing.T) {
	b := &Batch{
		Pipeline: "p", Time: 7, Outputs: "digest",
		Events: []Event{{
			Value: []byte(`{"card":"4111"}`), Key: []byte("ann"), Topic: "orders", Offset: 9,
			Headers: []Header{{Name: []byte("user"), Value: []byte("ann")}, {Name: []byte("null")}},
			Context: []Pair{{Name: "id", Kind: 1, Num: 4711}, {Name: "s", Kind: 4, Data: []byte("ann")}},
		}},
		Failures: []Failure{{Index: 0, Class: event.Trap, Message: "card 4111"}},
	}
	b.redact()
	want := &Batch{
		Pipeline: "p", Time: 7, Redacted: true,
		Events: []Event{{
			Value: []byte(`{"card":"1111"}`), Key: []byte("xxx"), Topic: "orders", Offset: 9,
			Headers: []Header{{Name: []byte("user"), Value: []byte("xxx")}, {Name: []byte("null")}},
			Context: []Pair{{Name: "id", Kind: 1, Num: 1}, {Name: "s", Kind: 4, Data: []byte("xxx")}},
		}},
		Failures: []Failure{{Index: 0, Class: event.Trap}},
	}
	if diff := cmp.Diff(want, b); diff != "" {
		t.Errorf("redacted (-want +got):\n%s", diff)
	}
	for _, c := range []struct {
		failures []Failure
		same     bool
	}{
		{[]Failure{{Index: 0, Class: event.Trap, Message: "card 1111"}}, true},
		{[]Failure{{Index: 0, Class: event.Fuel}}, false},
		{nil, false},
	} {
		if same, err := b.Same(nil, c.failures); same != c.same || err != nil {
			t.Errorf("%v: same is %v, %v", c.failures, same, err)
		}
	}
}
