// Package demangle makes names of functions readable that compilers wrote for
// linkers: those of Rust, in both of its manglings, and the nested names of C++.
//
// It is for reports. A name that it does not understand it leaves as it is.
package demangle

import (
	"strconv"
	"strings"
)

// Name returns the readable form of a name.
func Name(name string) string {
	if rest, ok := strings.CutPrefix(name, "_R"); ok {
		if text, ok := rust(rest); ok {
			return text
		}
		return name
	}
	if rest, ok := strings.CutPrefix(name, "_ZN"); ok {
		if text, ok := nested(rest); ok {
			return text
		}
		return name
	}
	return withoutHash(name) // a linker has demangled it
}

// nested reads names, each with its length before it, up to an E: C++, and the
// older mangling of Rust, whose last name is a hash.
func nested(s string) (string, bool) {
	var parts []string
	for !strings.HasPrefix(s, "E") {
		digits := 0
		for digits < len(s) && s[digits] >= '0' && s[digits] <= '9' {
			digits++
		}
		n, err := strconv.Atoi(s[:digits])
		if err != nil || n > len(s)-digits {
			return "", false
		}
		parts = append(parts, unescape(s[digits:digits+n]))
		s = s[digits+n:]
	}
	if len(parts) == 0 {
		return "", false
	}
	return withoutHash(strings.Join(parts, "::")), true
}

// withoutHash drops the hash that ends the older names of Rust.
func withoutHash(name string) string {
	const hash = "::h0123456789abcdef"
	at := len(name) - len(hash)
	if at <= 0 || name[at:at+3] != "::h" {
		return name
	}
	for _, c := range name[at+3:] {
		if !strings.ContainsRune("0123456789abcdef", c) {
			return name
		}
	}
	return name[:at]
}

// escapes are the signs that the older mangling of Rust writes in letters.
var escapes = strings.NewReplacer(
	"$SP$", "@", "$BP$", "*", "$RF$", "&", "$LT$", "<", "$GT$", ">", "$LP$", "(", "$RP$", ")", "$C$", ",",
	"$u20$", " ", "$u22$", `"`, "$u27$", "'", "$u2b$", "+", "$u3b$", ";", "$u5b$", "[", "$u5d$", "]",
	"$u7b$", "{", "$u7d$", "}", "$u7e$", "~", "..", "::",
)

func unescape(part string) string {
	if strings.HasPrefix(part, "_$") {
		part = part[1:] // a name cannot begin with a dollar
	}
	return escapes.Replace(part)
}
