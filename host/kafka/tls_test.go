package kafka

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestKeys opens what openssl wrote of one key.
func TestKeys(t *testing.T) {
	want := derOf(t, "plain.pem", "")
	for name, fails := range map[string]string{
		"plain-ec.pem":            "",
		"pbes2-default.pem":       "",
		"pbes2-aes128-sha1.pem":   "",
		"pbes2-aes192-sha512.pem": "",
		"pbes2-des3.pem":          "",
		"legacy.pem":              "",
		"scrypt.pem":              "in a way that is not supported (1.3.6.1.4.1.11591.4.11)",
	} {
		t.Run(name, func(t *testing.T) {
			data := []byte(readText(t, filepath.Join("testdata/keys", name)))
			_, err := openKey(data, "opens")
			if fails != "" {
				if err == nil || !strings.Contains(err.Error(), fails) {
					t.Fatalf("got %v, want %q", err, fails)
				}
				return
			}
			if got := derOf(t, name, "opens"); !slices.Equal(got, want) {
				t.Error("is another key than the plain one")
			}
			if name == "plain-ec.pem" {
				return
			}
			if _, err := openKey(data, "wrong"); err == nil || !strings.Contains(err.Error(), "ssl.key.password is wrong") {
				t.Errorf("with the wrong password: %v", err)
			}
			if _, err := openKey(data, ""); err == nil || !strings.Contains(err.Error(), "set ssl.key.password") {
				t.Errorf("without a password: %v", err)
			}
		})
	}
	if _, err := openKey([]byte("nothing"), ""); err == nil {
		t.Error("no key is no error")
	}
}

// derOf is a key of the test data in one form.
func derOf(t *testing.T, name, password string) []byte {
	t.Helper()
	opened, err := openKey([]byte(readText(t, filepath.Join("testdata/keys", name))), password)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(opened)
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		if key, err = x509.ParseECPrivateKey(block.Bytes); err != nil {
			t.Fatal(err)
		}
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// TestDamagedKeys gives every prefix and many changed bytes of an encrypted key:
// an error, never a panic.
func TestDamagedKeys(t *testing.T) {
	block, _ := pem.Decode([]byte(readText(t, "testdata/keys/pbes2-default.pem")))
	for i := range block.Bytes {
		if i > len(block.Bytes)/2 {
			break // what follows is the cipher text, where damage is a wrong password
		}
		if _, err := decryptPKCS8(block.Bytes[:i], "opens"); err == nil {
			t.Errorf("the first %d bytes are a key", i)
		}
	}
	damaged := slices.Clone(block.Bytes)
	damaged[len(damaged)-1] ^= 1
	if _, err := decryptPKCS8(damaged, "opens"); err == nil {
		t.Error("a damaged key opens")
	}
}

func TestCipherSuites(t *testing.T) {
	want := []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA}
	got, err := cipherSuites("ECDHE-RSA-AES128-GCM-SHA256:TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, ecdhe-rsa-aes256-sha")
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
	for list, fails := range map[string]string{
		"TLS_AES_128_GCM_SHA256":        "is a suite of TLS 1.3",
		"RC4-MD5":                       "choose of ECDHE-",
		"ECDHE-ECDSA-CHACHA20-POLY1305": "",
	} {
		_, err := cipherSuites(list)
		if (err == nil) != (fails == "") || err != nil && !strings.Contains(err.Error(), fails) {
			t.Errorf("%s: got %v, want %q", list, err, fails)
		}
	}
	if _, err := curves("X25519:brainpoolP256r1"); err == nil || !strings.Contains(err.Error(), "choose of X25519MLKEM768") {
		t.Errorf("an unknown curve: %v", err)
	}
}
