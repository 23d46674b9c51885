package kafka

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"

	"software.sslmate.com/src/go-pkcs12"
)

// certificate is what the client shows, none when the options give none: a
// certificate with its key, as files or text, or a keystore with both.
func (o *Options) certificate(files tlsFiles) ([]tls.Certificate, error) {
	certName, keyName := o.given("ssl.certificate"), o.given("ssl.key")
	store := o.String("ssl.keystore.location")
	switch {
	case store != "" && certName+keyName != "":
		return nil, optionError{"ssl.keystore.location", errors.New("holds certificate and key, so remove ssl.certificate and ssl.key")}
	case store != "":
		return o.keystore(files, store)
	case certName == "" && keyName == "":
		return nil, nil
	case keyName == "":
		return nil, optionError{certName, errors.New("needs ssl.key.location too")}
	case certName == "":
		return nil, optionError{keyName, errors.New("needs ssl.certificate.location too")}
	}
	cert, err := o.material(files, "ssl.certificate")
	if err != nil {
		return nil, err
	}
	key, err := o.material(files, "ssl.key")
	if err != nil {
		return nil, err
	}
	password, err := o.Secret("ssl.key.password").Reveal()
	if err != nil {
		return nil, optionError{"ssl.key.password", err}
	}
	if key, err = openKey(key, password); err != nil {
		return nil, optionError{keyName, err}
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return nil, optionError{certName, err}
	}
	return []tls.Certificate{pair}, nil
}

// given is which of the two options of a group is set, "" for none.
func (o *Options) given(group string) string {
	for _, form := range []string{".location", ".pem"} {
		if o.String(group+form) != "" {
			return group + form
		}
	}
	return ""
}

// material is PEM of a file or of the configuration.
func (o *Options) material(files tlsFiles, group string) ([]byte, error) {
	path, inline := o.String(group+".location"), o.Secret(group+".pem")
	if path != "" && !inline.IsZero() {
		return nil, optionError{group + ".pem", fmt.Errorf("and %s.location exclude each other", group)}
	}
	if path != "" {
		data, err := files.read(path)
		if err != nil {
			return nil, optionError{group + ".location", err}
		}
		return data, nil
	}
	text, err := inline.Reveal()
	if err != nil {
		return nil, optionError{group + ".pem", err}
	}
	return pemText(text), nil
}

// keystore reads a PKCS#12 file.
func (o *Options) keystore(files tlsFiles, path string) ([]tls.Certificate, error) {
	data, err := files.read(path)
	if err != nil {
		return nil, optionError{"ssl.keystore.location", err}
	}
	password, err := o.Secret("ssl.keystore.password").Reveal()
	if err != nil {
		return nil, optionError{"ssl.keystore.password", err}
	}
	key, leaf, chain, err := pkcs12.DecodeChain(data, password)
	switch {
	case errors.Is(err, pkcs12.ErrIncorrectPassword):
		return nil, optionError{"ssl.keystore.location", fmt.Errorf("%s does not open: ssl.keystore.password is wrong", path)}
	case err != nil:
		return nil, optionError{"ssl.keystore.location", fmt.Errorf("%s is no PKCS#12 keystore that can be read: %w (a JKS keystore must be converted, for instance by keytool -importkeystore -deststoretype pkcs12)", path, err)}
	}
	pair := tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: key, Leaf: leaf}
	for _, c := range chain {
		pair.Certificate = append(pair.Certificate, c.Raw)
	}
	return []tls.Certificate{pair}, nil
}

// openKey returns the first private key of PEM data, as PEM without a password.
func openKey(data []byte, password string) ([]byte, error) {
	for {
		block, rest := pem.Decode(data)
		if block == nil {
			return nil, errors.New("has no private key in PEM form")
		}
		data = rest
		switch block.Type {
		case "PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY":
		case "ENCRYPTED PRIVATE KEY":
			if password == "" {
				return nil, errLocked
			}
			der, err := decryptPKCS8(block.Bytes, password)
			if err != nil {
				return nil, err
			}
			block = &pem.Block{Type: "PRIVATE KEY", Bytes: der}
		default:
			continue
		}
		//lint:ignore SA1019 OpenSSL wrote keys this way until 1.0, and they are still about
		if x509.IsEncryptedPEMBlock(block) {
			if password == "" {
				return nil, errLocked
			}
			//lint:ignore SA1019 as above
			der, err := x509.DecryptPEMBlock(block, []byte(password))
			if err != nil {
				return nil, errWrongKeyPassword
			}
			block = &pem.Block{Type: block.Type, Bytes: der}
		}
		return pem.EncodeToMemory(block), nil
	}
}

var (
	errLocked           = errors.New("is encrypted: set ssl.key.password, best to ${file:PATH}")
	errWrongKeyPassword = errors.New("does not open: ssl.key.password is wrong")
)
