package weir_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/weirhq/weir/sdk/go/internal/border"
	"github.com/weirhq/weir/sdk/go/weir"
	"github.com/weirhq/weir/sdk/go/weir/weirtest"
)

type function = func(ctx *weir.Context, ev *weir.Event) error

func run(t *testing.T, f function, events ...weirtest.Event) weirtest.Result {
	t.Helper()
	weir.Reset()
	weir.Process(f)
	host, err := weirtest.Open("")
	if err != nil {
		t.Fatal(err)
	}
	return host.Run(events...)
}

// rich is an event with something in every field.
func rich() weirtest.Event {
	return weirtest.Event{
		Value:     []byte("value"),
		Key:       []byte("key"),
		Headers:   []weirtest.Header{{Name: "a", Value: []byte("1")}, {Name: "b"}, {Name: "a", Value: []byte{}}},
		Context:   map[string]any{"bool": true, "int": int64(-5), "text": "t", "bytes": []byte{0xff}, "json": weirtest.JSON("[1]"), "null": nil, "float": 1.5},
		Timestamp: 1000,
		Offset:    7,
	}
}

func TestPassesOn(t *testing.T) {
	in := []weirtest.Event{rich(), {}, {Value: []byte{}, Key: []byte{}, Topic: "t", Stamped: true, Partitioned: true, Source: 2}}
	in[1].Source = 1
	got := run(t, func(*weir.Context, *weir.Event) error { return nil }, in...)
	if diff := cmp.Diff(in, got.Events); diff != "" {
		t.Errorf("events changed (-in +out):\n%s", diff)
	}
}

func TestChanges(t *testing.T) {
	tests := []struct {
		name string
		f    function
		want func(*weirtest.Event)
	}{
		{"value", func(_ *weir.Context, ev *weir.Event) error { ev.SetValue([]byte("new")); return nil },
			func(e *weirtest.Event) { e.Value = []byte("new") }},
		{"part of the value", func(_ *weir.Context, ev *weir.Event) error { ev.SetKey(ev.Value()[1:3]); return nil },
			func(e *weirtest.Event) { e.Key = []byte("al") }},
		{"null value", func(_ *weir.Context, ev *weir.Event) error { ev.SetValue(nil); return nil },
			func(e *weirtest.Event) { e.Value = nil }},
		{"empty value", func(_ *weir.Context, ev *weir.Event) error {
			ev.SetValue([]byte{})
			if ev.Value() == nil {
				return errors.New("an empty value reads as null")
			}
			return nil
		}, func(e *weirtest.Event) { e.Value = []byte{} }},
		{"value in place", func(_ *weir.Context, ev *weir.Event) error {
			before := ev.Value()
			ev.Emit()
			ev.EditValue(func(value []byte) { value[0] = 'V' })
			if string(before) != "value" {
				return errors.New("what was read has changed")
			}
			ev.Drop()
			return nil
		}, func(*weirtest.Event) {}},
		{"no key", func(ctx *weir.Context, _ *weir.Event) error { ctx.Set("kafka_key", nil); return nil },
			func(e *weirtest.Event) { e.Key = nil }},
		{"topic, key, partition, timestamp by context", func(ctx *weir.Context, _ *weir.Event) error {
			ctx.Set("kafka_topic", "heavy")
			ctx.Set("kafka_key", []byte("k"))
			ctx.Set("kafka_partition", 3)
			ctx.Set("kafka_timestamp", int64(2000))
			return nil
		}, func(e *weirtest.Event) {
			e.Topic, e.Key, e.Partition, e.Partitioned = "heavy", []byte("k"), 3, true
			e.Timestamp, e.Stamped = 2000, true
		}},
		{"headers", func(_ *weir.Context, ev *weir.Event) error {
			ev.RemoveHeader("a")
			ev.AddHeader("c", nil)
			return nil
		}, func(e *weirtest.Event) { e.Headers = []weirtest.Header{{Name: "b"}, {Name: "c"}} }},
		{"context", func(ctx *weir.Context, _ *weir.Event) error {
			for i := range 9 {
				ctx.Set(fmt.Sprintf("n%d", i), i)
			}
			ctx.Set("int", "five")
			ctx.Remove("bool")
			ctx.Remove("n0")
			ctx.Remove("nothing")
			return nil
		}, func(e *weirtest.Event) {
			delete(e.Context, "bool")
			e.Context["int"] = "five"
			for i := 1; i < 9; i++ {
				e.Context[fmt.Sprintf("n%d", i)] = int64(i)
			}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want := rich()
			tt.want(&want)
			got := run(t, tt.f, rich())
			if diff := cmp.Diff(weirtest.Result{Events: []weirtest.Event{want}}, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestReads(t *testing.T) {
	var got []string
	run(t, func(ctx *weir.Context, ev *weir.Event) error {
		ctx.Set("kafka_partition", 4)
		for name, v := range ctx.All() {
			got = append(got, fmt.Sprintf("%s %d %q %v", name, v.Kind(), v.Text(), v.Float()))
		}
		for name, value := range ev.Headers() {
			got = append(got, fmt.Sprintf("header %s %q", name, value))
		}
		_, missing := ctx.Get("missing")
		last, ok := ev.Header("a")
		got = append(got, fmt.Sprint(missing, ctx.Text("text"), ctx.Int("int"), last != nil, ok))
		return nil
	}, rich())
	want := []string{
		`kafka_topic 4 "input" 0`, `kafka_partition 2 "" 4`, `kafka_offset 2 "" 7`, `kafka_key 5 "key" 0`,
		`kafka_timestamp 2 "" 1000`, `_kafka_topic 4 "input" 0`, `_kafka_partition 2 "" 0`, `_kafka_offset 2 "" 7`,
		`bool 1 "" 0`, `bytes 5 "\xff" 0`, `float 3 "" 1.5`, `int 2 "" -5`, `json 6 "[1]" 0`, `null 0 "" 0`, `text 4 "t" 0`,
		`header a "1"`, `header b ""`, `header a ""`, `falset-5truetrue`,
	}
	want[len(want)-1] = fmt.Sprint(false, "t", int64(-5), true, true)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestRejects(t *testing.T) {
	set := func(name string, value any) function {
		return func(ctx *weir.Context, _ *weir.Event) error { ctx.Set(name, value); return nil }
	}
	tests := []struct {
		f    function
		want string
	}{
		{func(*weir.Context, *weir.Event) error { return errors.New("no") }, "no"},
		{set("kafka_topic", 5), "context kafka_topic must be text"},
		{set("kafka_topic", ""), "context kafka_topic cannot be empty"},
		{set("kafka_topic", "\xff"), "context kafka_topic must be UTF-8: use a []byte for other bytes"},
		{set("kafka_key", 1), "context kafka_key must be bytes or text"},
		{set("kafka_partition", -1), "context kafka_partition must be between 0 and 2147483647"},
		{set("kafka_timestamp", -1), "context kafka_timestamp cannot be before 1970"},
		{set("kafka_headers", "x"), "context kafka_headers is set through the event's headers"},
		{set("kafka_offset", 1), "context kafka_offset cannot be set: names of the kafka_ family are reserved"},
		{set("_kafka_topic", "x"), "context _kafka_topic cannot be set: names of the kafka_ family are reserved"},
		{set("", 1), "context name cannot be empty"},
		{set("\xff", 1), "context name must be UTF-8"},
		{set("x", struct{}{}), "context x cannot hold a value of that type: use nil, bool, a number, string, []byte, weir.JSON or weir.Value"},
		{func(_ *weir.Context, ev *weir.Event) error { return ev.JSON(new(int)) },
			"the value: invalid character 'v' looking for beginning of value"},
	}
	for _, tt := range tests {
		got := run(t, tt.f, rich(), rich())
		want := weirtest.Result{Rejects: []weirtest.Reject{{Source: 0, Message: tt.want}, {Source: 1, Message: tt.want}}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

// sent tells what came back: the value's first byte and the topic of each event.
func sent(r weirtest.Result) string {
	var b strings.Builder
	for _, e := range r.Events {
		fmt.Fprintf(&b, "%d%s ", e.Source, e.Topic)
	}
	return strings.TrimSpace(b.String())
}

func TestOrderOfOutputs(t *testing.T) {
	in := make([]weirtest.Event, 6)
	tests := []struct {
		name  string
		batch func(b *weir.Batch)
		want  string
	}{
		{"drop", func(b *weir.Batch) {
			i := 0
			b.Each(func(_ *weir.Context, ev *weir.Event) error {
				if i%2 == 0 {
					ev.Drop()
				}
				i++
				return nil
			})
		}, "1 3 5"},
		{"fan out", func(b *weir.Batch) {
			b.Each(func(_ *weir.Context, ev *weir.Event) error {
				ev.Route("a")
				ev.Emit()
				ev.Route("b")
				return nil
			})
		}, "0a 0b 1a 1b 2a 2b 3a 3b 4a 4b 5a 5b"},
		{"drop, then fan out into the free places, then more", func(b *weir.Batch) {
			i := 0
			b.Each(func(_ *weir.Context, ev *weir.Event) error {
				i++
				switch i {
				case 1, 2:
					ev.Drop()
				case 3:
					ev.Emit()
				case 4:
					ev.Emit()
					ev.Emit()
				}
				return nil
			})
		}, "2 2 3 3 3 4 5"},
		{"reverse", func(b *weir.Batch) {
			for i := range b.Len() {
				b.Run(b.Len()-1-i, func(*weir.Context, *weir.Event) error { return nil })
			}
		}, "5 4 3 2 1 0"},
		{"twice", func(b *weir.Batch) {
			pass := func(*weir.Context, *weir.Event) error { return nil }
			b.Each(pass)
			b.Each(pass)
		}, "0 1 2 3 4 5 0 1 2 3 4 5"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			weir.Reset()
			weir.ProcessBatch(tt.batch)
			host, err := weirtest.Open("")
			if err != nil {
				t.Fatal(err)
			}
			for range 3 {
				if got := sent(host.Run(in...)); got != tt.want {
					t.Errorf("got %s, want %s", got, tt.want)
				}
			}
		})
	}
}

func TestEmittedContextIsItsOwn(t *testing.T) {
	got := run(t, func(ctx *weir.Context, ev *weir.Event) error {
		ctx.Set("n", 1)
		ev.Emit()
		ctx.Set("n", 2)
		return nil
	}, weirtest.Event{})
	want := []map[string]any{{"n": int64(1)}, {"n": int64(2)}}
	for i, e := range got.Events {
		if diff := cmp.Diff(want[i], e.Context); diff != "" {
			t.Errorf("event %d (-want +got):\n%s", i, diff)
		}
	}
}

func TestConfig(t *testing.T) {
	var config struct {
		Field     string  `json:"field"`
		Threshold float64 `json:"threshold"`
	}
	tests := []struct{ config, field, fault string }{
		{``, "weight", ""},
		{`{"field": "mass"}`, "mass", ""},
		{`{"feild": "mass"}`, "weight", `config: json: unknown field "feild"`},
		{`{"field": 5}`, "weight", `config: json: cannot unmarshal number into Go struct field .field of type string`},
	}
	for _, tt := range tests {
		config.Field = "weight"
		weir.Reset()
		weir.Process(func(*weir.Context, *weir.Event) error { return nil })
		weir.Open(func() error { return weir.Config(&config) })
		fault := ""
		if _, err := weirtest.Open(tt.config); err != nil {
			fault = err.Error()
		}
		if config.Field != tt.field || fault != tt.fault {
			t.Errorf("config %s: field %q, error %q; want %q, %q", tt.config, config.Field, fault, tt.field, tt.fault)
		}
	}
}

func TestPanicIsReported(t *testing.T) {
	weir.Reset()
	weir.Process(func(*weir.Context, *weir.Event) error { panic("ouch") })
	host, err := weirtest.Open("")
	if err != nil {
		t.Fatal(err)
	}
	rec := &errorRecorder{Functions: border.Host}
	defer func() {
		if r := recover(); r != "ouch" || rec.said != "panic: ouch" {
			t.Errorf("recovered %v, the host was told %q", r, rec.said)
		}
	}()
	_ = host
	border.Host = rec
	border.Guest.Process(border.Guest.Buffer(80), 1)
	t.Error("the panic was swallowed")
}

type errorRecorder struct {
	border.Functions
	said string
}

func (r *errorRecorder) Error(text string) { r.said = text }
