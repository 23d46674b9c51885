package minisign

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/blake2b"
	"golang.org/x/crypto/scrypt"
)

// ErrPassword says that a secret key is encrypted, and not by the password given.
var ErrPassword = errors.New("the secret key is encrypted by another password")

// SecretKey makes signatures. Formatting one shows the id of its key alone.
type SecretKey struct {
	id  keyID
	key func() ed25519.PrivateKey // a function, because formatting reaches into fields
}

// The parts of a secret key's file.
const (
	kdfScrypt = "Sc"
	kdfNone   = "\x00\x00"
	checksum  = "B2"

	sealedSize = 8 + ed25519.PrivateKeySize + blake2b.Size256
	secretSize = 2 + 2 + 2 + 32 + 8 + 8 + sealedSize
)

// GenerateKey makes a key.
func GenerateKey() (SecretKey, error) {
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		return SecretKey{}, err
	}
	var id keyID
	if _, err := rand.Read(id[:]); err != nil {
		return SecretKey{}, err
	}
	return newSecretKey(id, key), nil
}

func newSecretKey(id keyID, key ed25519.PrivateKey) SecretKey {
	return SecretKey{id, func() ed25519.PrivateKey { return key }}
}

// ParseSecretKey reads the file of a secret key. password opens an encrypted
// one; ErrPassword says that it does not.
func ParseSecretKey(text []byte, password []byte) (SecretKey, error) {
	data, err := decode(lastLine(string(text)), secretSize)
	if err != nil {
		return SecretKey{}, fmt.Errorf("not a secret key of minisign: %w", err)
	}
	alg, kdf, sum := string(data[:2]), string(data[2:4]), string(data[4:6])
	if alg != algorithm || sum != checksum || kdf != kdfScrypt && kdf != kdfNone {
		return SecretKey{}, fmt.Errorf("a secret key of unknown algorithms %q, %q and %q", alg, kdf, sum)
	}
	salt, sealed := data[6:38], data[54:]
	if kdf == kdfScrypt {
		stream, err := derive(password, salt, binary.LittleEndian.Uint64(data[38:]), binary.LittleEndian.Uint64(data[46:]))
		if err != nil {
			return SecretKey{}, err
		}
		subtle.XORBytes(sealed, sealed, stream)
	}
	id, key := sealed[:8], sealed[8:8+ed25519.PrivateKeySize]
	if want := keySum(id, key); kdf == kdfScrypt && subtle.ConstantTimeCompare(want[:], sealed[8+ed25519.PrivateKeySize:]) == 0 {
		return SecretKey{}, ErrPassword
	}
	if !bytes.Equal(ed25519.NewKeyFromSeed(key[:ed25519.SeedSize]), key) {
		return SecretKey{}, errors.New("the secret key is damaged: its halves do not fit")
	}
	return newSecretKey(keyID(id), bytes.Clone(key)), nil
}

func keySum(id, key []byte) [blake2b.Size256]byte {
	return blake2b.Sum256(bytes.Join([][]byte{[]byte(algorithm), id, key}, nil))
}

// The most that a file may demand for its key: what minisign itself writes.
const (
	mostMemory = 1 << 30
	mostOps    = 1 << 25
)

// derive makes the stream that a key is encrypted with. The costs become
// parameters of scrypt as libsodium does it, whose numbers the file has.
func derive(password, salt []byte, ops, memory uint64) ([]byte, error) {
	if memory > mostMemory || ops > mostOps {
		return nil, fmt.Errorf("the secret key demands %d bytes of memory and %d operations to be decrypted, more than minisign ever does; make another one", memory, ops)
	}
	const block = 8
	ops = max(ops, 1<<15)
	limit := memory / (block * 128)
	if ops < memory/32 {
		limit = ops / (block * 4)
	}
	n := uint64(2)
	for n <= limit/2 {
		n *= 2
	}
	parallel := uint64(1)
	if ops >= memory/32 {
		parallel = max(1, min(ops/4/n, 1<<30-1)/block)
	}
	return scrypt.Key(password, salt, int(n), block, int(parallel), sealedSize)
}

// File is the text of the key's file, which is not encrypted. Such files have
// no salt, no costs and no checksum.
func (k SecretKey) File() []byte {
	data := bytes.Join([][]byte{[]byte(algorithm + kdfNone + checksum), make([]byte, 32+8+8), k.id[:], k.key(), make([]byte, blake2b.Size256)}, nil)
	return fmt.Appendf(nil, "%sminisign secret key %s\n%s\n", untrusted, k.id, base64.StdEncoding.EncodeToString(data))
}

// Public is the key that verifies what this one signs.
func (k SecretKey) Public() PublicKey {
	return PublicKey{k.id, [ed25519.PublicKeySize]byte(k.key().Public().(ed25519.PublicKey))}
}

// String is what may be shown of the key.
func (k SecretKey) String() string { return "secret key " + k.id.String() }

// Sign signs a message together with a comment, which has to be one line.
func (k SecretKey) Sign(message []byte, comment string) (Signature, error) {
	if strings.ContainsAny(comment, "\r\n") {
		return Signature{}, errors.New("a trusted comment is one line")
	}
	sum := blake2b.Sum512(message)
	s := Signature{Comment: comment, id: k.id, hashed: true}
	copy(s.sig[:], ed25519.Sign(k.key(), sum[:]))
	copy(s.global[:], ed25519.Sign(k.key(), append(s.sig[:], comment...)))
	return s, nil
}
