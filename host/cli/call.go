package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/weirhq/weir/host/event"
	"github.com/weirhq/weir/host/plugin"
	"github.com/weirhq/weir/host/trial"
)

type callFlags struct {
	event  eventFlags
	config string
	now    string
	each   string
	repeat int
	replay string
	output string
	cache  cacheFlag
}

// The forms of lines of --each.
const (
	eachLines = "lines"
	eachKafka = "kafka"
)

func (a *app) callCommand() *cobra.Command {
	var f callFlags
	cmd := &cobra.Command{
		Use:     "call MODULE",
		Short:   "give an event to a module and see what comes of it",
		GroupID: groupWrite,
		Long: `Gives one event to a WebAssembly module, by the engine and under the limits of a
pipeline, and prints what it changed, with its logs, metrics, time, memory and
fuel, which counts what is executed, the same on every machine. The event comes from flags; without --value the value is the standard input, without
the new line at its end. MODULE is a .wasm file or builtin:NAME.

With --each it is a filter: each line of the standard input is an event, and each
event that comes of it a line of the standard output. With --each=kafka the lines
are records as "kcat -J" prints them. What fails is told on the standard error.

With --replay it is a batch that a pipeline has kept because the module failed in
it, run again with the config, the names, the time and the random numbers it had.

An event that fails ends with exit code 1, a module that cannot be used with 6.`,
		Example: `  weir call builtin:topic-selector --value '{"weight": 11}'
  weir call m.wasm --config '{"threshold": 5}' --value @order.json --key k --header source=web
  weir call m.wasm -o json < order.json
  weir call m.wasm --each < events.ndjson > out.ndjson
  kcat -C -b localhost -t orders -e -J | weir call m.wasm --each=kafka
  weir call m.wasm --value @order.json --repeat 1000000
  weir call m.wasm --replay captured/orders.shop.20240131T120000.000000000Z.json`,
		Args: oneModule,
		RunE: func(cmd *cobra.Command, args []string) error { return a.call(cmd.Context(), args[0], f) },
	}
	flags := cmd.Flags()
	f.event.add(flags)
	flags.StringVar(&f.config, "config", "", "config of the module, as `JSON` or @FILE")
	flags.StringVar(&f.now, "now", "", "`TIME` of the batch, such as 2024-01-31T12:00:00Z (default: the present)")
	flags.Var(choice{value: &f.each, of: []string{eachLines, eachKafka}}, "each", "process each line of the standard input; `FORM`: lines, each a value, or kafka, as kcat -J")
	flags.Lookup("each").NoOptDefVal = eachLines
	flags.IntVar(&f.repeat, "repeat", 0, "process the event `N` more times, and say what that takes")
	flags.StringVar(&f.replay, "replay", "", "run the captured batch of a `FILE` again, in the place of an event")
	addOutput(cmd, &f.output, outputText)
	f.cache.add(flags)
	return cmd
}

func (a *app) call(ctx context.Context, ref string, f callFlags) (err error) {
	if f.replay != "" {
		if f.event.given() || f.each != "" || f.repeat > 0 || f.config != "" || f.now != "" {
			return usageError{errors.New("--replay has events, config and time of its own: leave out all but -o and --cache-dir")}
		}
		return a.replay(ctx, ref, f)
	}
	config, err := jsonArgument("--config", f.config)
	if err != nil {
		return err
	}
	now := time.Now()
	if f.now != "" {
		if now, err = time.Parse(time.RFC3339, f.now); err != nil {
			return usageError{fmt.Errorf("--now %q is no time such as 2024-01-31T12:00:00Z", f.now)}
		}
	}
	if f.each != "" && (f.repeat > 0 || f.output == outputJSON || f.event.given()) {
		return usageError{errors.New("--each takes events from the standard input and prints events: leave out the flags of one event, --repeat and -o")}
	}
	var in event.Event
	if f.each == "" {
		if in, err = f.event.event(a.in, now); err != nil {
			return usageError{err}
		}
	}
	module, err := loadTrial(ctx, ref, f.cache, plugin.Limits{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, module.Close(ctx)) }()
	session, err := module.Open(ctx, config, now)
	if err != nil {
		return moduleError{err}
	}
	if f.each != "" {
		e := &eachCall{app: a, session: session, form: f.each, now: now}
		return errors.Join(e.run(ctx), session.Close(ctx))
	}
	report := &callReport{Module: ref, Digest: module.Digest(), in: in}
	if err := report.run(ctx, session, f.repeat); err != nil {
		return err
	}
	return a.printCall(report, f.output)
}

// jsonArgument is JSON on the command line, or in the file of @FILE.
func jsonArgument(flag, text string) (json.RawMessage, error) {
	if name, ok := strings.CutPrefix(text, "@"); ok {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, usageError{fmt.Errorf("%s: %w", flag, err)}
		}
		text = string(data)
	}
	switch {
	case text == "":
		return nil, nil
	case !json.Valid([]byte(text)):
		return nil, usageError{fmt.Errorf("%s: %s is not JSON", flag, text)}
	}
	return json.RawMessage(text), nil
}

// callReport is what -o json prints. Its form is an interface.
type callReport struct {
	Module   string            `json:"module"`
	Digest   string            `json:"digest"`
	Outputs  []json.RawMessage `json:"outputs"`
	Dropped  bool              `json:"dropped"`
	Failure  *failureReport    `json:"failure,omitempty"`
	Logs     []lineReport      `json:"logs"`
	Metrics  []metricReport    `json:"metrics"`
	Seconds  float64           `json:"seconds"`
	Memory   uint64            `json:"memory_bytes"`
	Fuel     uint64            `json:"fuel"`
	Repeated *repeatReport     `json:"repeated,omitempty"`

	in  event.Event
	out []event.Event
}

type failureReport struct {
	Class   event.Class `json:"class"`
	Message string      `json:"message"`
}

type lineReport struct {
	Level   string `json:"level"`
	Message string `json:"message"`
}

type metricReport struct {
	Name  string  `json:"name"`
	Kind  string  `json:"kind"`
	Value float64 `json:"value"`
}

// repeatReport is what many events took.
type repeatReport struct {
	Events  int     `json:"events"`
	Seconds float64 `json:"seconds"`
	Nanos   float64 `json:"ns_per_event"`
	Fuel    float64 `json:"fuel_per_event"`
}

// run processes the event, and again as often as is asked for.
func (r *callReport) run(ctx context.Context, s *trial.Session, repeat int) error {
	result, err := s.Process(ctx, []event.Event{r.in})
	if err != nil {
		return errors.Join(err, s.Close(ctx))
	}
	r.Seconds, r.Memory, r.Fuel, r.out = result.Elapsed.Seconds(), s.Memory(), result.Fuel, result.Outputs
	r.Outputs = []json.RawMessage{}
	var line trial.RecordLine
	for i := range result.Outputs {
		r.Outputs = append(r.Outputs, line.Append(nil, &result.Outputs[i]))
	}
	r.Dropped = len(result.Dropped) > 0
	for _, f := range result.Failures {
		r.Failure = &failureReport{f.Class, f.Message}
	}
	r.Logs, r.Metrics = []lineReport{}, []metricReport{}
	logs := s.Logs()
	for _, m := range s.Metrics() {
		r.Metrics = append(r.Metrics, metricReport{m.Name, trial.KindName(m.Kind), m.Value})
	}
	if repeat > 0 && r.Failure == nil {
		if r.Repeated, err = repeated(ctx, s, r.in, repeat); err != nil {
			return errors.Join(err, s.Close(ctx))
		}
		s.Logs() // are those of the first again
	}
	err = s.Close(ctx)
	for _, l := range append(logs, s.Logs()...) {
		r.Logs = append(r.Logs, lineReport{l.Level, l.Message})
	}
	return err
}

// repeatBatch is the most events of a batch, as in a pipeline.
const repeatBatch = 256

// repeated processes an event n times, in batches as large as those of a busy
// pipeline.
func repeated(ctx context.Context, s *trial.Session, e event.Event, n int) (*repeatReport, error) {
	batch := make([]event.Event, min(n, repeatBatch))
	var took time.Duration
	var fuel uint64
	for left := n; left > 0; left -= len(batch) {
		batch = batch[:min(len(batch), left)]
		for i := range batch {
			batch[i] = e
		}
		result, err := s.Process(ctx, batch)
		if err != nil {
			return nil, err
		}
		took += result.Elapsed
		fuel += result.Fuel
		s.Logs() // so that they do not pile up
	}
	return &repeatReport{
		Events: n, Seconds: took.Seconds(),
		Nanos: float64(took.Nanoseconds()) / float64(n), Fuel: float64(fuel) / float64(n),
	}, nil
}
