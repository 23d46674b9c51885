package scan

import (
	"math/bits"
	"unicode/utf8"
)

// scalar steps over a number or a word that begins with c.
func (s *scanner) scalar(at int, c byte) int {
	switch {
	case '1' <= c && c <= '9':
		text, end := s.text, at+1
		for end < len(text) && digit(text[end]) {
			end++
		}
		if end < len(text) && (text[end] == ',' || text[end] == '}') {
			return end
		}
		return s.number(at)
	case c == '0' || c == '-':
		return s.number(at)
	case c == 't':
		return s.word(at, "true")
	case c == 'f':
		return s.word(at, "false")
	case c == 'n':
		return s.word(at, "null")
	}
	return s.fail(at, "expected a value")
}

func (s *scanner) word(at int, word string) int {
	end := at + len(word)
	if end > len(s.text) || string(s.text[at:end]) != word {
		return s.fail(at, "expected a value")
	}
	return end
}

func digit(c byte) bool { return c-'0' <= 9 }

// digits steps over digits, of which there has to be one.
func (s *scanner) digits(at int) int {
	if !digit(s.byteAt(at)) {
		return s.fail(at, "expected a digit")
	}
	text := s.text
	for at < len(text) && digit(text[at]) {
		at++
	}
	return at
}

func (s *scanner) number(at int) int {
	if s.byteAt(at) == '-' {
		at++
	}
	start := at
	if at = s.digits(at); s.byteAt(start) == '0' && at > start+1 {
		return s.fail(start+1, "a number cannot begin with 0")
	}
	if s.byteAt(at) == '.' {
		at = s.digits(at + 1)
	}
	if c := s.byteAt(at); c == 'e' || c == 'E' {
		at++
		if c := s.byteAt(at); c == '+' || c == '-' {
			at++
		}
		at = s.digits(at)
	}
	return at
}

const (
	eachOne = 0x0101010101010101
	eachTop = 0x8080808080808080
	letters = 'a' * (eachOne &^ 0xff) // all but the lowest
)

// stops returns of eight bytes, the first of them the lowest, which mean
// something in a string or may not be there: quotes, backslashes and control
// characters. The lowest one has its top bit set for sure; bits above it may be
// set for nothing.
func stops(x uint64) uint64 {
	quote, slash := x^'"'*eachOne, x^'\\'*eachOne
	return ((quote-eachOne)&^quote | (slash-eachOne)&^slash | (x-' '*eachOne)&^x) & eachTop
}

// str steps over a string.
func (s *scanner) str(at int) int {
	text := s.text
	begin := at
	for at++; at+8 <= len(text); at += 8 {
		x := eight(text, at)
		if stop := stops(x) | x&eachTop; stop != 0 {
			if at += bits.TrailingZeros64(stop) >> 3; text[at] == '"' {
				return at + 1
			}
			break
		}
	}
	return s.restOfStr(begin, at)
}

// restOfStr steps over a string that begins at begin, from at on, with escapes,
// bytes that are not ASCII, or the last bytes of the text.
func (s *scanner) restOfStr(begin, at int) int {
	text := s.text
	ascii := true
	for {
		for at < len(text) && stops(uint64(text[at])|letters) == 0 {
			ascii = ascii && text[at] < 0x80
			at++
		}
		switch s.byteAt(at) {
		case '"':
			if begin++; !ascii && !utf8.Valid(text[begin:at]) {
				return s.fail(begin+validUpTo(text[begin:at]), "a string is not UTF-8")
			}
			return at + 1
		case '\\':
			if at = s.escape(at); s.fault != "" {
				return at
			}
		default:
			return s.fail(at, "a control character in a string")
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

// escape steps over a backslash and what it stands before.
func (s *scanner) escape(at int) int {
	at++
	switch s.byteAt(at) {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return at + 1
	case 'u':
		for range 4 {
			at++
			if _, ok := unhex(s.byteAt(at)); !ok {
				return s.fail(at, "expected four hexadecimal digits after \\u")
			}
		}
		return at + 1
	}
	return s.fail(at, "an unknown escape in a string")
}
