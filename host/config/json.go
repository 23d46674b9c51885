package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
)

// errNoJSON says that a value has no form in JSON.
var errNoJSON = errors.New("has no form in JSON")

// valueError is an error about one value of a tree.
type valueError struct {
	node *Node
	err  error
}

func (e valueError) Error() string { return fmt.Sprintf("%q %v", e.node.Shown(), e.err) }
func (e valueError) Unwrap() error { return e.err }

// JSON renders a tree with the types that the file gave its scalars and the
// order of its keys.
func (n *Node) JSON() (json.RawMessage, error) {
	var b bytes.Buffer
	if err := n.appendJSON(&b); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func (n *Node) appendJSON(b *bytes.Buffer) error {
	switch n.Kind {
	case Map:
		b.WriteByte('{')
		for i, item := range n.Items {
			if i > 0 {
				b.WriteByte(',')
			}
			appendText(b, item.Key)
			b.WriteByte(':')
			if err := item.Node.appendJSON(b); err != nil {
				return err
			}
		}
		b.WriteByte('}')
		return nil
	case List:
		b.WriteByte('[')
		for i, e := range n.List {
			if i > 0 {
				b.WriteByte(',')
			}
			if err := e.appendJSON(b); err != nil {
				return err
			}
		}
		b.WriteByte(']')
		return nil
	}
	return n.appendScalar(b)
}

func (n *Node) appendScalar(b *bytes.Buffer) error {
	switch n.Type {
	case Null:
		b.WriteString("null")
	case Bool:
		v, err := ParseBool(n.Value)
		if err != nil {
			return valueError{n, err}
		}
		b.WriteString(strconv.FormatBool(v))
	case Int:
		text, err := jsonInt(n.Value)
		if err != nil {
			return valueError{n, errNoJSON}
		}
		b.WriteString(text)
	case Float:
		if text, err := jsonInt(n.Value); err == nil { // too large for YAML's integers
			b.WriteString(text)
			return nil
		}
		f, err := strconv.ParseFloat(strings.ReplaceAll(n.Value, "_", ""), 64)
		if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
			return valueError{n, errNoJSON}
		}
		text, err := json.Marshal(f)
		if err != nil {
			return err
		}
		b.Write(text)
	default:
		appendText(b, n.Value)
	}
	return nil
}

// jsonInt turns YAML's ways to write an integer into decimal digits.
func jsonInt(text string) (string, error) {
	var n big.Int
	if _, ok := n.SetString(strings.TrimPrefix(text, "+"), 0); !ok {
		return "", errNoJSON
	}
	return n.String(), nil
}

func appendText(b *bytes.Buffer, s string) {
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	enc.Encode(s) //nolint:errcheck // a string always encodes and a buffer always takes it
	b.Truncate(b.Len() - 1)
}
