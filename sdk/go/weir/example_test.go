package weir_test

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/weirhq/weir/sdk/go/weir"
	"github.com/weirhq/weir/sdk/go/weir/weirtest"
)

// show registers a processor, opens it with a config and prints what comes of a
// batch. In a module, the registration stands in an init function.
func show(register func(), config string, values ...string) {
	weir.Reset()
	register()
	host, err := weirtest.Open(config)
	if err != nil {
		fmt.Println("does not open:", err)
		return
	}
	events := make([]weirtest.Event, len(values))
	for i, value := range values {
		events[i] = weirtest.Event{Value: []byte(value), Timestamp: 1_700_000_000_000}
	}
	got := host.Run(events...)
	for _, e := range got.Events {
		fmt.Print(e.Source, ": ", string(e.Value))
		if e.Key != nil {
			fmt.Print(" key ", string(e.Key))
		}
		if e.Topic != "" {
			fmt.Print(" to ", e.Topic)
		}
		for _, h := range e.Headers {
			fmt.Print(" header ", h.Name, "=", string(h.Value))
		}
		if len(e.Context) > 0 {
			fmt.Print(" context ", e.Context)
		}
		if e.Stamped {
			fmt.Print(" at ", time.UnixMilli(e.Timestamp).UTC().Format(time.RFC3339))
		}
		fmt.Println()
	}
	for _, r := range got.Rejects {
		fmt.Printf("%d: rejected: %s\n", r.Source, r.Message)
	}
	for _, line := range append(got.Log, got.Metrics...) {
		fmt.Println(line)
	}
}

// Heavy orders go to one topic, all others to another, and what has no weight
// to the pipeline's error policy.
func Example() {
	selectTopic := func(ctx *weir.Context, ev *weir.Event) error {
		weight, err := ev.Number("weight")
		if err != nil {
			return err
		}
		if weight > 10 {
			ctx.Set("kafka_topic", "heavy")
		} else {
			ctx.Set("kafka_topic", "light")
		}
		return nil
	}
	show(func() { weir.Process(selectTopic) }, "", `{"weight": 12}`, `{"weight": 3}`, `{"mass": 3}`)
	// Output:
	// 0: {"weight": 12} to heavy
	// 1: {"weight": 3} to light
	// 2: rejected: field "weight" is missing
}

// A batch as a whole: newest first, the oldest of several with one key dropped.
func ExampleProcessBatch() {
	newestOnly := func(b *weir.Batch) {
		seen := make(map[string]bool)
		for i := b.Len() - 1; i >= 0; i-- {
			b.Run(i, func(_ *weir.Context, ev *weir.Event) error {
				key, err := ev.Text("key")
				if err != nil {
					return err
				}
				if seen[key] {
					ev.Drop()
				}
				seen[key] = true
				return nil
			})
		}
	}
	show(func() { weir.ProcessBatch(newestOnly) }, "",
		`{"key": "a", "n": 1}`, `{"key": "b", "n": 2}`, `{"key": "a", "n": 3}`)
	// Output:
	// 2: {"key": "a", "n": 3}
	// 1: {"key": "b", "n": 2}
}

// The config is a struct that holds the defaults.
func ExampleConfig() {
	var config struct {
		Field string  `json:"field"`
		Above float64 `json:"above"`
	}
	config.Field = "weight"
	open := func() error {
		if err := weir.Config(&config); err != nil {
			return err
		}
		if config.Above < 0 {
			return errors.New("above is negative")
		}
		return nil
	}
	filter := func(_ *weir.Context, ev *weir.Event) error {
		n, err := ev.Number(config.Field)
		if n <= config.Above {
			ev.Drop()
		}
		return err
	}
	register := func() { weir.Open(open); weir.Process(filter) }
	show(register, `{"above": 5}`, `{"weight": 12}`, `{"weight": 3}`)
	show(register, `{"above": -1}`)
	show(register, `{"abvoe": 5}`)
	// Output:
	// 0: {"weight": 12}
	// does not open: above is negative
	// does not open: config: json: unknown field "abvoe"
}

// One event becomes several.
func ExampleEvent_Emit() {
	split := func(_ *weir.Context, ev *weir.Event) error {
		for word := range bytes.FieldsSeq(ev.Value()) {
			ev.SetValue(word)
			ev.Emit()
		}
		ev.Drop()
		return nil
	}
	show(func() { weir.Process(split) }, "", "a b c", "", "d")
	// Output:
	// 0: a
	// 0: b
	// 0: c
	// 2: d
}

// The key becomes a field of the payload. Nothing allocates.
func ExampleEvent_TextBytes() {
	rekey := func(_ *weir.Context, ev *weir.Event) error {
		customer, err := ev.TextBytes("customer.id")
		ev.SetKey(customer)
		return err
	}
	show(func() { weir.Process(rekey) }, "", `{"customer": {"id": "c-17"}}`)
	// Output:
	// 0: {"customer": {"id": "c-17"}} key c-17
}

func ExampleEvent_EditValue() {
	upper := func(_ *weir.Context, ev *weir.Event) error {
		ev.EditValue(func(value []byte) {
			for i, c := range value {
				if 'a' <= c && c <= 'z' {
					value[i] = c - 'a' + 'A'
				}
			}
		})
		return nil
	}
	show(func() { weir.Process(upper) }, "", "loud")
	// Output:
	// 0: LOUD
}

// JSON and SetJSON decode and encode whole values: easier than the readers of
// single fields, and many times slower.
func ExampleEvent_SetJSON() {
	type order struct {
		Price, Count, Total float64
	}
	total := func(_ *weir.Context, ev *weir.Event) error {
		var o order
		if err := ev.JSON(&o); err != nil {
			return err
		}
		o.Total = o.Price * o.Count
		return ev.SetJSON(o)
	}
	show(func() { weir.Process(total) }, "", `{"Price": 2.5, "Count": 4}`, `{`)
	// Output:
	// 0: {"Price":2.5,"Count":4,"Total":10}
	// 1: rejected: the value: unexpected end of JSON input
}

func ExampleEvent_AddHeader() {
	mark := func(_ *weir.Context, ev *weir.Event) error {
		ev.AddHeader("seen-by", []byte("selector"))
		ev.SetTimestamp(ev.Timestamp().Add(time.Hour))
		return nil
	}
	show(func() { weir.Process(mark) }, "", "x")
	// Output:
	// 0: x header seen-by=selector at 2023-11-14T23:13:20Z
}

// The context takes notes to the processors behind, and tells the sink where
// and how to write.
func ExampleContext_Set() {
	note := func(ctx *weir.Context, ev *weir.Event) error {
		ctx.Set("tenant", "acme")
		ctx.Set("size", len(ev.Value()))
		ctx.Set("kafka_topic", "acme."+ctx.Text("_kafka_topic"))
		if ctx.Int("size") > 3 {
			ctx.Set("kafka_offset", 7) // what cannot be set rejects the event
		}
		return nil
	}
	show(func() { weir.Process(note) }, "", "abc", "abcd")
	// Output:
	// 0: abc to acme.input context map[size:3 tenant:acme]
	// 1: rejected: context kafka_offset cannot be set: names of the kafka_ family are reserved
}

func ExampleCount() {
	measure := func(_ *weir.Context, ev *weir.Event) error {
		weir.Count("events", 1)
		weir.Observe("bytes", float64(len(ev.Value())))
		if len(ev.Value()) < 2 {
			weir.Log(weir.LevelWarn, "a short value at "+weir.Now().UTC().Format(time.DateOnly))
		}
		return nil
	}
	show(func() { weir.Process(measure) }, "", "xxx", "x")
	// Output:
	// 0: xxx
	// 1: x
	// warn: a short value at 2023-11-14
	// counter events 1
	// histogram bytes 3
	// counter events 1
	// histogram bytes 1
}
