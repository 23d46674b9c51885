// Command go is the benchmark guest of the Go SDK: what the config's "do" says.
package main

import (
	"bytes"
	"errors"

	"github.com/weirhq/weir/sdk/go/weir"
)

func init() {
	weir.Open(open)
	weir.ProcessBatch(func(b *weir.Batch) { b.Each(process) })
}

func main() {}

// process is what the config chose.
var process func(*weir.Context, *weir.Event) error

func open() error {
	var config struct {
		Do string `json:"do"`
	}
	if err := weir.Config(&config); err != nil {
		return err
	}
	switch config.Do {
	case "pass":
		process = pass
	case "upper":
		process = upper
	case "pick":
		process = pick
	default:
		return errors.New("do is pass, upper or pick")
	}
	return nil
}

func pass(*weir.Context, *weir.Event) error { return nil }

// upper puts the text of a field into upper case, where it is. It looks for the
// name and does not walk the JSON.
func upper(_ *weir.Context, ev *weir.Event) error {
	value := ev.Value()
	start := bytes.Index(value, []byte(name))
	if start < 0 {
		return errors.New("there is no customer")
	}
	start += len(name)
	length := bytes.IndexByte(value[start:], '"')
	if length < 0 {
		return errors.New("the customer does not end")
	}
	ev.EditValue(func(value []byte) {
		text := value[start:][:length]
		for i, c := range text {
			if 'a' <= c && c <= 'z' {
				text[i] = c - 'a' + 'A'
			}
		}
	})
	return nil
}

const name = `"customer":"`

// pick walks and checks the whole JSON value and makes the text of a field the
// key.
func pick(_ *weir.Context, ev *weir.Event) error {
	customer, err := ev.TextBytes("customer")
	ev.SetKey(customer)
	return err
}
