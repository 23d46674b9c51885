package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"strconv"
	"time"
)

// TapQuery says what a tap shows. Zero values are any.
type TapQuery struct {
	Processor, Topic, Where string
	Key                     *string
	// Rate is how many records a second, Limit how many exchanges in all; 0 is no limit.
	Rate, Limit int
}

// TapSink is told what a tap shows.
type TapSink struct {
	Exchange func(TapExchange) error
	Counts   func(TapCounts) error
}

// TapExchange is what a processor made of the events of one record.
type TapExchange struct {
	Processor string      `json:"processor"`
	Topic     string      `json:"topic" doc:"That of the record."`
	Partition int32       `json:"partition"`
	Offset    int64       `json:"offset"`
	At        time.Time   `json:"at" doc:"When the processor had done its work."`
	Before    []TapEvent  `json:"before" doc:"The events of the record that the processor was given: one, unless an earlier one made several of it."`
	After     []TapEvent  `json:"after" doc:"Those that it returned."`
	More      int         `json:"more,omitempty" doc:"How many events of both lists are left out."`
	Outcome   string      `json:"outcome" enum:"emitted,dropped,filtered,failed" doc:"What became of the record here."`
	Failure   *TapFailure `json:"failure,omitempty"`
}

// TapEvent is an event. What was chosen for the sink is there where it was.
type TapEvent struct {
	Topic       string                     `json:"topic,omitempty" doc:"The one that was chosen to write to."`
	Partition   *int32                     `json:"partition,omitempty" doc:"The one that was chosen to write to."`
	Timestamp   int64                      `json:"timestamp" doc:"In ms since 1970."`
	Stamped     bool                       `json:"stamped,omitempty" doc:"Whether a processor set the timestamp."`
	Key         *string                    `json:"key" doc:"null when there is none, or it is no text."`
	KeyBase64   []byte                     `json:"key_base64,omitempty" doc:"The key when it is no text."`
	Value       *string                    `json:"value" doc:"null when it is null, or no text."`
	ValueBase64 []byte                     `json:"value_base64,omitempty" doc:"The value when it is no text."`
	Cut         int                        `json:"cut,omitempty" doc:"How many bytes the value has, when only the first of them are here."`
	Headers     []TapHeader                `json:"headers,omitempty"`
	Context     map[string]json.RawMessage `json:"context,omitempty" doc:"The event's own names, with values of any kind."`
}

// TapHeader is one header.
type TapHeader struct {
	Name        string  `json:"name"`
	Value       *string `json:"value"`
	ValueBase64 []byte  `json:"value_base64,omitempty"`
}

// TapFailure is why an event failed.
type TapFailure struct {
	Class   string `json:"class"`
	Message string `json:"message"`
}

// TapCounts say what was not shown.
type TapCounts struct {
	Shown   uint64 `json:"shown"`
	Looked  uint64 `json:"looked" doc:"Exchanges that were looked at, shown or not."`
	Missed  uint64 `json:"missed" doc:"Records that passed without a look: the rate allowed no more."`
	Dropped uint64 `json:"dropped" doc:"Exchanges that were looked at, and then found no room."`
}

const tapPath = pipelinePath + ":tap"

// defaultTapRate is for eyes.
const defaultTapRate = 20

var tapOperation = &operation{
	id: "tapPipeline", method: http.MethodGet, path: tapPath, role: Operator, codes: []Code{NoPipeline, NoProcessor, NotNow, TooMany},
	summary: "events between processors, as they pass",
	about:   "What each processor makes of the events of each record. A tap sees a part of them and holds none up: lanes copy what the rate allows, and wait for nobody.",
	stream:  map[string]reflect.Type{"exchange": typeOf[TapExchange](), "counts": typeOf[TapCounts](), "end": typeOf[End]()},
	query: []parameter{
		{name: "processor", kind: "string", about: "Only this one."},
		{name: "topic", kind: "string", about: "Only records of this topic."},
		{name: "key", kind: "string", about: "Only events with this key."},
		{name: "where", kind: "string", about: `Only where an event before or after is JSON of this kind: weight > 10 && customer.country == "CZ" && !error.`},
		{name: "rate", kind: "integer", low: 1, high: 1000, about: "How many records a second are followed, at most; 20 without it."},
		{name: "limit", kind: "integer", low: 1, high: 1_000_000, about: "Ends after so many messages exchange."},
	},
	do: func(_ context.Context, s *Server, c *call) (any, error) { return tapStream(s, c) },
}

func tapStream(s *Server, c *call) (any, error) {
	p, err := s.pipeline(c)
	if err != nil {
		return nil, err
	}
	want := TapQuery{Processor: c.query["processor"], Topic: c.query["topic"], Where: c.query["where"], Rate: defaultTapRate}
	if key, ok := c.query["key"]; ok {
		want.Key = &key
	}
	for name, into := range map[string]*int{"rate": &want.Rate, "limit": &want.Limit} {
		if text, ok := c.query[name]; ok {
			if *into, err = strconv.Atoi(text); err != nil {
				return nil, err
			}
		}
	}
	return stream(func(ctx context.Context, send func(string, any) error) (End, error) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		left := want.Limit
		err := s.cfg.Host.Tap(ctx, p.Name, want, TapSink{
			Counts: func(counts TapCounts) error { return send("counts", counts) },
			Exchange: func(x TapExchange) error {
				if err := send("exchange", x); err != nil {
					return err
				}
				if left--; left == 0 {
					return errLimit
				}
				return nil
			},
		})
		if errors.Is(err, errLimit) {
			return End{"the limit is reached"}, nil
		}
		return End{"the pipeline is gone"}, err
	}), nil
}

// errLimit ends a tap that has shown what it was to show.
var errLimit = errors.New("the limit is reached")
