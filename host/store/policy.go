package store

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/weirhq/weir/host/minisign"
)

// Policy says which signatures modules need. Ready-made modules need none:
// they are part of the program.
type Policy struct {
	// Trust are the keys whose signatures count. A signature of one of them that
	// does not match refuses a module, whether one is required or not.
	Trust []minisign.PublicKey
	// RequireSignature refuses modules that none of them signed.
	RequireSignature bool
}

// maxSignatures bounds the signatures of one module.
const maxSignatures = 8

// check holds a module against the policy and notes who signed it.
func (p *Policy) check(m *Module) error {
	if m.Reference.Kind == Builtin || len(p.Trust) == 0 && !p.RequireSignature {
		return nil
	}
	all, err := splitSignatures(m.signatures)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSignature, err)
	}
	var strangers []string
	for _, s := range all {
		known, err := p.verify(m.Binary, s)
		switch {
		case !known:
			strangers = append(strangers, s.KeyID())
		case err != nil:
			return fmt.Errorf("%w: %w: the module or the signature was changed after it was signed", ErrSignature, err)
		case m.Signer == "":
			m.Signer, m.Comment = s.KeyID(), s.Comment
		}
	}
	switch {
	case m.Signer != "" || !p.RequireSignature:
		return nil
	case len(strangers) > 0:
		return fmt.Errorf("%w: the module is signed by key %s, which is not trusted; add the key to modules.trust if it should be", ErrSignature, strings.Join(strangers, " and "))
	}
	return fmt.Errorf("%w: the module is not signed, and modules.require_signature is set; sign it by weir modules sign", ErrSignature)
}

// verify tells whether the signature is by a trusted key, and what is wrong with
// it then. Ids may coincide: one key that fits is enough.
func (p *Policy) verify(message []byte, s minisign.Signature) (known bool, err error) {
	for _, key := range p.Trust {
		if key.ID() != s.KeyID() {
			continue
		}
		if err = key.Verify(message, s); err == nil {
			return true, nil
		}
		known = true
	}
	return known, err
}

// Signatures are those that came with the module, verified or not.
func (m *Module) Signatures() ([]minisign.Signature, error) { return splitSignatures(m.signatures) }

// splitSignatures takes signatures apart that stand in one text.
func splitSignatures(text []byte) ([]minisign.Signature, error) {
	var all []minisign.Signature
	for lines := bytes.SplitAfter(text, []byte("\n")); len(bytes.TrimSpace(text)) > 0; {
		n := min(4, len(lines))
		s, err := minisign.ParseSignature(bytes.Join(lines[:n], nil))
		if err != nil {
			return nil, err
		}
		all, lines = append(all, s), lines[n:]
		text = bytes.Join(lines, nil)
		if len(all) == maxSignatures && len(bytes.TrimSpace(text)) > 0 {
			return nil, fmt.Errorf("there are more than %d signatures", maxSignatures)
		}
	}
	return all, nil
}
