package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/weirhq/weir/host/admin/api"
	"github.com/weirhq/weir/host/config"
	"github.com/weirhq/weir/host/event"
	"github.com/weirhq/weir/host/pipeline"
	"github.com/weirhq/weir/host/tap"
)

// watched puts a point around the processors of a step.
func (m *member) watched(step pipeline.Step, first bool) pipeline.Step {
	point, open := &tap.Point{Board: &m.taps, Name: step.Name, Filter: step.Filter, First: first}, step.Open
	step.Open = func(ctx context.Context) (pipeline.Processor, error) {
		p, err := open(ctx)
		if err != nil {
			return nil, err
		}
		return point.Around(p), nil
	}
	return step
}

// errGone says that a pipeline that was looked at is no more.
var errGone = errors.New("the pipeline is gone")

// Tap implements api.Host. It goes on with a pipeline that takes the place of the
// one that it has begun with.
func (r remote) Tap(ctx context.Context, name string, want api.TapQuery, sink api.TapSink) error {
	m, err := r.host.member(name)
	if err != nil {
		return refused(err)
	}
	if err := m.has(want.Processor); err != nil {
		return err
	}
	cfg, err := r.host.tapOf(&want)
	if err != nil {
		return err
	}
	t := tap.New(cfg)
	detach := m.taps.Attach(t)
	defer func() { detach() }()
	err = t.Run(ctx, func(x *tap.Exchange) error { return sink.Exchange(exchangeDetail(x)) }, func(c tap.Counts) error {
		now, err := r.host.member(name)
		switch {
		case err != nil:
			return errGone
		case now != m:
			detach()
			m, detach = now, now.taps.Attach(t)
		}
		return sink.Counts(api.TapCounts(c))
	})
	if errors.Is(err, errGone) {
		return nil
	}
	return err
}

// tapOf says what a tap shows.
func (h *Host) tapOf(want *api.TapQuery) (tap.Config, error) {
	cfg := tap.Config{Processor: want.Processor, Topic: want.Topic, Rate: want.Rate, Redact: h.redact.Load()}
	if want.Key != nil {
		if cfg.Redact != nil && cfg.Redact.Keys {
			return cfg, &api.Error{Code: api.BadParameter, Detail: "the configuration hides keys, so they cannot be asked for"}
		}
		cfg.Key = []byte(*want.Key)
	}
	if want.Where != "" {
		where, err := tap.ParseCondition(want.Where)
		if err != nil {
			return cfg, &api.Error{Code: api.BadParameter, Detail: "where: " + err.Error(), Hint: `such as: weight > 10 && customer.country == "CZ"`}
		}
		cfg.Where = where
	}
	return cfg, nil
}

// has says what is wrong with wanting to look at a processor; "" is all.
func (m *member) has(processor string) error {
	var names []string
	for _, s := range m.made.Load().spec.Steps {
		names = append(names, s.Name)
	}
	switch {
	case len(names) == 0:
		return &api.Error{Code: api.NotNow, Detail: "the pipeline has no processors, and what it reads is what it writes"}
	case processor == "" || slices.Contains(names, processor):
		return nil
	}
	hint := "there are: " + strings.Join(names, ", ")
	if near := config.Nearest(processor, names); near != "" {
		hint = fmt.Sprintf("did you mean %q?", near)
	}
	return &api.Error{Code: api.NoProcessor, Detail: fmt.Sprintf("no processor is called %q", processor), Hint: hint}
}

func exchangeDetail(x *tap.Exchange) api.TapExchange {
	d := api.TapExchange{
		Processor: x.Processor, Topic: x.From.Topic, Partition: x.From.Number, Offset: x.Offset, At: x.At, More: x.More,
		Before: eventDetails(x.Before), After: eventDetails(x.After), Outcome: "emitted",
	}
	switch {
	case x.Failure != nil:
		d.Outcome, d.Failure = "failed", &api.TapFailure{Class: string(x.Failure.Class), Message: x.Failure.Message}
	case len(x.After) == 0 && x.Filter:
		d.Outcome = "filtered"
	case len(x.After) == 0:
		d.Outcome = "dropped"
	}
	return d
}

func eventDetails(events []tap.Event) []api.TapEvent {
	out := make([]api.TapEvent, len(events))
	for i := range events {
		e := &events[i]
		d := api.TapEvent{Topic: e.Topic, Timestamp: e.Timestamp, Stamped: e.Stamped, Cut: e.Cut}
		if e.Partition != event.AnyPartition {
			d.Partition = &e.Partition
		}
		d.Key, d.KeyBase64 = textOrBytes(e.Key)
		d.Value, d.ValueBase64 = textOrBytes(e.Value)
		for _, h := range e.Headers {
			header := api.TapHeader{Name: h.Name}
			header.Value, header.ValueBase64 = textOrBytes(h.Value)
			d.Headers = append(d.Headers, header)
		}
		for _, p := range slices.Backward(e.Context) { // of a name that repeats the first counts
			if d.Context == nil {
				d.Context = map[string]json.RawMessage{}
			}
			d.Context[p.Name] = contextDetail(p.Value)
		}
		out[i] = d
	}
	return out
}

// textOrBytes gives what can stand in JSON; both are nil for a null.
func textOrBytes(b []byte) (*string, []byte) {
	switch {
	case b == nil:
		return nil, nil
	case utf8.Valid(b):
		text := string(b)
		return &text, nil
	}
	return nil, b
}

// contextDetail is a value of the context in JSON; bytes are base64.
func contextDetail(v event.Value) json.RawMessage {
	var is any
	switch v.Kind {
	case event.Bool:
		is = v.Num != 0
	case event.Int:
		is = int64(v.Num)
	case event.Float:
		is = math.Float64frombits(v.Num)
	case event.Text:
		is = string(v.Data)
	case event.Bytes:
		is = v.Data
	case event.JSON:
		if json.Valid(v.Data) {
			return v.Data
		}
		is = string(v.Data)
	}
	text, err := json.Marshal(is)
	if err != nil { // JSON has no infinite numbers
		return json.RawMessage(strconv.Quote(fmt.Sprint(is)))
	}
	return text
}
