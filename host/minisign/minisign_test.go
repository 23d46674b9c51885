package minisign_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/weirhq/weir/host/minisign"
)

func read(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func publicKey(t testing.TB, name string) minisign.PublicKey {
	t.Helper()
	key, err := minisign.ParsePublicKey(string(read(t, name)))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// The files of testdata were made by minisign 0.11.
func TestVerifyMinisign(t *testing.T) {
	message, key := read(t, "message.txt"), publicKey(t, "plain.pub")
	for file, comment := range map[string]string{
		"prehashed.minisig": "made by minisign 0.11",
		"legacy.minisig":    "made by minisign 0.11, legacy",
	} {
		text := read(t, file)
		for name, text := range map[string][]byte{"": text, " with CRLF": []byte(strings.ReplaceAll(string(text), "\n", "\r\n"))} {
			s, err := minisign.ParseSignature(text)
			if err != nil {
				t.Fatal(err)
			}
			if err := key.Verify(message, s); err != nil || s.Comment != comment || s.KeyID() != key.ID() {
				t.Errorf("%s%s: %v; comment %q by %s", file, name, err, s.Comment, s.KeyID())
			}
		}
	}
}

// Keys of minisign sign here, an encrypted one too.
func TestSignByMinisignKeys(t *testing.T) {
	for _, test := range []struct{ file, password string }{{"plain", ""}, {"encrypted", "correct horse"}} {
		secret, err := minisign.ParseSecretKey(read(t, test.file+".key"), []byte(test.password))
		if err != nil {
			t.Fatalf("%s: %v", test.file, err)
		}
		public := publicKey(t, test.file+".pub")
		if secret.Public() != public {
			t.Errorf("%s: the public key is %s, not %s", test.file, secret.Public(), public)
		}
		s, err := secret.Sign([]byte("bytes"), "by a test")
		if err != nil {
			t.Fatal(err)
		}
		if err := public.Verify([]byte("bytes"), s); err != nil {
			t.Errorf("%s: %v", test.file, err)
		}
	}
	if _, err := minisign.ParseSecretKey(read(t, "encrypted.key"), []byte("wrong")); !errors.Is(err, minisign.ErrPassword) {
		t.Errorf("a wrong password gives %v", err)
	}
}

// What was written is read again, and says the same.
func TestRoundTrip(t *testing.T) {
	secret, err := minisign.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	again, err := minisign.ParseSecretKey(secret.File(), nil)
	if err != nil {
		t.Fatal(err)
	}
	public, err := minisign.ParsePublicKey(secret.Public().File())
	if err != nil || public != again.Public() {
		t.Fatalf("%v: %s is not %s", err, public, again.Public())
	}
	s, err := again.Sign([]byte("m"), "c")
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := minisign.ParseSignature(s.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(s.Bytes()), string(parsed.Bytes())); diff != "" {
		t.Error(diff)
	}
	if _, err := again.Sign(nil, "two\nlines"); err == nil {
		t.Error("a comment of two lines was signed")
	}
}

// No bit of message, signature or trusted comment may change.
func TestVerifyBitFlips(t *testing.T) {
	key, message, text := publicKey(t, "plain.pub"), read(t, "message.txt"), read(t, "prehashed.minisig")
	verify := func(message, text []byte) error {
		s, err := minisign.ParseSignature(text)
		if err != nil {
			return err
		}
		return key.Verify(message, s)
	}
	flipped := func(b []byte, bit int) []byte {
		b = append([]byte(nil), b...)
		b[bit/8] ^= 1 << (bit % 8)
		return b
	}
	for bit := range len(message) * 8 {
		if err := verify(flipped(message, bit), text); !errors.Is(err, minisign.ErrSignature) {
			t.Errorf("bit %d of the message: %v", bit, err)
		}
	}
	untrusted := strings.IndexByte(string(text), '\n') + 1 // which nobody signed
	end := len(strings.TrimRight(string(text), "\n"))
	for bit := untrusted * 8; bit < end*8; bit++ {
		if err := verify(message, flipped(text, bit)); err == nil {
			t.Errorf("bit %d of the signature, in byte %d, %q, may change", bit, bit/8, text[bit/8])
		}
	}
	if err := verify(append(message, 0), text); !errors.Is(err, minisign.ErrSignature) {
		t.Errorf("a byte more: %v", err)
	}
	s, err := minisign.ParseSignature(text)
	if err != nil {
		t.Fatal(err)
	}
	if err := publicKey(t, "encrypted.pub").Verify(message, s); !errors.Is(err, minisign.ErrSignature) {
		t.Errorf("another key: %v", err)
	}
}

func TestParseErrors(t *testing.T) {
	for text, want := range map[string]string{
		"": "holds 0 bytes, not 42",
		"RWSXhuv8p7w/dompK4vOnLbJ2gicK/Nxj82HOj/nvoJ+5vShVMWheKn":  "is not base64",
		"AASXhuv8p7w/dompK4vOnLbJ2gicK/Nxj82HOj/nvoJ+5vShVMWheKnZ": "unknown algorithm",
	} {
		if _, err := minisign.ParsePublicKey(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("public key %q: %v, want %s", text, err, want)
		}
	}
	plain := string(read(t, "plain.key"))
	for text, want := range map[string]string{
		"x": "is not base64",
		strings.Replace(plain, "\nRW", "\nRX", 1):           "unknown algorithms",
		plain[:len(plain)-70] + "A" + plain[len(plain)-69:]: "is damaged",
	} {
		if _, err := minisign.ParseSecretKey([]byte(text), nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("secret key: %v, want %s", err, want)
		}
	}
}

// However a key is formatted, its bytes do not show.
func TestSecretKeyIsNotShown(t *testing.T) {
	secret, err := minisign.ParseSecretKey(read(t, "plain.key"), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"%v", "%+v", "%s", "%d"} {
		shown := fmt.Sprintf(verb, struct{ Key minisign.SecretKey }{secret})
		if len(shown) > 80 {
			t.Errorf("%s shows %s", verb, shown)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, name := range []string{"plain.pub", "plain.key", "prehashed.minisig", "legacy.minisig"} {
		f.Add(read(f, name))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if k, err := minisign.ParsePublicKey(string(text)); err == nil {
			if again, err := minisign.ParsePublicKey(k.File()); err != nil || again != k {
				t.Errorf("%v: %s became %s", err, k, again)
			}
		}
		if s, err := minisign.ParseSignature(text); err == nil {
			if again, err := minisign.ParseSignature(s.Bytes()); err != nil || again != s {
				t.Errorf("%v: a signature became another one", err)
			}
		}
	})
}
