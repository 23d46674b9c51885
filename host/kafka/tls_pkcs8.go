package kafka

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/des" //nolint:gosec // keys that were encrypted so are about
	"crypto/pbkdf2"
	"crypto/sha1" //nolint:gosec // the default of the standard
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"hash"
)

// The structures of RFC 5958 and RFC 8018 that say how a key is encrypted.
type (
	encryptedKey struct {
		Algorithm pkix.AlgorithmIdentifier
		Data      []byte
	}
	pbes2Params struct {
		Derivation, Encryption pkix.AlgorithmIdentifier
	}
	pbkdf2Params struct {
		Salt       []byte
		Iterations int
		Length     int                      `asn1:"optional"`
		PRF        pkix.AlgorithmIdentifier `asn1:"optional"`
	}
)

// The object identifiers of what can be read: what openssl and keytool write.
const (
	oidPBES2  = "1.2.840.113549.1.5.13"
	oidPBKDF2 = "1.2.840.113549.1.5.12"
)

var keyHashes = map[string]func() hash.Hash{
	"":                    sha1.New,
	"1.2.840.113549.2.7":  sha1.New,
	"1.2.840.113549.2.8":  sha256.New224,
	"1.2.840.113549.2.9":  sha256.New,
	"1.2.840.113549.2.10": sha512.New384,
	"1.2.840.113549.2.11": sha512.New,
}

var keyCiphers = map[string]struct {
	length int
	block  func(key []byte) (cipher.Block, error)
}{
	"2.16.840.1.101.3.4.1.2":  {16, aes.NewCipher},
	"2.16.840.1.101.3.4.1.22": {24, aes.NewCipher},
	"2.16.840.1.101.3.4.1.42": {32, aes.NewCipher},
	"1.2.840.113549.3.7":      {24, des.NewTripleDESCipher},
}

// maxIterations bounds the work that a file can ask for: seconds, not hours.
const maxIterations = 10_000_000

// decryptPKCS8 opens an encrypted PKCS#8 key and returns the plain one.
func decryptPKCS8(der []byte, password string) ([]byte, error) {
	var key encryptedKey
	var scheme pbes2Params
	var kdf pbkdf2Params
	var iv []byte
	if err := decode(der, &key); err != nil {
		return nil, err
	}
	if oid := key.Algorithm.Algorithm.String(); oid != oidPBES2 {
		return nil, unsupportedKey(oid)
	}
	if err := decode(key.Algorithm.Parameters.FullBytes, &scheme); err != nil {
		return nil, err
	}
	if oid := scheme.Derivation.Algorithm.String(); oid != oidPBKDF2 {
		return nil, unsupportedKey(oid)
	}
	if err := decode(scheme.Derivation.Parameters.FullBytes, &kdf); err != nil {
		return nil, err
	}
	prf := kdf.PRF.Algorithm.String()
	newHash := keyHashes[prf]
	if newHash == nil || kdf.Iterations < 1 || kdf.Iterations > maxIterations {
		return nil, unsupportedKey(prf)
	}
	oid := scheme.Encryption.Algorithm.String()
	c, ok := keyCiphers[oid]
	if !ok {
		return nil, unsupportedKey(oid)
	}
	if err := decode(scheme.Encryption.Parameters.FullBytes, &iv); err != nil {
		return nil, err
	}
	secret, err := pbkdf2.Key(newHash, password, kdf.Salt, kdf.Iterations, c.length)
	if err != nil {
		return nil, err
	}
	block, err := c.block(secret)
	if err != nil {
		return nil, err
	}
	return decryptCBC(block, iv, key.Data)
}

func decode(der []byte, into any) error {
	rest, err := asn1.Unmarshal(der, into)
	if err != nil || len(rest) > 0 {
		return fmt.Errorf("is no encrypted PKCS#8 key")
	}
	return nil
}

func unsupportedKey(oid string) error {
	return fmt.Errorf("is encrypted in a way that is not supported (%s): encrypt it anew by openssl pkcs8 -topk8 -v2 aes-256-cbc", oid)
}

// decryptCBC decrypts and takes the padding off. A wrong password nearly always
// shows in the padding, else in what is no key then.
func decryptCBC(block cipher.Block, iv, data []byte) ([]byte, error) {
	size := block.BlockSize()
	if len(iv) != size || len(data) == 0 || len(data)%size != 0 {
		return nil, fmt.Errorf("is no encrypted PKCS#8 key")
	}
	plain := make([]byte, len(data))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(plain, data)
	padding := int(plain[len(plain)-1])
	if padding == 0 || padding > size {
		return nil, errWrongKeyPassword
	}
	plain = plain[:len(plain)-padding]
	if _, err := x509.ParsePKCS8PrivateKey(plain); err != nil {
		return nil, errWrongKeyPassword
	}
	return plain, nil
}
