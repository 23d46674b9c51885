// Package scan finds members of JSON documents without decoding them, and
// checks the documents on the way: the grammar of RFC 8259, escapes, and that
// strings are UTF-8. Nesting is limited to 504 levels. It allocates nothing.
package scan

import (
	"strconv"
	"strings"
	"unicode/utf8"
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
	s.space()
	found := s.find(path, 0)
	s.space()
	if s.fault == "" && s.at < len(text) {
		s.fail("more text after the value")
	}
	if s.fault == "" {
		return found, nil
	}
	if s.at >= len(text) {
		s.fault = "the text ends too early"
	}
	return nil, &Error{At: s.at, what: s.fault}
}

// scanner is a place in a text. With a fault it stands where that was found and
// moves no more.
type scanner struct {
	text  []byte
	at    int
	fault string
}

func (s *scanner) fail(what string) {
	if s.fault == "" {
		s.fault = what
	}
}

// peek is the next byte, 0 at the end and at a fault: a byte that JSON does not
// hold.
func (s *scanner) peek() byte {
	if s.at < len(s.text) && s.fault == "" {
		return s.text[s.at]
	}
	return 0
}

func (s *scanner) space() {
	for c := s.peek(); c == ' ' || c == '\n' || c == '\r' || c == '\t'; c = s.peek() {
		s.at++
	}
}

// find steps over a value and returns the member of it at path.
func (s *scanner) find(path string, level int) (found []byte) {
	if s.peek() != '{' {
		s.value(level)
		return nil
	}
	name, rest, dotted := strings.Cut(path, ".")
	for more := s.open('}', level); more; more = s.next('}', "expected ',' or '}' after a member") {
		key := s.key()
		start := s.at
		s.value(level + 1)
		switch end := s.at; {
		case s.fault != "":
			return nil
		case dotted && Is(key, name):
			s.at = start
			found = s.find(rest, level+1)
		case Is(key, path):
			found = s.text[start:end]
		}
	}
	return found
}

func (s *scanner) value(level int) {
	switch c := s.peek(); c {
	case '"':
		s.str()
	case '{':
		for more := s.open('}', level); more; more = s.next('}', "expected ',' or '}' after a member") {
			s.key()
			s.value(level + 1)
		}
	case '[':
		for more := s.open(']', level); more; more = s.next(']', "expected ',' or ']' after an item") {
			s.value(level + 1)
		}
	case 't':
		s.word("true")
	case 'f':
		s.word("false")
	case 'n':
		s.word("null")
	default:
		if c != '-' && !digit(c) {
			s.fail("expected a value")
			return
		}
		s.number()
	}
}

// open steps into an object or array; it tells whether it has anything in it,
// and steps over the end of one that has not.
func (s *scanner) open(end byte, level int) bool {
	if level == maxLevels {
		s.fail("nested deeper than 504 levels")
		return false
	}
	s.at++
	s.space()
	if s.peek() == end {
		s.at++
		return false
	}
	return s.fault == ""
}

// next steps to the next member or item, or out of the object or array.
func (s *scanner) next(end byte, what string) bool {
	s.space()
	switch s.peek() {
	case ',':
		s.at++
		s.space()
		return true
	case end:
		s.at++
	default:
		s.fail(what)
	}
	return false
}

// key steps over a name and its colon, and returns the name with its quotes.
func (s *scanner) key() []byte {
	start := s.at
	if s.peek() != '"' {
		s.fail("expected a name in quotes")
		return nil
	}
	s.str()
	key := s.text[start:s.at]
	s.space()
	if s.peek() != ':' {
		s.fail("expected ':' after a name")
		return nil
	}
	s.at++
	s.space()
	return key
}

func (s *scanner) word(word string) {
	if !strings.HasPrefix(string(s.text[s.at:min(len(s.text), s.at+len(word))]), word) {
		s.fail("expected a value")
		return
	}
	s.at += len(word)
}

func digit(c byte) bool { return '0' <= c && c <= '9' }

func (s *scanner) digits() {
	if !digit(s.peek()) {
		s.fail("expected a digit")
	}
	for digit(s.peek()) {
		s.at++
	}
}

func (s *scanner) number() {
	if s.peek() == '-' {
		s.at++
	}
	if s.peek() != '0' {
		s.digits()
	} else if s.at++; digit(s.peek()) {
		s.fail("a number cannot begin with 0")
	}
	if s.peek() == '.' {
		s.at++
		s.digits()
	}
	if c := s.peek(); c == 'e' || c == 'E' {
		s.at++
		if c := s.peek(); c == '+' || c == '-' {
			s.at++
		}
		s.digits()
	}
}

// stops are the bytes in a string that mean something or may not be there.
var stops = func() (t [256]bool) {
	for c := range 0x20 {
		t[c] = true
	}
	t['"'], t['\\'] = true, true
	return t
}()

func (s *scanner) str() {
	s.at++
	start := s.at
	var high byte
	for {
		text := s.text
		at := s.at
		for at < len(text) && !stops[text[at]] {
			high |= text[at]
			at++
		}
		s.at = at
		switch s.peek() {
		case '"':
			if high >= 0x80 && !utf8.Valid(text[start:at]) {
				s.at = start + validUpTo(text[start:at])
				s.fail("a string is not UTF-8")
				return
			}
			s.at++
			return
		case '\\':
			s.escape()
		default:
			s.fail("a control character in a string")
		}
		if s.fault != "" {
			return
		}
	}
}

func validUpTo(text []byte) int {
	at := 0
	for at < len(text) {
		r, n := utf8.DecodeRune(text[at:])
		if r == utf8.RuneError && n == 1 {
			break
		}
		at += n
	}
	return at
}

func (s *scanner) escape() {
	s.at++
	switch s.peek() {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		s.at++
	case 'u':
		s.at++
		for range 4 {
			if _, ok := unhex(s.peek()); !ok {
				s.fail("expected four hexadecimal digits after \\u")
				return
			}
			s.at++
		}
	default:
		s.fail("an unknown escape in a string")
	}
}
