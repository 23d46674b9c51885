package abi

import "unicode/utf8"

// The bounds of an interner: what is longer is copied each time, and a full
// one starts anew, so that names made of payloads cannot fill the memory.
const (
	internMost    = 4096
	internLongest = 256
)

// interner gives one string for equal bytes, so that topics and names, of
// which there are few, cost no allocation an event.
type interner struct {
	known map[string]string
}

// text returns b as a string that does not alias it, or false when b is not
// UTF-8.
func (in *interner) text(b []byte) (string, bool) {
	if s, ok := in.known[string(b)]; ok {
		return s, true
	}
	if !utf8.Valid(b) {
		return "", false
	}
	s := string(b)
	if len(s) > internLongest {
		return s, true
	}
	if in.known == nil {
		in.known = make(map[string]string)
	}
	if len(in.known) >= internMost {
		clear(in.known)
	}
	in.known[s] = s
	return s, true
}
