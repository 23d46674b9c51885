package kafka

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/weirhq/weir/host/config"
	"github.com/weirhq/weir/host/event"
)

// OnMissing says what a key filter does with an event that has no key.
type OnMissing string

// The ways to treat a missing key.
const (
	DropMissing OnMissing = "drop"
	PassMissing OnMissing = "pass"
	FailMissing OnMissing = "error"
)

// KeyFilterConfig is a key filter as configured: the keys to let through.
type KeyFilterConfig struct {
	Keys      [][]byte
	OnMissing OnMissing
}

// KeyFilter lets events through whose key is one of a set. It stands in front
// of the sandbox, so that what nobody wants never enters it.
type KeyFilter struct {
	keys    map[string]struct{}
	missing OnMissing
}

// NewKeyFilter makes a filter. An empty OnMissing drops.
func NewKeyFilter(c KeyFilterConfig) *KeyFilter {
	f := &KeyFilter{keys: make(map[string]struct{}, len(c.Keys)), missing: c.OnMissing}
	for _, key := range c.Keys {
		f.keys[string(key)] = struct{}{}
	}
	return f
}

// errMissingKey is shared by all events: the failure holds nothing of them.
var errMissingKey = event.Failure{Class: event.MissingKey, Message: "the event has no key", Attempt: 1}

// Process appends the events that pass to out. It keeps no state and allocates
// nothing but room in out.
func (f *KeyFilter) Process(_ context.Context, in, out []event.Event, fail func(i int, f *event.Failure)) ([]event.Event, error) {
	for i := range in {
		pass := false
		if in[i].Key != nil {
			_, pass = f.keys[string(in[i].Key)]
		} else if f.missing == FailMissing {
			failure := errMissingKey
			fail(i, &failure)
			continue
		} else {
			pass = f.missing == PassMissing
		}
		if pass {
			out = append(out, in[i])
		}
	}
	return out, nil
}

// Close has nothing to let go of.
func (f *KeyFilter) Close(context.Context) error { return nil }

// ReadKeyFilter takes a key filter's settings, keys and on_missing, out of a
// section.
func ReadKeyFilter(s *config.Section) *KeyFilterConfig {
	words := []string{string(DropMissing), string(PassMissing), string(FailMissing)}
	c := &KeyFilterConfig{OnMissing: OnMissing(s.Enum("on_missing", string(DropMissing), words...))}
	n := s.Get("keys")
	if n == nil {
		s.Fault(s.Pos(), "keys", "is missing", "list the keys that shall pass")
		return c
	}
	keys, err := ParseKeys(n)
	if err != nil {
		s.Fault(n.Pos, "keys", err.Error(), "write text, hex:00ff or base64:AP8=")
	}
	c.Keys = keys
	return c
}

// ParseKeys reads keys: a list of them, or text in which blanks, commas or
// newlines part them. In a list, a key may have blanks itself.
func ParseKeys(n *config.Node) ([][]byte, error) {
	var texts []string
	switch n.Kind {
	case config.Scalar:
		texts = config.SplitList(n.Value)
	case config.List:
		for _, e := range n.List {
			if e.Kind != config.Scalar || e.IsNull() {
				return nil, errors.New("must be a list of text")
			}
			texts = append(texts, e.Value)
		}
	default:
		return nil, errors.New("must be a list of keys, not a map")
	}
	if len(texts) == 0 {
		return nil, errors.New("has no key: nothing would pass")
	}
	keys := make([][]byte, 0, len(texts))
	for _, text := range texts {
		key, err := parseKey(text)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, nil
}

func parseKey(text string) ([]byte, error) {
	if digits, ok := strings.CutPrefix(text, "hex:"); ok {
		key, err := hex.DecodeString(digits)
		if err != nil {
			return nil, fmt.Errorf("%q is not hexadecimal", text)
		}
		return key, nil
	}
	if digits, ok := strings.CutPrefix(text, "base64:"); ok {
		key, err := base64.StdEncoding.DecodeString(digits)
		if err != nil {
			key, err = base64.RawStdEncoding.DecodeString(digits)
		}
		if err != nil {
			return nil, fmt.Errorf("%q is not base64", text)
		}
		return key, nil
	}
	return []byte(text), nil
}
