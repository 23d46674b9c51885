package capture

import (
	"encoding/json"
	"unicode/utf8"
)

// redact takes out of a batch what its events hold, and keeps their form: how
// many there are, how long their parts are, the names in JSON, and where the
// events came from. What came of the batch is left with indexes and classes.
func (b *Batch) redact() {
	b.Redacted, b.Outputs = true, ""
	for i := range b.Failures {
		b.Failures[i].Message = ""
	}
	for i := range b.Events {
		e := &b.Events[i]
		e.Value, e.Key = masked(e.Value), masked(e.Key)
		for j := range e.Headers {
			e.Headers[j].Value = masked(e.Headers[j].Value)
		}
		for j := range e.Context {
			p := &e.Context[j]
			p.Num, p.Data = min(p.Num, 1), masked(p.Data)
		}
	}
}

// masked is a text with letters and digits that say nothing. JSON stays JSON,
// with the names of its members; of what is no text nothing is left but its
// length.
func masked(text []byte) []byte {
	if text == nil {
		return nil
	}
	out := make([]byte, len(text))
	switch {
	case json.Valid(text):
		maskJSON(out, text)
	case utf8.Valid(text) && printable(text):
		for i, c := range text {
			out[i] = mask(c)
		}
	default:
		for i := range out {
			out[i] = 'x'
		}
	}
	return out
}

func printable(text []byte) bool {
	for _, c := range text {
		if c < ' ' && c != '\t' && c != '\n' && c != '\r' {
			return false
		}
	}
	return true
}

func mask(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return '1' // numbers of several zeros are no JSON
	case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= 0x80:
		return 'x'
	}
	return c
}

// maskJSON masks valid JSON: numbers, and strings that are no names.
func maskJSON(out, text []byte) {
	for i := 0; i < len(text); {
		if text[i] != '"' {
			out[i] = text[i]
			if text[i] >= '0' && text[i] <= '9' {
				out[i] = '1'
			}
			i++
			continue
		}
		end := i + 1
		for text[end] != '"' {
			if text[end] == '\\' {
				end++
			}
			end++
		}
		end++
		copy(out[i:end], text[i:end])
		if !isName(text[end:]) {
			maskString(out[i+1 : end-1])
		}
		i = end
	}
}

// isName tells of what follows a string in JSON whether it is a member's name.
func isName(rest []byte) bool {
	for _, c := range rest {
		switch c {
		case ' ', '\t', '\n', '\r':
			continue
		}
		return c == ':'
	}
	return false
}

// maskString masks the inside of a string in JSON.
func maskString(s []byte) {
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] != '\\':
			s[i] = mask(s[i])
		case s[i+1] == 'u':
			copy(s[i:], "xxxxxx")
			i += 5
		default: // an escape of two bytes
			i++
		}
	}
}
