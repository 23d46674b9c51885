package kafka

import (
	"crypto/tls"
	"fmt"
	"strings"
)

// cipherSuites finds the suites of a list with the names of OpenSSL or of the
// standard, nil for the library's choice. They count up to TLS 1.2; those of
// TLS 1.3 cannot be chosen, and all of them are good.
func cipherSuites(list string) ([]uint16, error) {
	var ids []uint16
	for _, name := range splitNames(list) {
		id, err := cipherSuite(strings.ToUpper(name))
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

func cipherSuite(name string) (uint16, error) {
	for _, s := range tls.CipherSuites() {
		if name != s.Name && name != openSSLName(s.Name) {
			continue
		}
		if s.SupportedVersions[0] == tls.VersionTLS13 {
			return 0, fmt.Errorf("%s is a suite of TLS 1.3, which are all allowed and cannot be chosen: leave it out", name)
		}
		return s.ID, nil
	}
	var known []string
	for _, s := range tls.CipherSuites() {
		if s.SupportedVersions[0] != tls.VersionTLS13 {
			known = append(known, openSSLName(s.Name))
		}
	}
	return 0, fmt.Errorf("%s is not offered: choose of %s", name, strings.Join(known, ", "))
}

// openSSLName turns TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 into
// ECDHE-RSA-AES128-GCM-SHA256.
func openSSLName(name string) string {
	name = strings.NewReplacer("TLS_", "", "_WITH_", "-", "AES_128_CBC", "AES128", "AES_256_CBC", "AES256",
		"AES_128", "AES128", "AES_256", "AES256", "CHACHA20_POLY1305_SHA256", "CHACHA20-POLY1305").Replace(name)
	return strings.ReplaceAll(name, "_", "-")
}

// curves finds the key exchanges of a list, in any of their usual names.
func curves(list string) ([]tls.CurveID, error) {
	var ids []tls.CurveID
	for _, name := range splitNames(list) {
		var id tls.CurveID
		switch strings.ToUpper(name) {
		case "X25519":
			id = tls.X25519
		case "X25519MLKEM768":
			id = tls.X25519MLKEM768
		case "P-256", "PRIME256V1", "SECP256R1":
			id = tls.CurveP256
		case "P-384", "SECP384R1":
			id = tls.CurveP384
		case "P-521", "SECP521R1":
			id = tls.CurveP521
		default:
			return nil, fmt.Errorf("%s is not offered: choose of X25519MLKEM768, X25519, P-256, P-384, P-521", name)
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// splitNames parts a list at colons, as OpenSSL does, commas and blanks.
func splitNames(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ':' || r == ',' || r == ' ' })
}
