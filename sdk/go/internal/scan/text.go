package scan

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// Kind says what a value is, with its article, for messages.
func Kind(value []byte) string {
	switch value[0] {
	case '{':
		return "an object"
	case '[':
		return "an array"
	case '"':
		return "a string"
	case 't', 'f':
		return "a boolean"
	case 'n':
		return "null"
	}
	return "a number"
}

// Is tells whether a string, with its quotes, is that text.
func Is(str []byte, text string) bool {
	if len(str) < 2 {
		return false
	}
	inner := str[1 : len(str)-1]
	// Escapes are longer than what they stand for.
	if len(inner) <= len(text) {
		return string(inner) == text && bytes.IndexByte(inner, '\\') < 0
	}
	return bytes.IndexByte(inner, '\\') >= 0 && Text(str) == text
}

// Text decodes a string, with its quotes, that Find returned. Half of a
// surrogate pair reads as U+FFFD.
func Text(str []byte) string {
	if inner, plain := Plain(str); plain {
		return string(inner)
	}
	return string(AppendText(make([]byte, 0, len(str)), str))
}

// Plain returns what is between the quotes of a string, and whether that is its
// text as it stands, without escapes.
func Plain(str []byte) (inner []byte, plain bool) {
	inner = str[1 : len(str)-1]
	return inner, bytes.IndexByte(inner, '\\') < 0
}

// AppendText appends the text of a string, with its quotes, to dst. It is never
// longer than the string.
func AppendText(dst, str []byte) []byte {
	for inner := str[1 : len(str)-1]; len(inner) > 0; {
		if inner[0] != '\\' {
			dst = append(dst, inner[0])
			inner = inner[1:]
			continue
		}
		r, n := unescape(inner)
		dst = utf8.AppendRune(dst, r)
		inner = inner[n:]
	}
	return dst
}

// unescape decodes the escape that s begins with, and returns its length.
func unescape(s []byte) (rune, int) {
	switch c := s[1]; c {
	case 'b':
		return '\b', 2
	case 'f':
		return '\f', 2
	case 'n':
		return '\n', 2
	case 'r':
		return '\r', 2
	case 't':
		return '\t', 2
	case 'u':
		r := unit(s[2:])
		if utf16.IsSurrogate(r) && len(s) >= 12 && s[6] == '\\' && s[7] == 'u' {
			if pair := utf16.DecodeRune(r, unit(s[8:])); pair != utf8.RuneError {
				return pair, 12
			}
		}
		return r, 6 // half of a pair becomes U+FFFD when it is appended
	default:
		return rune(c), 2
	}
}

func unit(s []byte) (r rune) {
	for _, c := range s[:4] {
		n, _ := unhex(c)
		r = r<<4 | rune(n)
	}
	return r
}

func unhex(c byte) (byte, bool) {
	switch {
	case digit(c):
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}
