package weir_test

import (
	"strings"
	"testing"

	"github.com/weirhq/weir/sdk/go/internal/border"
	"github.com/weirhq/weir/sdk/go/weir"
	"github.com/weirhq/weir/sdk/go/weir/weirtest"
)

// table is a batch in linear memory, as the host writes it, that can be written
// again and again.
type table struct {
	at      uint32
	entries []border.Entry
	first   []border.Entry
}

func newTable(t *testing.T, value string, count int) *table {
	t.Helper()
	if _, err := weirtest.Open(""); err != nil {
		t.Fatal(err)
	}
	size := count*80 + 16 + 32 + len(value)
	b := &table{at: border.Guest.Buffer(uint32(size))}
	put := func(at uint32, text string) border.Span {
		s := border.Span{Ptr: at, Len: uint32(len(text))}
		copy(border.Bytes(s), text)
		return s
	}
	headers := b.at + uint32(count*80)
	context := headers + 16
	span := put(context+32, value)
	border.Slice[border.HeaderPair](border.Span{Ptr: headers, Len: 1})[0] = border.HeaderPair{Name: border.Span{Ptr: span.Ptr, Len: 1}, Value: span}
	border.Slice[border.ContextPair](border.Span{Ptr: context, Len: 1})[0] = border.ContextPair{
		Name: border.Span{Ptr: span.Ptr, Len: 1}, Kind: border.KindText, Payload: span.Pack(),
	}
	for i := range count {
		b.first = append(b.first, border.Entry{
			Source: uint32(i), Value: span, Key: span, SourceTopic: span, Target: border.AnyPartition,
			Headers: border.Span{Ptr: headers, Len: 1}, Context: border.Span{Ptr: context, Len: 1},
		})
	}
	b.entries = border.Slice[border.Entry](border.Span{Ptr: b.at, Len: uint32(count)})
	return b
}

// run runs the batch and returns how many outputs it has.
func (b *table) run() int {
	copy(b.entries, b.first)
	return int(uint32(border.Guest.Process(b.at, uint32(len(b.entries)))))
}

// TestDoesNotAllocate shows it for each thing that a processor does to every
// event.
func TestDoesNotAllocate(t *testing.T) {
	const value = `{"id": "a\u0062", "n": 12, "x": 2.5, "on": true, "tags": ["a", "b"]}`
	key := []byte("a key of its own")
	for _, tt := range []struct {
		name string
		f    function
	}{
		{"pass", func(*weir.Context, *weir.Event) error { return nil }},
		{"drop", func(_ *weir.Context, ev *weir.Event) error { ev.Drop(); return nil }},
		{"emit", func(_ *weir.Context, ev *weir.Event) error { ev.Emit(); ev.Emit(); return nil }},
		{"route", func(_ *weir.Context, ev *weir.Event) error { ev.Route("heavy"); _ = ev.Routed(); return nil }},
		{"kafka_topic", func(ctx *weir.Context, _ *weir.Event) error { ctx.Set("kafka_topic", "heavy"); return nil }},
		{"context", func(ctx *weir.Context, ev *weir.Event) error {
			ctx.Set("n", len(ev.Value())+1000)
			ctx.Set("text", "text")
			ctx.Set("x", 2.5)
			ctx.Remove("n")
			_, _, _, _ = ctx.Int("kafka_offset"), ctx.Float("x"), ctx.Bool("none"), ctx.Bytes("text")
			return nil
		}},
		{"whole context", func(ctx *weir.Context, _ *weir.Event) error {
			for _, v := range ctx.All() {
				_ = v.Bytes()
			}
			return nil
		}},
		{"headers", func(_ *weir.Context, ev *weir.Event) error {
			ev.AddHeader("a", key)
			ev.RemoveHeader("b")
			_, _ = ev.Header("a")
			for range ev.Headers() {
			}
			return nil
		}},
		{"value and key", func(_ *weir.Context, ev *weir.Event) error {
			ev.SetKey(key)
			ev.SetValue(ev.Value()[1:5])
			ev.EditValue(func(value []byte) { value[0] = '!' })
			ev.SetTimestamp(ev.Timestamp())
			ev.SetPartition(2)
			return nil
		}},
		{"fields", func(_ *weir.Context, ev *weir.Event) error {
			_, err := ev.Number("x")
			if n, e := ev.Int("n"); e != nil || n != 12 {
				err = e
			}
			if on, e := ev.Bool("on"); e != nil || !on {
				err = e
			}
			id, e := ev.TextBytes("id")
			if e != nil {
				err = e
			}
			ev.SetKey(id)
			return err
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			weir.Reset()
			weir.Process(tt.f)
			batch := newTable(t, value, 64)
			outputs := batch.run()
			allocs := testing.AllocsPerRun(100, func() {
				if n := batch.run(); n != outputs {
					t.Fatalf("%d outputs, before it were %d", n, outputs)
				}
			})
			if allocs != 0 {
				t.Errorf("%v allocations a batch, want 0", allocs)
			}
		})
	}
}

func TestFields(t *testing.T) {
	const value = `{"id": "a\u0062", "n": 12, "x": 2.5, "big": 9223372036854775808, "on": true, "off": false, "none": null}`
	text := func(ev *weir.Event, path string) (any, error) { return ev.Text(path) }
	textBytes := func(ev *weir.Event, path string) (any, error) {
		b, err := ev.TextBytes(path)
		return string(b), err
	}
	number := func(ev *weir.Event, path string) (any, error) { return ev.Number(path) }
	whole := func(ev *weir.Event, path string) (any, error) { return ev.Int(path) }
	truth := func(ev *weir.Event, path string) (any, error) { return ev.Bool(path) }
	for _, tt := range []struct {
		read func(*weir.Event, string) (any, error)
		path string
		want any // what is read, or the error's text
	}{
		{text, "id", "ab"}, {textBytes, "id", "ab"}, {number, "x", 2.5}, {number, "big", 9223372036854775808.0},
		{whole, "n", int64(12)}, {truth, "on", true}, {truth, "off", false},
		{text, "n", `field "n" is a number, not a string`},
		{textBytes, "none", `field "none" is null, not a string`},
		{number, "id", `field "id" is a string, not a number`},
		{whole, "x", `field "x" is 2.5, not a whole number of 64 bits`},
		{whole, "big", `field "big" is 9223372036854775808, not a whole number of 64 bits`},
		{truth, "n", `field "n" is a number, not a boolean`},
		{truth, "away", `field "away" is missing`},
	} {
		got := run(t, func(_ *weir.Context, ev *weir.Event) error {
			read, err := tt.read(ev, tt.path)
			if err == nil && read != tt.want {
				t.Errorf("%s: got %v, want %v", tt.path, read, tt.want)
			}
			return err
		}, weirtest.Event{Value: []byte(value)})
		message, rejected := tt.want.(string)
		rejected = rejected && strings.HasPrefix(message, "field ")
		if rejected != (len(got.Rejects) == 1) || rejected && got.Rejects[0].Message != message {
			t.Errorf("%s: rejects %v, want %v", tt.path, got.Rejects, tt.want)
		}
	}
}
