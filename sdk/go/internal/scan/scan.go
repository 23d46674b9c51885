// Package scan finds members of JSON documents without decoding them, and
// checks the documents on the way: the grammar of RFC 8259, escapes, and that
// strings are UTF-8. Nesting is limited to 504 levels. It allocates nothing.
//
// It is written for what Go makes of it in a WebAssembly module, where every
// taken jump goes through a table and every call through several: a value is
// walked in one loop whose state is in locals, and strings are looked at eight
// bytes at a time.
package scan

import (
	"strconv"
	"strings"
)

// Error is what is wrong with a text, and where.
type Error struct {
	At   int // in bytes from the beginning
	what string
}

func (e *Error) Error() string {
	return "malformed JSON at byte " + strconv.Itoa(e.At) + ": " + e.what
}

// maxLevels is how deep values may nest.
const maxLevels = 504

// Find returns the member of a document at the dotted path of its names, nil if
// there is none. A member that is named exactly like what is left of the path is
// found too. Of members with the same name the last counts.
func Find(text []byte, path string) ([]byte, error) {
	s := scanner{text: text}
	found, at := s.find(s.space(0), path, 0)
	if at = s.space(at); s.fault == "" && at < len(text) {
		s.fail(at, "more text after the value")
	}
	if s.fault == "" {
		return found, nil
	}
	if s.at >= len(text) {
		s.fault = "the text ends too early"
	}
	return nil, &Error{At: s.at, what: s.fault}
}

// scanner walks a text. Its methods take the place where they begin and return
// the one where they end; after a fault that one means nothing.
type scanner struct {
	text  []byte
	fault string // what is wrong first, "" while nothing is
	at    int    // and where
}

func (s *scanner) fail(at int, what string) int {
	if s.fault == "" {
		s.at, s.fault = at, what
	}
	return len(s.text)
}

// byteAt is the byte at a place, 0 at the end: one that JSON does not hold.
func (s *scanner) byteAt(at int) byte {
	if at < len(s.text) {
		return s.text[at]
	}
	return 0
}

// space steps over blanks, of which there are few in most texts.
func (s *scanner) space(at int) int {
	if at < len(s.text) && s.text[at] <= ' ' {
		return s.blanks(at)
	}
	return at
}

func (s *scanner) blanks(at int) int {
	for at < len(s.text) {
		switch s.text[at] {
		case ' ', '\n', '\r', '\t':
			at++
		default:
			return at
		}
	}
	return at
}

// find steps over a value and returns the member of it at path.
func (s *scanner) find(at int, path string, level int) (found []byte, end int) {
	name, rest, dotted := strings.Cut(path, ".")
	if !dotted || s.byteAt(at) != '{' || level == maxLevels {
		return s.walk(at, level, path)
	}
	if at = s.space(at + 1); s.byteAt(at) == '}' {
		return nil, at + 1
	}
	for s.fault == "" {
		key := at
		at = s.key(key)
		start := s.colon(at)
		_, end := s.walk(start, level+1, "")
		switch {
		case s.fault != "":
		case Is(s.text[key:at], name):
			found, end = s.find(start, rest, level+1)
		case Is(s.text[key:at], path):
			found = s.text[start:end]
		}
		at = s.space(end)
		switch s.byteAt(at) {
		case ',':
			at = s.space(at + 1)
		case '}':
			return found, at + 1
		default:
			s.behind(at, true)
		}
	}
	return nil, at
}

// walk steps over a value that lies in so many levels. If it is an object,
// found is its member of that name.
//
// fail moves to the end of the text, where each step fails, so that no step
// asks whether the one before did.
func (s *scanner) walk(at, level int, name string) (found []byte, end int) {
	var objects [maxLevels/64 + 1]uint64 // a bit for each open level: whether it is one
	top, member := level, -1             // where the value that is found begins
	for {
		switch c := s.byteAt(at); c {
		case '"':
			at = s.str(at)
		case '{', '[':
			if level == maxLevels {
				return nil, s.fail(at, "nested deeper than 504 levels")
			}
			if at = s.space(at + 1); s.byteAt(at) != c+2 { // '}' or ']'
				level++
				objects[level>>6] = objects[level>>6]&^(1<<(level&63)) | uint64(c>>5&1)<<(level&63)
				if c == '{' {
					at = s.member(at, level == top+1, name, &member)
				}
				continue
			}
			at++
		default:
			at = s.scalar(at, c)
		}
		for { // A value has ended: its level goes on, or ends with it.
			if member >= 0 && level == top+1 {
				found, member = s.text[member:at], -1
			}
			if level == top {
				return found, at
			}
			at = s.space(at)
			c, object := s.byteAt(at), objects[level>>6]>>(level&63)&1 != 0
			if c == ',' {
				at = s.space(at + 1)
				if object {
					at = s.member(at, level == top+1, name, &member)
				}
				break
			}
			if c != '}' && object || c != ']' && !object {
				return nil, s.behind(at, object)
			}
			at++
			level--
		}
	}
}

// member steps over a name and its colon. If it is the wanted one, found is set
// to where its value begins.
func (s *scanner) member(at int, want bool, name string, found *int) int {
	text, begin := s.text, at
	at = s.key(at)
	end := at
	if at+1 < len(text) && text[at] == ':' && text[at+1] > ' ' {
		at++
	} else {
		at = s.colon(at)
	}
	if want && end-begin >= len(name)+2 && s.fault == "" && Is(text[begin:end], name) {
		*found = at
	}
	return at
}

// key steps over a name.
func (s *scanner) key(at int) int {
	if s.byteAt(at) != '"' {
		return s.fail(at, "expected a name in quotes")
	}
	return s.str(at)
}

// colon steps over the colon behind a name, and blanks around it.
func (s *scanner) colon(at int) int {
	if at = s.space(at); s.byteAt(at) != ':' {
		return s.fail(at, "expected ':' after a name")
	}
	return s.space(at + 1)
}

// behind fails at what may not come after a value.
func (s *scanner) behind(at int, object bool) int {
	if object {
		return s.fail(at, "expected ',' or '}' after a member")
	}
	return s.fail(at, "expected ',' or ']' after an item")
}
