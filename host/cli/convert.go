package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/weirhq/weir/host"
	"github.com/weirhq/weir/host/config"
)

// defaultSecrets is the folder beside the YAML that holds what must not stand
// in it.
const defaultSecrets = "secrets"

func (a *app) convertCommand() *cobra.Command {
	var secrets string
	cmd := &cobra.Command{
		Use:   "convert FILE",
		Short: "print a BSPump configuration as YAML",
		Long: `Prints a BSPump configuration, with the files that it includes, as YAML of equal
effect. Comments above a setting say what weir has to say about it. References
such as ${VAR} stay references. Secrets that the file has in clear are not printed:
the YAML reads them from files in a folder, "secrets" beside it, which --secrets
makes. A processor in Python becomes a module of its name, to be built.

Paths in the YAML begin at the folder of FILE: put the YAML there, then ask
"weir check" what is left to do.`,
		Example: `  weir config convert site.conf > weir.yaml
  weir config convert --secrets secrets site.conf > weir.yaml`,
		Args: func(cmd *cobra.Command, args []string) error {
			switch {
			case len(args) != 1:
				return usageError{fmt.Errorf("%s takes one file, not %d", cmd.CommandPath(), len(args))}
			case !config.IsINI(args[0]):
				return usageError{fmt.Errorf("%q does not end in .conf, .ini or .cfg", args[0])}
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error { return a.convert(args[0], secrets) },
	}
	cmd.Flags().StringVar(&secrets, "secrets", "", "write the secrets of the file to `DIR`, where no other user can read them")
	return cmd
}

func (a *app) convert(file, secrets string) error {
	folder := defaultSecrets
	if secrets != "" {
		var err error
		if folder, err = beside(file, secrets); err != nil {
			return err
		}
	}
	converted, faults := host.ConvertINI(file, folder, a.environ)
	if faults.Err() != nil {
		return faults
	}
	a.printFaults(converted.Notes)
	for _, left := range converted.Secrets {
		path := left.File
		if !filepath.IsAbs(path) {
			path = filepath.Join(filepath.Dir(file), path)
		}
		if secrets == "" {
			writeLine(a.err, "%s: a secret is left out: --secrets DIR writes it, or do so yourself, to %s", a.err.bold(left.Pos.String()), path)
		} else if err := writeSecret(path, left.Value); err != nil {
			return err
		}
	}
	_, err := a.out.Write(converted.YAML)
	return err
}

// beside is a folder as files in the folder of another file name it.
func beside(file, dir string) (string, error) {
	from, err := filepath.Abs(filepath.Dir(file))
	if err != nil {
		return "", err
	}
	to, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if short, err := filepath.Rel(from, to); err == nil {
		return short, nil
	}
	return to, nil
}

// writeSecret makes a file that the user alone can read. One that is there
// holds either the same or what somebody meant to keep.
func writeSecret(path string, secret config.Secret) error {
	text, err := secret.Reveal()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		if !config.SecretFile(path).Equal(secret) {
			return fmt.Errorf("%s holds another secret; remove it, or name another folder", path)
		}
		return nil
	}
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}
