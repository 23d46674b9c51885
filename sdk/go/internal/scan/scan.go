// Package scan finds members of JSON documents without decoding them, and
// checks the documents on the way: the grammar of RFC 8259, escapes, and that
// strings are UTF-8. Nesting is limited to 504 levels. It allocates nothing.
//
// It is written for what Go makes of it in a WebAssembly module, where each
// taken jump goes through a table, with all that the function holds: functions
// are small, places are passed and not kept, and strings are looked at eight
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

// fail notes what is wrong first. It returns the end of the text, where every
// step fails, so that no step asks whether the one before did.
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
	if s.byteAt(at) != '{' || level == maxLevels {
		return nil, s.value(at, level)
	}
	if at = s.space(at + 1); s.byteAt(at) == '}' {
		return nil, at + 1
	}
	name, rest, dotted := strings.Cut(path, ".")
	for {
		begin := at
		at = s.key(begin)
		key := s.text[begin:at]
		start := s.colon(at)
		at = s.value(start, level+1)
		switch {
		case s.fault != "":
			return nil, at
		case dotted && Is(key, name):
			found, _ = s.find(start, rest, level+1)
		case Is(key, path):
			found = s.text[start:at]
		}
		if at = s.space(at); s.byteAt(at) != ',' {
			break
		}
		at = s.space(at + 1)
	}
	return found, s.end(at, '}')
}

// value steps over a value that lies in so many levels.
func (s *scanner) value(at, level int) int {
	switch c := s.byteAt(at); c {
	case '"':
		return s.str(at)
	case '{':
		return s.object(at, level)
	case '[':
		return s.array(at, level)
	default:
		return s.scalar(at, c)
	}
}

func (s *scanner) object(at, level int) int {
	if level == maxLevels {
		return s.fail(at, tooDeep)
	}
	if at = s.space(at + 1); s.byteAt(at) == '}' {
		return at + 1
	}
	for text := s.text; ; {
		if at = s.key(at); at+1 < len(text) && text[at] == ':' && text[at+1] > ' ' {
			at++
		} else {
			at = s.colon(at)
		}
		if s.byteAt(at) == '"' {
			at = s.str(at)
		} else {
			at = s.value(at, level+1)
		}
		if at = s.space(at); s.byteAt(at) != ',' {
			return s.end(at, '}')
		}
		at = s.space(at + 1)
	}
}

func (s *scanner) array(at, level int) int {
	if level == maxLevels {
		return s.fail(at, tooDeep)
	}
	if at = s.space(at + 1); s.byteAt(at) == ']' {
		return at + 1
	}
	for {
		at = s.value(at, level+1)
		if at = s.space(at); s.byteAt(at) != ',' {
			return s.end(at, ']')
		}
		at = s.space(at + 1)
	}
}

const tooDeep = "nested deeper than 504 levels"

// end steps over the end of an object or array, behind a member or item.
func (s *scanner) end(at int, end byte) int {
	switch {
	case s.byteAt(at) == end:
		return at + 1
	case end == '}':
		return s.fail(at, "expected ',' or '}' after a member")
	}
	return s.fail(at, "expected ',' or ']' after an item")
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
