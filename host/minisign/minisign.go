// Package minisign makes and checks detached signatures in the format of
// minisign: Ed25519 with small text files for keys and signatures. Everything
// works offline, and with the tool of that name.
//
// A PublicKey verifies a Signature over a message; a SecretKey makes one. The
// trusted comment of a signature is signed too.
package minisign

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/blake2b"
)

// ErrSignature says that a signature is not one of the key over the message.
var ErrSignature = errors.New("the signature does not match")

// The algorithms of signatures. Keys have the first.
const (
	algorithm = "Ed" // over the message itself, as minisign up to 0.9 signs
	prehashed = "ED" // over its BLAKE2b-512
)

const (
	untrusted = "untrusted comment: "
	trusted   = "trusted comment: "
)

// keyID tells keys apart. It is chosen at random, so it proves nothing.
type keyID [8]byte

// String is the form in which minisign shows it: a number, in hexadecimal.
func (id keyID) String() string { return fmt.Sprintf("%016X", binary.LittleEndian.Uint64(id[:])) }

// PublicKey verifies signatures.
type PublicKey struct {
	id  keyID
	key [ed25519.PublicKeySize]byte
}

// ParsePublicKey reads a key: the one line of base64 that begins "RW", or the
// file that has it below a comment.
func ParsePublicKey(text string) (PublicKey, error) {
	data, err := decode(lastLine(text), 2+8+ed25519.PublicKeySize)
	if err != nil {
		return PublicKey{}, fmt.Errorf("not a public key of minisign, which is a line of 56 letters that begins RW: %w", err)
	}
	if string(data[:2]) != algorithm {
		return PublicKey{}, fmt.Errorf("a public key of the unknown algorithm %q; minisign has Ed", data[:2])
	}
	var k PublicKey
	copy(k.id[:], data[2:])
	copy(k.key[:], data[10:])
	return k, nil
}

// String is the line of base64.
func (k PublicKey) String() string {
	return base64.StdEncoding.EncodeToString(append(append([]byte(algorithm), k.id[:]...), k.key[:]...))
}

// File is the text of a key's file.
func (k PublicKey) File() string {
	return fmt.Sprintf("%sminisign public key %s\n%s\n", untrusted, k.ID(), k)
}

// ID is the key's, as signatures name it.
func (k PublicKey) ID() string { return k.id.String() }

// Verify tells whether s is the key's over message, and nothing of it was
// changed since: nil, or an error that wraps ErrSignature.
func (k PublicKey) Verify(message []byte, s Signature) error {
	if s.id != k.id {
		return fmt.Errorf("%w: it is by key %s, not by %s", ErrSignature, s.id, k.id)
	}
	if s.hashed {
		sum := blake2b.Sum512(message)
		message = sum[:]
	}
	if !ed25519.Verify(k.key[:], message, s.sig[:]) {
		return fmt.Errorf("%w: what was signed by key %s has other bytes", ErrSignature, k.id)
	}
	if !ed25519.Verify(k.key[:], append(s.sig[:], s.Comment...), s.global[:]) {
		return fmt.Errorf("%w: its trusted comment was changed", ErrSignature)
	}
	return nil
}

// Signature is a detached signature.
type Signature struct {
	// Comment is the trusted comment. It is worth nothing before Verify.
	Comment string
	id      keyID
	hashed  bool
	sig     [ed25519.SignatureSize]byte
	global  [ed25519.SignatureSize]byte // over sig and Comment
}

// ParseSignature reads the four lines of a signature's file.
func ParseSignature(text []byte) (Signature, error) {
	var s Signature
	lines := strings.Split(strings.TrimRight(string(text), "\r\n"), "\n")
	for i := range lines {
		lines[i] = strings.TrimSuffix(lines[i], "\r")
	}
	if len(lines) != 4 || !strings.HasPrefix(lines[0], untrusted) || !strings.HasPrefix(lines[2], trusted) {
		return s, errors.New("not a signature of minisign: it has four lines, the first begins \"untrusted comment: \", the third \"trusted comment: \"")
	}
	data, err := decode(lines[1], 2+8+ed25519.SignatureSize)
	if err != nil {
		return s, fmt.Errorf("line 2 of the signature: %w", err)
	}
	switch string(data[:2]) {
	case algorithm:
	case prehashed:
		s.hashed = true
	default:
		return s, fmt.Errorf("line 2 of the signature: unknown algorithm %q; minisign has Ed and ED", data[:2])
	}
	global, err := decode(lines[3], ed25519.SignatureSize)
	if err != nil {
		return s, fmt.Errorf("line 4 of the signature: %w", err)
	}
	copy(s.id[:], data[2:])
	copy(s.sig[:], data[10:])
	copy(s.global[:], global)
	s.Comment = strings.TrimPrefix(lines[2], trusted)
	return s, nil
}

// KeyID is the id of the key that the signature says it is by.
func (s Signature) KeyID() string { return s.id.String() }

// Bytes is the text of the signature's file.
func (s Signature) Bytes() []byte {
	alg := algorithm
	if s.hashed {
		alg = prehashed
	}
	var b bytes.Buffer
	line := func(prefix, text string) { b.WriteString(prefix + text + "\n") }
	line(untrusted, "signature by key "+s.KeyID())
	line("", base64.StdEncoding.EncodeToString(append(append([]byte(alg), s.id[:]...), s.sig[:]...)))
	line(trusted, s.Comment)
	line("", base64.StdEncoding.EncodeToString(s.global[:]))
	return b.Bytes()
}

// decode wants exactly n bytes, in the one form that base64 has for them.
func decode(line string, n int) ([]byte, error) {
	data, err := base64.StdEncoding.Strict().DecodeString(line)
	if err != nil {
		return nil, errors.New("is not base64") // the library's words hold bytes of what may be a secret
	}
	if len(data) != n {
		return nil, fmt.Errorf("holds %d bytes, not %d", len(data), n)
	}
	return data, nil
}

// lastLine is the line of data of a key, without the comment above it.
func lastLine(text string) string {
	text = strings.TrimSpace(text)
	if strings.HasPrefix(text, untrusted) {
		_, text, _ = strings.Cut(text, "\n")
	}
	return strings.TrimSpace(text)
}
