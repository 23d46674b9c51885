package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/weirhq/weir/host/minisign"
	"github.com/weirhq/weir/host/store"
)

func (a *app) modulesKeygenCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "keygen NAME",
		Short: "make a key to sign modules with",
		Long: `Makes NAME.key, which signs and is to be kept secret, and NAME.pub, which goes
into modules.trust of those who use the modules. The files are those of minisign,
the secret one without a password: "minisign -G" makes one with.`,
		Example: "  weir modules keygen team",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError{fmt.Errorf("%s takes one name, of which NAME.key and NAME.pub are made", cmd.CommandPath())}
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error { return a.makeKey(args[0]) },
	}
}

func (a *app) makeKey(name string) error {
	key, err := minisign.GenerateKey()
	if err != nil {
		return err
	}
	if err := writeNew(name+".key", key.File()); err != nil {
		return err
	}
	if err := writeNew(name+".pub", []byte(key.Public().File())); err != nil {
		return errors.Join(err, os.Remove(name+".key"))
	}
	writeLine(a.out, "%s", key.Public())
	writeLine(a.err, "wrote %s.key, to be kept secret, and %s.pub, for modules.trust", name, name)
	return nil
}

// writeNew writes a file that is not there yet: a key is never written over.
func writeNew(file string, text []byte) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%s is there already; a key is not written over: choose another name, or delete it", file)
	}
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Close())
}

type signFlags struct {
	key, password, comment string
}

func (a *app) modulesSignCommand() *cobra.Command {
	var f signFlags
	cmd := &cobra.Command{
		Use:   "sign MODULE",
		Short: "sign a module",
		Long: `Signs a .wasm file by a secret key of minisign: writes MODULE.minisig beside it,
which weir modules push takes along. Signatures by other keys that are in that
file stay, an earlier one by the same key is replaced.`,
		Example: `  weir modules sign enrich.wasm --secret-key team.key
  weir modules sign enrich.wasm --secret-key team.key --comment 'enrich 1.2, reviewed'
  weir modules sign enrich.wasm --secret-key ~/.minisign/minisign.key --password-file password`,
		Args: oneModule,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.signModule(cmd.Context(), args[0], f)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.key, "secret-key", "", "`FILE` of the secret key")
	flags.StringVar(&f.password, "password-file", "", "`FILE` with the password of a secret key that has one")
	flags.StringVar(&f.comment, "comment", "", "what the signature says of the module, in one `LINE` (default: name and time)")
	return cmd
}

func (a *app) signModule(ctx context.Context, ref string, f signFlags) error {
	r, err := store.Parse(ref)
	if err != nil || r.Kind != store.File || r.Pinned() {
		return usageError{fmt.Errorf("%s is not a .wasm file; what is signed is a file, before it is pushed", ref)}
	}
	key, err := secretKey(f)
	if err != nil {
		return err
	}
	s, err := store.New(store.Config{})
	if err != nil {
		return err
	}
	m, err := getModule(ctx, s, ref)
	if err != nil {
		return usageError{err}
	}
	comment := f.comment
	if comment == "" {
		comment = filepath.Base(r.Name) + " " + time.Now().UTC().Format(time.RFC3339)
	}
	signature, err := key.Sign(m.Binary, comment)
	if err != nil {
		return usageError{fmt.Errorf("--comment: %w", err)}
	}
	others, err := m.Signatures()
	if err != nil {
		return fmt.Errorf("%s%s: %w; delete it to write a new one", r.Name, store.SignatureSuffix, err)
	}
	var text bytes.Buffer
	for _, other := range others {
		if other.KeyID() != signature.KeyID() {
			text.Write(other.Bytes())
		}
	}
	text.Write(signature.Bytes())
	if err := os.WriteFile(r.Name+store.SignatureSuffix, text.Bytes(), 0o644); err != nil { //nolint:gosec // a signature is for everybody
		return err
	}
	writeLine(a.err, "wrote %s%s: signed by key %s", r.Name, store.SignatureSuffix, signature.KeyID())
	return nil
}

func secretKey(f signFlags) (minisign.SecretKey, error) {
	if f.key == "" {
		return minisign.SecretKey{}, usageError{errors.New("--secret-key is missing: it names the file of the key to sign by, such as weir modules keygen makes")}
	}
	text, err := os.ReadFile(f.key)
	if err != nil {
		return minisign.SecretKey{}, usageError{err}
	}
	var password []byte
	if f.password != "" {
		if password, err = os.ReadFile(f.password); err != nil {
			return minisign.SecretKey{}, usageError{err}
		}
		password = bytes.TrimRight(password, "\r\n")
	}
	key, err := minisign.ParseSecretKey(text, password)
	if errors.Is(err, minisign.ErrPassword) {
		err = fmt.Errorf("%w; write the right one into a file and name it by --password-file", err)
	}
	if err != nil {
		return key, usageError{fmt.Errorf("%s: %w", f.key, err)}
	}
	return key, nil
}

func (a *app) modulesVerifyCommand() *cobra.Command {
	var f storeFlags
	cmd := &cobra.Command{
		Use:   "verify MODULE",
		Short: "tell whether a trusted key signed a module",
		Long: `Tells whether a module has the digests that its reference is pinned to, and a
signature by one of the trusted keys. Ends with exit code 6 when it has not.`,
		Example: `  weir modules verify enrich.wasm --trust team.pub
  weir modules verify oci://registry.example.com/team/enrich:1.2 -c weir.yaml`,
		Args: oneReference,
		RunE: func(cmd *cobra.Command, args []string) error {
			s, policy, err := a.openStore(&f, args[0])
			if err != nil {
				return err
			}
			if len(policy.Trust) == 0 {
				return usageError{errors.New("nobody is trusted: name a key by --trust, or a configuration with modules.trust by -c")}
			}
			policy.RequireSignature = true
			m, err := getModule(cmd.Context(), s.Within(policy), args[0])
			if err != nil {
				return err
			}
			return a.showOrigin(m, f)
		},
	}
	f.add(cmd)
	return cmd
}
