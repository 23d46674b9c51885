package config

import (
	"fmt"
	"strings"
)

// mask is what a secret shows.
const mask = "***"

// Secret is text that nothing prints: whatever formats, marshals or logs one
// gets "***". The zero Secret is an unset one. The text is held by a function
// because formatting a struct reaches into its unexported fields past all
// methods, and finds no more than an address then.
type Secret struct{ read func() (string, error) }

// NewSecret hides a text; an empty one is no secret.
func NewSecret(text string) Secret {
	if text == "" {
		return Secret{}
	}
	return Secret{func() (string, error) { return text, nil }}
}

// SecretFile is what a file holds without the line end, at the time of each
// Reveal.
func SecretFile(path string) Secret {
	return Secret{func() (string, error) {
		data, err := readLimited(path, maxSecret)
		if err != nil {
			return "", fmt.Errorf("%s: %w", path, err)
		}
		return secretText(data), nil
	}}
}

func secretText(data []byte) string { return strings.TrimRight(string(data), "\r\n") }

// Reveal returns the text.
func (s Secret) Reveal() (string, error) {
	if s.read == nil {
		return "", nil
	}
	return s.read()
}

// IsZero tells whether there is no secret.
func (s Secret) IsZero() bool { return s.read == nil }

// Equal compares the texts. Secrets that cannot be read are not equal.
func (s Secret) Equal(other Secret) bool {
	a, errA := s.Reveal()
	b, errB := other.Reveal()
	return errA == nil && errB == nil && a == b
}

// String is the mask, or nothing for no secret.
func (s Secret) String() string {
	if s.IsZero() {
		return ""
	}
	return mask
}

// GoString is for %#v.
func (s Secret) GoString() string { return "config.Secret(" + s.String() + ")" }

// Format covers every verb, %x and its like too.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, s.String()) }

// MarshalText is for JSON, YAML and whatever else knows text.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
