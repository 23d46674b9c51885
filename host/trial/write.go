package trial

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/weirhq/weir/host/config"
	"github.com/weirhq/weir/host/event"
)

// Update writes what came of a case into its golden file, in full: outputs,
// failures, logs and metrics. It tells whether the file changed.
func (o *Outcome) Update() (changed bool, err error) {
	if o.Case.Golden == "" {
		return false, fmt.Errorf("case %q has no golden file", o.Case.Name)
	}
	text, err := config.WriteYAML(o.golden(), nil)
	if err != nil {
		return false, err
	}
	text = append([]byte("# Written by weir test --update.\n"), text...)
	path := o.Golden()
	if old, err := os.ReadFile(path); err == nil && slices.Equal(old, text) {
		return false, nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return false, err
	}
	return true, os.WriteFile(path, text, 0o666)
}

// Golden is the path of the case's golden file.
func (o *Outcome) Golden() string { return o.Case.goldenPath() }

func (o *Outcome) golden() *config.Node {
	n := config.NewMap(config.Pos{})
	if o.Opens != nil {
		put(n, "open_fails", textNode(reason(o.Opens)))
		return n
	}
	expect := config.NewList(config.Pos{})
	for i := range o.Result.Outputs {
		expect.List = append(expect.List, outputNode(&o.Result.Outputs[i]))
	}
	put(n, "expect", expect)
	for _, failed := range []struct {
		key    string
		reject bool
	}{{"rejected", true}, {"trapped", false}} {
		list := config.NewMap(config.Pos{})
		for _, f := range o.Result.Failures {
			if (f.Class == event.Reject) == failed.reject {
				put(list, strconv.Itoa(f.Index), textNode(f.Message))
			}
		}
		if len(list.Items) > 0 {
			put(n, failed.key, list)
		}
	}
	if len(o.Logs) > 0 {
		logs := config.NewList(config.Pos{})
		for _, l := range o.Logs {
			line := config.NewMap(config.Pos{})
			put(line, l.Level, textNode(l.Message))
			logs.List = append(logs.List, line)
		}
		put(n, "logs", logs)
	}
	if len(o.Metrics) > 0 {
		metrics := config.NewMap(config.Pos{})
		for _, m := range o.Metrics {
			put(metrics, m.Name, scalarNode(strconv.FormatFloat(m.Value, 'g', -1, 64), config.Float))
		}
		put(n, "metrics", metrics)
	}
	return n
}

// sample writes an input as a case would give it.
func sample(e *event.Event) string {
	n := eventNode(e)
	context := contextNode(e)
	if e.Topic != "" {
		put(context, kafkaTopic, textNode(e.Topic))
	}
	if e.Partition != event.AnyPartition {
		put(context, kafkaPartition, intNode(int64(e.Partition)))
	}
	if e.Stamped {
		put(context, kafkaTimestamp, intNode(e.Timestamp))
	} else {
		put(n, fieldTimestamp, intNode(e.Timestamp))
	}
	if len(context.Items) > 0 {
		put(n, fieldContext, context)
	}
	list := config.NewList(config.Pos{})
	list.List = append(list.List, n)
	text, err := config.WriteYAML(list, nil)
	if err != nil {
		return err.Error()
	}
	return cutShown(strings.TrimRight(string(text), "\n"))
}

// outputNode writes an output in full.
func outputNode(e *event.Event) *config.Node {
	n := eventNode(e)
	put(n, fieldFrom, intNode(int64(e.Origin)))
	if context := contextNode(e); len(context.Items) > 0 {
		put(n, fieldContext, context)
	}
	if e.Topic != "" {
		put(n, fieldTopic, textNode(e.Topic))
	}
	if e.Partition != event.AnyPartition {
		put(n, fieldPartition, intNode(int64(e.Partition)))
	}
	if e.Stamped {
		put(n, fieldTimestamp, intNode(e.Timestamp))
	}
	put(n, fieldExact, scalarNode("true", config.Bool))
	return n
}

// eventNode writes value, key and headers.
func eventNode(e *event.Event) *config.Node {
	n := config.NewMap(config.Pos{})
	putBytes(n, fieldValue, e.Value)
	if e.Key != nil {
		putBytes(n, fieldKey, e.Key)
	}
	if len(e.Headers) > 0 {
		headers := config.NewList(config.Pos{})
		for _, h := range e.Headers {
			header := config.NewMap(config.Pos{})
			put(header, h.Name, bytesNode(h.Value))
			headers.List = append(headers.List, header)
		}
		put(n, fieldHeaders, headers)
	}
	return n
}

func contextNode(e *event.Event) *config.Node {
	n := config.NewMap(config.Pos{})
	for _, p := range e.Context {
		put(n, p.Name, valueNode(p.Value))
	}
	return n
}

// valueNode writes a value of the context so that it reads back as the same.
func valueNode(v event.Value) *config.Node {
	switch v.Kind {
	case event.Null:
		return scalarNode("null", config.Null)
	case event.Bool:
		return scalarNode(strconv.FormatBool(v.Num != 0), config.Bool)
	case event.Int:
		return intNode(int64(v.Num))
	case event.Float:
		text := strconv.FormatFloat(math.Float64frombits(v.Num), 'g', -1, 64)
		if !strings.ContainsAny(text, ".eIN") {
			text += ".0"
		}
		return scalarNode(text, config.Float)
	case event.JSON:
		return jsonNode(v.Data)
	case event.Bytes:
		return base64Node(v.Data)
	}
	return textNode(string(v.Data))
}

func put(n *config.Node, key string, value *config.Node) { n.Put(key, config.Pos{}, value) }

// putBytes writes a field of bytes: as text, or where that cannot be, in
// base64.
func putBytes(n *config.Node, name string, b []byte) {
	if b != nil && !plain(b) {
		put(n, name+suffixBase64, textNode(base64.StdEncoding.EncodeToString(b)))
		return
	}
	put(n, name, bytesNode(b))
}

func bytesNode(b []byte) *config.Node {
	switch {
	case b == nil:
		return scalarNode("null", config.Null)
	case plain(b):
		return textNode(string(b))
	}
	return base64Node(b)
}

func base64Node(b []byte) *config.Node {
	n := config.NewMap(config.Pos{})
	put(n, keyBase64, textNode(base64.StdEncoding.EncodeToString(b)))
	return n
}

// jsonNode writes JSON as the YAML that it nearly is. What a module calls JSON
// and is none stays text that has to be contained.
func jsonNode(data []byte) *config.Node {
	var faults config.Faults
	n := config.NewMap(config.Pos{})
	if parsed := config.ParseYAML("", data, &faults); parsed != nil && len(faults) == 0 && json.Valid(data) {
		put(n, keyJSON, parsed)
	} else {
		put(n, string(howContains), textNode(string(data)))
	}
	return n
}

// plain tells whether bytes can be written as text and seen: a control
// character could hide.
func plain(b []byte) bool {
	if !utf8.Valid(b) {
		return false
	}
	for _, r := range string(b) {
		if r != '\n' && r != '\t' && !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}

func textNode(text string) *config.Node { return scalarNode(text, config.Text) }

func intNode(i int64) *config.Node { return scalarNode(strconv.FormatInt(i, 10), config.Int) }

func scalarNode(text string, typ config.Type) *config.Node {
	return &config.Node{Value: text, Type: typ}
}
