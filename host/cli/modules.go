package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/weirhq/weir/host"
	"github.com/weirhq/weir/host/config"
	"github.com/weirhq/weir/host/inspect"
	"github.com/weirhq/weir/host/manifest"
	"github.com/weirhq/weir/host/minisign"
	"github.com/weirhq/weir/host/store"
	"github.com/weirhq/weir/host/wasm"
	"github.com/weirhq/weir/host/wasm/section"
)

func (a *app) modulesCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "modules",
		Short:   "keep modules in registries, pinned and signed",
		GroupID: groupLook,
		Long: `Modules travel as images of any OCI registry. "module: oci://HOST/NAME:TAG" of a
processor uses one; with @sha256:DIGEST behind it it is that one for ever, and a
start needs no registry once the module is in the cache. Signatures are those of
minisign: a file beside the module, which a push takes along.

Logins are those of docker, or of modules.hosts in a configuration, which -c
names; modules.trust in it says whose signatures count.`,
		Example: `  weir modules push enrich.wasm oci://registry.example.com/team/enrich:1.2
  weir modules inspect oci://registry.example.com/team/enrich:1.2
  weir modules pull oci://registry.example.com/team/enrich:1.2
  weir modules list
  weir modules keygen team
  weir modules sign enrich.wasm --secret-key team.key
  weir modules verify enrich.wasm --trust team.pub`,
		Args: noArgs,
		RunE: showHelp,
	}
	cmd.AddCommand(a.modulesPushCommand(), a.modulesPullCommand(), a.modulesListCommand(), a.modulesInspectCommand(),
		a.modulesKeygenCommand(), a.modulesSignCommand(), a.modulesVerifyCommand())
	return cmd
}

// storeFlags say how a command reaches modules.
type storeFlags struct {
	files  []string
	trust  []string
	ca     string
	plain  bool
	cache  cacheFlag
	output string
}

func (f *storeFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringSliceVarP(&f.files, "config", "c", nil, "configuration `FILE`, whose section modules counts; no file by default")
	flags.StringSliceVar(&f.trust, "trust", nil, "public `KEY` of minisign, or a file with one, whose signatures count")
	flags.StringVar(&f.ca, "ssl-cafile", "", "PEM `FILE` of the authorities to trust, instead of the system's")
	flags.BoolVar(&f.plain, "plain-http", false, "reach the registry without TLS")
	f.cache.add(flags)
	addOutput(cmd, &f.output, outputTable)
}

// open makes the store that the flags describe; ref is what it is asked for.
func (a *app) openStore(f *storeFlags, ref string) (*store.Store, store.Policy, error) {
	var spec host.ModulesSpec
	if len(f.files) > 0 {
		var faults config.Faults
		if spec, faults = host.LoadModules(config.Load{Files: f.files, Environ: a.environ}); faults.Err() != nil {
			return nil, spec.Policy, faults
		}
		a.printFaults(faults)
	}
	for _, text := range f.trust {
		key, err := publicKey(text)
		if err != nil {
			return nil, spec.Policy, usageError{fmt.Errorf("--trust %w", err)}
		}
		spec.Policy.Trust = append(spec.Policy.Trust, key)
	}
	r, err := store.Parse(ref)
	if err != nil {
		return nil, spec.Policy, usageError{err}
	}
	if f.ca != "" || f.plain {
		h := spec.Hosts[r.Host()]
		h.PlainHTTP = h.PlainHTTP || f.plain
		if f.ca != "" {
			h.CAFile = f.ca
		}
		hosts := map[string]store.Host{r.Host(): h}
		for name, other := range spec.Hosts {
			if name != r.Host() {
				hosts[name] = other
			}
		}
		spec.Hosts = hosts
	}
	s, err := host.NewStore(spec, f.cache.path(), nil)
	return s, spec.Policy, err
}

func publicKey(text string) (minisign.PublicKey, error) {
	key, err := minisign.ParsePublicKey(text)
	if err == nil {
		return key, nil
	}
	data, readErr := os.ReadFile(text)
	if errors.Is(readErr, os.ErrNotExist) {
		return key, fmt.Errorf("%s: neither a public key, which is a line of 56 letters that begins RW, nor a file with one", text)
	}
	if readErr != nil {
		return key, readErr
	}
	if key, err = minisign.ParsePublicKey(string(data)); err != nil {
		return key, fmt.Errorf("%s: %w", text, err)
	}
	return key, nil
}

// getModule takes a module out of a store. One that is refused ends with the exit
// code of modules.
func getModule(ctx context.Context, s *store.Store, ref string) (*store.Module, error) {
	m, err := s.Get(ctx, ref)
	if err != nil {
		err = fmt.Errorf("module %s: %w", store.Show(ref), err)
	}
	if errors.Is(err, store.ErrPin) || errors.Is(err, store.ErrSignature) {
		err = moduleError{err}
	}
	return m, err
}

func oneReference(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usageError{fmt.Errorf("%s takes one module: %s", cmd.CommandPath(), store.Forms)}
	}
	return nil
}

func (a *app) modulesPushCommand() *cobra.Command {
	var f storeFlags
	cmd := &cobra.Command{
		Use:   "push MODULE oci://HOST/NAME:TAG",
		Short: "put a module into a registry",
		Long: `Puts a module into a registry under a tag, together with the signatures in
MODULE.minisig, and prints the reference with the digest that pins it. What the
host would not take is not pushed. The same module makes the same image.`,
		Example: `  weir modules push enrich.wasm oci://registry.example.com/team/enrich:1.2
  weir modules push enrich.wasm oci://localhost:5000/enrich:dev --plain-http -o json`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 2 {
				return usageError{fmt.Errorf("%s takes a module and where to: oci://HOST/NAME:TAG", cmd.CommandPath())}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.pushModule(cmd.Context(), args[0], args[1], f)
		},
	}
	f.add(cmd)
	return cmd
}

func (a *app) pushModule(ctx context.Context, from, ref string, f storeFlags) error {
	s, _, err := a.openStore(&f, ref)
	if err != nil {
		return err
	}
	to, err := store.Parse(ref)
	if err != nil {
		return usageError{err}
	}
	m, err := getModule(ctx, s, from)
	if err != nil {
		return err
	}
	report, err := inspect.Module(ctx, m.Binary, wasm.Config{CacheDir: f.cache.path()})
	if err != nil {
		return err
	}
	if !report.Usable {
		return moduleError{fmt.Errorf("%s cannot be used, so it is not pushed: %s", from, report.Faults[0])}
	}
	pushed, err := s.Push(ctx, m, to, annotations(report.Manifest))
	if err != nil {
		return fmt.Errorf("push to %s: %w", ref, err)
	}
	if f.output == outputJSON {
		return writeJSON(a.out, pushed)
	}
	t := newTable(a.out, "")
	t.row("reference", pushed.Reference)
	t.row("digest", pushed.Digest)
	t.row("size", size(pushed.Size))
	t.row("signed", yesNo(pushed.Signed))
	t.end()
	return nil
}

// annotations say in an image what the manifest says in the module.
func annotations(m *manifest.Manifest) map[string]string {
	if m == nil {
		return nil
	}
	about := map[string]string{}
	for name, text := range map[string]string{"title": m.Name, "version": m.Version, "description": m.Description, "licenses": m.Licence} {
		if text != "" {
			about["org.opencontainers.image."+name] = text
		}
	}
	return about
}

func yesNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}

func (a *app) modulesPullCommand() *cobra.Command {
	var f storeFlags
	var save string
	cmd := &cobra.Command{
		Use:   "pull MODULE",
		Short: "fetch a module into the cache, or a file",
		Long: `Fetches a module, checks its pins and, by modules.trust or --trust, its
signatures, and keeps it in the cache, so that pipelines which pin it start
without the network. --save writes it to a file, too, with its signatures beside it.`,
		Example: `  weir modules pull oci://registry.example.com/team/enrich:1.2
  weir modules pull oci://registry.example.com/team/enrich:1.2 --save enrich.wasm
  weir modules pull https://example.com/enrich.wasm@sha256:DIGEST -c weir.yaml`,
		Args: oneReference,
		RunE: func(cmd *cobra.Command, args []string) error {
			s, _, err := a.openStore(&f, args[0])
			if err != nil {
				return err
			}
			m, err := getModule(cmd.Context(), s, args[0])
			if err == nil && save != "" {
				err = m.Save(save)
			}
			if err != nil {
				return err
			}
			return a.showOrigin(m, f)
		},
	}
	f.add(cmd)
	cmd.Flags().StringVar(&save, "save", "", "write the module to a `FILE`")
	return cmd
}

func (a *app) modulesListCommand() *cobra.Command {
	var output string
	var cache cacheFlag
	cmd := &cobra.Command{
		Use:   "list",
		Short: "list the modules in the cache",
		Long: `Lists what was fetched and is in the cache: the reference, the digest of the
module, its size, and when it was fetched. With -o json the digest of an image's
manifest, too. A file of the cache may be deleted at any time.`,
		Example: "  weir modules list\n  weir modules list -o json",
		Args:    noArgs,
		RunE:    func(*cobra.Command, []string) error { return a.listModules(cache, output) },
	}
	cache.add(cmd.Flags())
	addOutput(cmd, &output, outputTable)
	return cmd
}

func (a *app) listModules(cache cacheFlag, output string) error {
	s, err := host.NewStore(host.ModulesSpec{}, cache.path(), nil)
	if err != nil {
		return err
	}
	all, err := s.List()
	if err != nil {
		return err
	}
	if output == outputJSON {
		return writeJSON(a.out, append([]store.Origin{}, all...))
	}
	t := newTable(a.out, "")
	for _, o := range all {
		t.row(o.Reference, o.Digest, bytesText(uint64(o.Size)), o.Fetched.Format(time.RFC3339))
	}
	t.end()
	return nil
}

func (a *app) modulesInspectCommand() *cobra.Command {
	var f storeFlags
	cmd := &cobra.Command{
		Use:   "inspect MODULE",
		Short: "say where a module comes from, and who signed it",
		Long: `Says what a reference stands for: the digests, the reference that is pinned to
them, and the signatures, whether they are by trusted keys or not. What the module
itself is and imports, weir inspect MODULE says.`,
		Example: `  weir modules inspect oci://registry.example.com/team/enrich:1.2
  weir modules inspect enrich.wasm --trust team.pub -o json`,
		Args: oneReference,
		RunE: func(cmd *cobra.Command, args []string) error {
			s, policy, err := a.openStore(&f, args[0])
			if err != nil {
				return err
			}
			policy.RequireSignature = false // which is what is asked for here
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

// origin is a module and where it comes from, as -o json prints it.
type origin struct {
	Module     string            `json:"module"`
	Pinned     string            `json:"pinned"`
	Digest     string            `json:"digest"`
	Manifest   string            `json:"manifest,omitempty"`
	Size       int               `json:"size"`
	Name       string            `json:"name,omitempty"`
	Version    string            `json:"version,omitempty"`
	Cached     bool              `json:"cached"`
	Signatures []originSignature `json:"signatures"`
}

type originSignature struct {
	Key     string `json:"key"`
	Trusted bool   `json:"trusted"`
	Comment string `json:"comment,omitempty"` // of a trusted key: those of others are worth nothing
}

func describeOrigin(m *store.Module) (origin, error) {
	pinned := m.Reference
	if pinned.Manifest = m.Manifest; m.Manifest == "" {
		pinned.Digest = m.Digest
	}
	o := origin{
		Module: store.Show(m.Reference.String()), Pinned: store.Show(pinned.String()), Digest: m.Digest, Manifest: m.Manifest,
		Size: len(m.Binary), Cached: m.Cached, Signatures: []originSignature{},
	}
	if sections, err := section.Parse(m.Binary); err == nil {
		if about, err := manifest.Read(sections); err == nil && about != nil {
			o.Name, o.Version = about.Name, about.Version
		}
	}
	all, err := m.Signatures()
	if err != nil {
		return o, moduleError{fmt.Errorf("%s: %w", o.Module, err)}
	}
	for _, s := range all {
		one := originSignature{Key: s.KeyID()}
		if s.KeyID() == m.Signer {
			one.Trusted, one.Comment = true, m.Comment
		}
		o.Signatures = append(o.Signatures, one)
	}
	return o, nil
}

func (a *app) showOrigin(m *store.Module, f storeFlags) error {
	o, err := describeOrigin(m)
	if err != nil {
		return err
	}
	if f.output == outputJSON {
		return writeJSON(a.out, o)
	}
	t := newTable(a.out, "")
	t.row("module", o.Module)
	t.row("pinned", o.Pinned)
	t.row("digest", o.Digest)
	t.row("size", size(o.Size))
	t.rowIf(o.Name != "", "plugin", o.Name+" "+o.Version)
	t.rowIf(m.Reference.Remote(), "cached", yesNo(o.Cached))
	t.rowIf(len(o.Signatures) == 0, "signed", "no")
	for _, s := range o.Signatures {
		if s.Trusted {
			t.row("signed", fmt.Sprintf("by the trusted key %s: %s", s.Key, s.Comment))
		} else {
			t.row("signed", fmt.Sprintf("by key %s, which is not among the trusted", s.Key))
		}
	}
	t.end()
	return nil
}
