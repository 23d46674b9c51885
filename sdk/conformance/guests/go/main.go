// Command go is the conformance guest of the Go SDK: it does what the commands
// in an event's value say. The kit's README describes them.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/weirhq/weir/sdk/go/weir"
)

var config struct {
	Refuse  string  `json:"refuse"`
	Log     string  `json:"log"`
	Times   int     `json:"times"`
	Reverse bool    `json:"reverse"`
	Twice   bool    `json:"twice"`
	Do      *string `json:"do"`
}

// held keeps what grow allocated.
var held [][]byte

func init() {
	weir.Open(open)
	weir.ProcessBatch(batch)
	weir.Close(func() { weir.Log(weir.LevelDebug, "closed") })
}

func main() {}

func open() error {
	config.Times = 1
	if err := weir.Config(&config); err != nil {
		return err
	}
	if config.Refuse != "" {
		return errors.New(config.Refuse)
	}
	if config.Log != "" {
		pipeline, processor, err := weir.Names()
		if err != nil {
			return err
		}
		for range config.Times {
			weir.Log(weir.LevelInfo, fmt.Sprintf("%s: %s %s", config.Log, pipeline, processor))
		}
	}
	return nil
}

func batch(b *weir.Batch) {
	if !config.Reverse && !config.Twice {
		b.Each(process)
		return
	}
	for step := range b.Len() {
		i := step
		if config.Reverse {
			i = b.Len() - 1 - step
		}
		b.Run(i, process)
		if config.Twice {
			b.Run(i, process)
		}
	}
}

func process(ctx *weir.Context, ev *weir.Event) error {
	if config.Do != nil {
		return run(*config.Do, ctx, ev)
	}
	if !utf8.Valid(ev.Value()) {
		return errors.New("the value is not UTF-8 text")
	}
	return run(string(ev.Value()), ctx, ev)
}

func run(script string, ctx *weir.Context, ev *weir.Event) error {
	for command := range strings.SplitSeq(script, ";") {
		command = strings.TrimSpace(command)
		if command == "" {
			continue
		}
		if err := obey(command, ctx, ev); err != nil {
			return err
		}
	}
	return nil
}

func obey(command string, ctx *weir.Context, ev *weir.Event) error {
	verb, rest, _ := strings.Cut(command, " ")
	first, second, _ := strings.Cut(rest, " ")
	switch verb {
	case "pass":
	case "drop":
		ev.Drop()
	case "reject":
		return errors.New(rest)
	case "value":
		ev.SetValue([]byte(rest))
	case "upper":
		ev.SetValue(upper(ev.Value()))
	case "null":
		ev.SetValue(nil)
	case "route":
		ev.Route(rest)
	case "key":
		ev.SetKey([]byte(rest))
	case "nokey":
		ev.SetKey(nil)
	case "header":
		ev.AddHeader(first, []byte(second))
	case "nullheader":
		ev.AddHeader(rest, nil)
	case "unheader":
		ev.RemoveHeader(rest)
	case "anypartition":
		ev.SetPartition(weir.AnyPartition)
	case "set":
		return set(ctx, first, second)
	case "unset":
		ctx.Remove(rest)
	case "log":
		return log(first, second)
	case "metric":
		return metric(first, second)
	case "now":
		ev.SetValue(strconv.AppendInt(nil, weir.Now().UnixNano(), 10))
	case "number":
		n, err := ev.Number(rest)
		ev.SetKey(strconv.AppendFloat(nil, n, 'f', -1, 64))
		return err
	case "text":
		text, err := ev.Text(rest)
		ev.SetKey([]byte(text))
		return err
	case "show":
		show(rest, ctx, ev)
	case "showvalue":
		weir.Log(weir.LevelInfo, "value="+optional(ev.Value()))
	case "trap":
		panic(rest)
	default:
		return obeyNumber(verb, rest, ev)
	}
	return nil
}

// upper is the value with ASCII letters in upper case.
func upper(value []byte) []byte {
	value = bytes.Clone(value)
	for i, c := range value {
		if 'a' <= c && c <= 'z' {
			value[i] = c - 'a' + 'A'
		}
	}
	return value
}

// obeyNumber does the commands that take numbers.
func obeyNumber(verb, rest string, ev *weir.Event) error {
	if verb == "emit" && rest == "" {
		rest = "1"
	}
	first, second, _ := strings.Cut(rest, " ")
	n, err := strconv.ParseInt(first, 10, 64)
	switch verb {
	case "emit", "big", "grow", "slice", "stamp", "partition":
		if err != nil {
			return notANumber(first)
		}
	default:
		return errors.New("unknown command " + verb)
	}
	switch verb {
	case "emit":
		for range n {
			ev.Emit()
		}
	case "big":
		ev.SetValue(bytes.Repeat([]byte("x"), int(n)))
	case "grow":
		held = append(held, bytes.Repeat([]byte{1}, int(n)<<20))
	case "slice":
		end, err := strconv.Atoi(second)
		if err != nil {
			return notANumber(second)
		}
		ev.SetKey(ev.Value()[n:end])
	case "stamp":
		ev.SetTimestamp(time.UnixMilli(n))
	case "partition":
		if n < 0 {
			return notANumber(first)
		}
		ev.SetPartition(int32(n))
	}
	return nil
}

func notANumber(text string) error { return errors.New(text + " is not a number that fits") }

func log(level, text string) error {
	levels := map[string]weir.Level{
		"debug": weir.LevelDebug, "info": weir.LevelInfo, "warn": weir.LevelWarn, "error": weir.LevelError,
	}
	l, ok := levels[level]
	if !ok {
		return errors.New("unknown level " + level)
	}
	weir.Log(l, text)
	return nil
}

func metric(kind, rest string) error {
	name, text, _ := strings.Cut(rest, " ")
	value, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return notANumber(text)
	}
	switch kind {
	case "count":
		weir.Count(name, value)
	case "gauge":
		weir.Gauge(name, value)
	case "observe":
		weir.Observe(name, value)
	default:
		return errors.New("unknown metric " + kind)
	}
	return nil
}

func set(ctx *weir.Context, name, value string) error {
	kind, text, _ := strings.Cut(value, " ")
	switch kind {
	case "null":
		ctx.Set(name, nil)
	case "bool":
		ctx.Set(name, text == "true")
	case "int":
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return notANumber(text)
		}
		ctx.Set(name, n)
	case "float":
		x, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return notANumber(text)
		}
		ctx.Set(name, x)
	case "text":
		ctx.Set(name, text)
	case "bytes":
		ctx.Set(name, []byte(text))
	case "json":
		ctx.Set(name, weir.JSON(text))
	default:
		return errors.New("unknown kind " + kind)
	}
	return nil
}

// show logs what the guest sees of the event: its whole context, or one name of
// it.
func show(name string, ctx *weir.Context, ev *weir.Event) {
	if name != "" {
		text := "missing"
		if v, ok := ctx.Get(name); ok {
			text = describe(v)
		}
		weir.Log(weir.LevelInfo, name+"="+text)
		return
	}
	for name, v := range ctx.All() {
		weir.Log(weir.LevelInfo, name+"="+describe(v))
	}
	for name, value := range ev.Headers() {
		weir.Log(weir.LevelInfo, "header "+name+"="+optional(value))
	}
}

func optional(b []byte) string {
	if b == nil {
		return "null"
	}
	return "bytes " + string(b)
}

func describe(v weir.Value) string {
	switch v.Kind() {
	case weir.KindBool:
		return fmt.Sprint("bool ", v.Bool())
	case weir.KindInt:
		return fmt.Sprint("int ", v.Int())
	case weir.KindFloat:
		return fmt.Sprint("float ", v.Float())
	case weir.KindText:
		return "text " + v.Text()
	case weir.KindBytes:
		return "bytes " + v.Text()
	case weir.KindJSON:
		return "json " + v.Text()
	}
	return "null"
}
