package store

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"regexp"
	"strings"
)

// Kind says where a reference leads.
type Kind int

// The kinds.
const (
	File Kind = iota
	Builtin
	HTTPS
	OCI
)

// The schemes of references. One without a scheme is a path.
const (
	schemeFile    = "file"
	schemeBuiltin = "builtin"
	schemeHTTPS   = "https"
	schemeOCI     = "oci"
)

// Forms says how references look, for messages.
const Forms = "a path, builtin:NAME, https://HOST/PATH@sha256:DIGEST or oci://HOST/NAME:TAG"

// Reference names a module.
type Reference struct {
	Kind Kind
	// Name is what stands behind the scheme, without pins: a path, the name of a
	// builtin module, a whole URL, or the registry's HOST/NAME:TAG.
	Name string
	// Digest pins the module, "sha256:" and hexadecimal, or is empty.
	Digest string
	// Manifest pins the manifest of an image, likewise.
	Manifest string
}

// digestForm is what a pin looks like.
var digestForm = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

// CheckDigest wants text to be a digest that can pin a module.
func CheckDigest(text string) error {
	if !digestForm.MatchString(text) {
		return fmt.Errorf("%q is not a digest, which is sha256: and 64 hexadecimal digits, such as weir inspect prints", text)
	}
	return nil
}

// pins are the ends of a reference that pin what it names. "@" is the usual one:
// the module's digest, but of an image, as everywhere, its manifest's. "#" is the
// module's own digest in every case.
var pins = regexp.MustCompile(`([@#])(sha256:[0-9A-Fa-f]*)$`)

// Parse takes a reference apart. It looks at nothing outside of it.
func Parse(ref string) (Reference, error) {
	r := Reference{Name: ref}
	for {
		found := pins.FindStringSubmatchIndex(r.Name)
		if found == nil {
			break
		}
		sign, digest := r.Name[found[2]:found[3]], strings.ToLower(r.Name[found[4]:found[5]])
		if err := CheckDigest(digest); err != nil {
			return r, err
		}
		r.Name = r.Name[:found[0]]
		into := &r.Digest
		if sign == "@" && strings.HasPrefix(ref, schemeOCI+"://") {
			into = &r.Manifest
		}
		if *into != "" && *into != digest {
			return r, errors.New("the reference is pinned to two digests; keep one")
		}
		*into = digest
	}
	scheme, rest, ok := strings.Cut(r.Name, ":")
	switch {
	case r.Name == "":
		return r, errors.New("the reference is empty; name " + Forms)
	case !ok:
	case scheme == schemeFile:
		r.Name = rest
	case scheme == schemeBuiltin:
		r.Kind, r.Name = Builtin, rest
	case scheme == schemeHTTPS:
		r.Kind = HTTPS
		return r, r.checkURL()
	case scheme == schemeOCI:
		r.Kind, r.Name = OCI, strings.TrimPrefix(rest, "//")
		return r, r.checkImage()
	case strings.HasPrefix(rest, "//"):
		return r, fmt.Errorf("unknown scheme %q; name %s", scheme, Forms)
	}
	if r.Name == "" {
		return r, errors.New("the reference names nothing; name " + Forms)
	}
	return r, nil
}

// checkURL keeps what is secret out of references: they are shown everywhere.
func (r *Reference) checkURL() error {
	u, err := url.Parse(r.Name)
	switch {
	case err != nil: // the reason would show the URL, and with it a login
		return errors.New("not a URL; write https://HOST/PATH@sha256:DIGEST")
	case u.User != nil:
		return errors.New("the URL holds a login; write it into modules.hosts: it is never shown there")
	case u.Host == "" || strings.Trim(u.Path, "/") == "":
		return errors.New("the URL names no file; write https://HOST/PATH@sha256:DIGEST")
	case u.Fragment != "":
		return errors.New("the URL has a fragment, which servers never see; leave it out, or pin by @sha256:DIGEST")
	}
	return nil
}

// NeedsDigest tells whether the reference lacks a pin that its kind demands:
// whoever answers for a URL could send any module.
func (r *Reference) NeedsDigest() bool { return r.Kind == HTTPS && r.Digest == "" }

// Remote tells whether the module comes over the network.
func (r *Reference) Remote() bool { return r.Kind == HTTPS || r.Kind == OCI }

// Pinned tells whether the reference names one module for ever.
func (r *Reference) Pinned() bool { return r.Digest != "" || r.Manifest != "" }

// Host is the host, with its port, that a remote reference leads to.
func (r *Reference) Host() string {
	switch r.Kind {
	case OCI:
		host, _, _ := strings.Cut(r.Name, "/")
		return host
	case HTTPS:
		if u, err := url.Parse(r.Name); err == nil {
			return u.Host
		}
	}
	return ""
}

// Short is the last part of the name, without tag and ending: what a processor
// is called that has no name of its own.
func (r *Reference) Short() string {
	name := r.Name
	switch r.Kind {
	case HTTPS:
		name, _, _ = strings.Cut(name, "?")
	case OCI:
		name, _ = cutTag(name)
	}
	return strings.TrimSuffix(path.Base(strings.ReplaceAll(name, `\`, "/")), ".wasm")
}

// String is the reference with its pins, as Parse takes it.
func (r Reference) String() string {
	text := r.Name
	switch r.Kind {
	case Builtin:
		text = schemeBuiltin + ":" + text
	case OCI:
		text = schemeOCI + "://" + text
	}
	if r.Manifest != "" {
		text += "@" + r.Manifest
	}
	switch {
	case r.Digest == "":
	case r.Kind == OCI:
		text += "#" + r.Digest
	default:
		text += "@" + r.Digest
	}
	return text
}

// Show is a reference as it may be shown: without the query of a URL, in which
// people put tokens.
func Show(ref string) string {
	if !strings.HasPrefix(ref, schemeHTTPS+":") {
		return ref
	}
	name, query, ok := strings.Cut(ref, "?")
	if !ok {
		return ref
	}
	return name + "?***" + pins.FindString(query)
}

// cutTag parts HOST/NAME:TAG. A colon before the last slash is a port's.
func cutTag(image string) (name, tag string) {
	i := strings.LastIndexByte(image, ':')
	if i < 0 || i < strings.LastIndexByte(image, '/') {
		return image, ""
	}
	return image[:i], image[i+1:]
}
