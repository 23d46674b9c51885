package main

import (
	"bytes"
	"encoding/json"
	"errors"

	"github.com/weirhq/weir/host/event"
)

// The work of the guests, written natively: with encoding/json, as most
// programs would, and by hand. They append to out, as a processor does.

func nativePass(in, out []event.Event) ([]event.Event, error) { return append(out, in...), nil }

// jsonUpper and jsonPick decode the field with encoding/json, which checks the
// whole value.
func jsonUpper(in, out []event.Event) ([]event.Event, error) {
	for _, e := range in {
		var order struct {
			Customer json.RawMessage `json:"customer"`
		}
		if err := json.Unmarshal(e.Value, &order); err != nil {
			return out, err
		}
		e.Value = bytes.Replace(e.Value, order.Customer, bytes.ToUpper(order.Customer), 1)
		out = append(out, e)
	}
	return out, nil
}

func jsonPick(in, out []event.Event) ([]event.Event, error) {
	for _, e := range in {
		var order struct {
			Customer string `json:"customer"`
		}
		if err := json.Unmarshal(e.Value, &order); err != nil {
			return out, err
		}
		e.Key = []byte(order.Customer)
		out = append(out, e)
	}
	return out, nil
}

func handUpper(in, out []event.Event) ([]event.Event, error) {
	const name = `"customer":"`
	for _, e := range in {
		start := bytes.Index(e.Value, []byte(name)) + len(name)
		length := bytes.IndexByte(e.Value[start:], '"')
		if start < len(name) || length < 0 {
			return out, errors.New("there is no customer")
		}
		e.Value = bytes.Clone(e.Value)
		text := e.Value[start:][:length]
		for i, c := range text {
			if 'a' <= c && c <= 'z' {
				text[i] = c - 'a' + 'A'
			}
		}
		out = append(out, e)
	}
	return out, nil
}

func handPick(in, out []event.Event) ([]event.Event, error) {
	for _, e := range in {
		field, err := find(e.Value, "customer")
		if err != nil {
			return out, err
		}
		e.Key = field[1 : len(field)-1]
		out = append(out, e)
	}
	return out, nil
}

// find walks a whole JSON object and returns the value of one of its members.
// It takes the grammar on trust, which the SDKs do not.
func find(text []byte, name string) (found []byte, err error) {
	depth, key, start := 0, []byte(nil), -1
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case '"':
			end := i + 1
			for end < len(text) && text[end] != '"' {
				if text[end] == '\\' {
					end++
				}
				end++
			}
			if end >= len(text) {
				return nil, errors.New("a string does not end")
			}
			if depth == 1 && start < 0 {
				key = text[i+1 : end]
			}
			i = end
		case ':':
			if depth == 1 {
				start = i + 1
			}
		case '{', '[':
			depth++
		case ',', '}', ']':
			if depth == 1 && start >= 0 {
				if string(key) == name {
					found = bytes.TrimSpace(text[start:i])
				}
				start = -1
			}
			if c != ',' {
				depth--
			}
		}
	}
	if depth != 0 || found == nil {
		return nil, errors.New("there is no member " + name)
	}
	return found, nil
}
