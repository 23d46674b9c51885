package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/weirhq/weir/host/event"
	"github.com/weirhq/weir/host/trial"
)

// eventFlags describe one event.
type eventFlags struct {
	value, key                          string
	null                                bool
	headers, context                    []string
	topic, partition, offset, timestamp string

	flags *pflag.FlagSet
}

// eventFlagNames are the flags of one event.
var eventFlagNames = []string{"value", "null", "key", "header", "context", "topic", "partition", "offset", "timestamp"}

func (f *eventFlags) add(flags *pflag.FlagSet) {
	f.flags = flags
	flags.StringVar(&f.value, "value", "", "value of the event: `TEXT` or @FILE (default: the standard input)")
	flags.BoolVar(&f.null, "null", false, "the value is null")
	flags.StringVar(&f.key, "key", "", "key of the event: `TEXT` or @FILE (default: null)")
	flags.StringArrayVar(&f.headers, "header", nil, "a header, `NAME=TEXT`; may be repeated")
	flags.StringArrayVar(&f.context, "context", nil, "a name of the context, `NAME=VALUE`, with the kind that YAML gives the value; may be repeated")
	flags.StringVar(&f.topic, "topic", trial.DefaultTopic, "`NAME` of the topic that the event comes from")
	flags.StringVar(&f.partition, "partition", "0", "`NUMBER` of the partition that it comes from")
	flags.StringVar(&f.offset, "offset", "0", "`NUMBER` of its offset")
	flags.StringVar(&f.timestamp, "timestamp", "", "`TIME` of the record: ms since 1970, or such as 2024-01-31T12:00:00Z (default: the present)")
}

// given tells whether any of the flags is.
func (f *eventFlags) given() bool {
	for _, name := range eventFlagNames {
		if f.flags.Changed(name) {
			return true
		}
	}
	return false
}

// event makes the event that the flags, or the standard input, give.
func (f *eventFlags) event(in *input, now time.Time) (event.Event, error) {
	g := trial.Given{Fields: []trial.GivenText{
		{Name: "topic", Text: f.topic, Where: "--topic"},
		{Name: "partition", Text: f.partition, Where: "--partition"},
		{Name: "offset", Text: f.offset, Where: "--offset"},
	}}
	if f.timestamp != "" {
		g.Fields = append(g.Fields, trial.GivenText{Name: "timestamp", Text: f.timestamp, Where: "--timestamp"})
	}
	var err error
	if g.Value, err = f.valueOf(in); err != nil {
		return event.Event{}, err
	}
	if f.flags.Changed("key") {
		if g.Key, err = bytesArgument("--key", f.key, in); err != nil {
			return event.Event{}, err
		}
	}
	if g.Headers, err = pairs("--header", f.headers); err != nil {
		return event.Event{}, err
	}
	if g.Context, err = pairs("--context", f.context); err != nil {
		return event.Event{}, err
	}
	return g.Event(now)
}

func (f *eventFlags) valueOf(in *input) ([]byte, error) {
	switch {
	case f.null && f.flags.Changed("value"):
		return nil, errors.New("--null and --value say different things: give one")
	case f.null:
		return nil, nil
	case f.flags.Changed("value"):
		return bytesArgument("--value", f.value, in)
	case in.interactive:
		return nil, errors.New("there is no event: give --value TEXT, --value @FILE, --null, or the value on the standard input")
	}
	text, err := io.ReadAll(in)
	if err != nil {
		return nil, fmt.Errorf("read the standard input: %w", err)
	}
	return bytes.TrimSuffix(text, []byte("\n")), nil
}

// bytesArgument is text on the command line, the content of the file of @FILE,
// or with @- the standard input as it is.
func bytesArgument(flag, text string, in *input) ([]byte, error) {
	name, ok := strings.CutPrefix(text, "@")
	var data []byte
	var err error
	switch {
	case !ok:
		return []byte(text), nil
	case name == "-":
		data, err = io.ReadAll(in)
	default:
		data, err = os.ReadFile(name)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", flag, err)
	}
	return data, nil
}

// pairs reads NAME=TEXT.
func pairs(flag string, given []string) ([]trial.GivenText, error) {
	var out []trial.GivenText
	for _, text := range given {
		name, value, ok := strings.Cut(text, "=")
		if !ok || name == "" {
			return nil, fmt.Errorf("%s %q is not NAME=TEXT", flag, text)
		}
		out = append(out, trial.GivenText{Name: name, Text: value, Where: flag + " " + text})
	}
	return out, nil
}
