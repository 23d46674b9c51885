package host

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/weirhq/weir/host/config"
	"github.com/weirhq/weir/host/minisign"
	"github.com/weirhq/weir/host/plugin"
	"github.com/weirhq/weir/host/store"
	"github.com/weirhq/weir/plugins"
)

// ModulesSpec says how modules are found and which may be used.
type ModulesSpec struct {
	Policy  store.Policy
	Hosts   map[string]store.Host
	Timeout time.Duration
}

// NewStore makes the store of modules. cacheDir is that of Options.
func NewStore(m ModulesSpec, cacheDir string, log *zap.Logger) (*store.Store, error) {
	cfg := store.Config{Builtin: plugins.Lookup, Builtins: plugins.Names, Hosts: m.Hosts, Policy: m.Policy, Timeout: m.Timeout, Log: log}
	if cacheDir != "" {
		cfg.CacheDir = filepath.Join(cacheDir, "modules")
	}
	return store.New(cfg)
}

// LoadModules reads what a configuration says of modules, and nothing else of it.
func LoadModules(load config.Load) (ModulesSpec, config.Faults) {
	load.Convert, load.Sections = fromINI, sections
	l := &loader{root: load.Tree(), spec: new(Spec)}
	l.readModules()
	for _, e := range l.root.Entries() {
		l.root.Take(e)
	}
	return l.spec.Modules, l.root.Finish()
}

// signer tells the log by whose key a module is signed, if that was checked.
func signer(p *plugin.Plugin) zap.Field {
	if p.Signer() == "" {
		return zap.Skip()
	}
	return zap.String("signer", p.Signer())
}

// The most time that a module may be fetched for.
const mostFetch = time.Hour

func (l *loader) readModules() {
	s := l.root.Section("modules")
	m := &l.spec.Modules
	m.Timeout = s.Duration("timeout", store.DefaultTimeout, time.Second)
	if m.Timeout < time.Millisecond || m.Timeout > mostFetch {
		s.Fault(s.Get("timeout").Pos, "timeout", "must be between 1ms and 1h", "")
	}
	for _, n := range s.List("trust") {
		for _, text := range config.SplitList(n.Value) {
			if key, ok := readTrusted(s, n, text); ok {
				m.Policy.Trust = append(m.Policy.Trust, key)
			}
		}
	}
	m.Policy.RequireSignature = s.Bool("require_signature", false)
	if m.Policy.RequireSignature && s.Get("trust") == nil {
		s.Fault(s.Get("require_signature").Pos, "require_signature", "nobody is trusted, so every module would be refused", "write trust: [FILE.pub], with the public keys of those who sign")
	}
	hosts := s.Section("hosts")
	m.Hosts = map[string]store.Host{}
	for _, e := range hosts.Entries() {
		hosts.Take(e)
		m.Hosts[e.Key] = readHost(hosts.Open(e.Node, e.Key), e)
	}
}

// readTrusted takes a public key, or the name of a file that has one. Paths begin
// at the folder of the configuration file.
func readTrusted(s *config.Section, n *config.Node, text string) (minisign.PublicKey, bool) {
	key, err := minisign.ParsePublicKey(text)
	if err == nil {
		return key, true
	}
	data, readErr := os.ReadFile(besideFile(n.Pos, text))
	switch {
	case os.IsNotExist(readErr):
		s.Fault(n.Pos, "trust", fmt.Sprintf("%q is neither a public key nor a file with one", text), "keys are lines of 56 letters that begin RW; weir modules keygen makes one; paths begin at the folder of the configuration file")
	case readErr != nil:
		s.Fault(n.Pos, "trust", readErr.Error(), "")
	default:
		if key, err = minisign.ParsePublicKey(string(data)); err == nil {
			return key, true
		}
		s.Fault(n.Pos, "trust", fmt.Sprintf("%s: %v", text, err), "name the .pub file")
	}
	return key, false
}

// besideFile is a path that begins at the folder of the file in which it stands.
func besideFile(pos config.Pos, path string) string {
	if filepath.IsAbs(path) || pos.Line == 0 {
		return path
	}
	return filepath.Join(filepath.Dir(pos.File), path)
}

func readHost(s *config.Section, e config.Entry) store.Host {
	h := store.Host{
		Username:  s.String("username", ""),
		CAFile:    s.String("ssl_cafile", ""),
		PlainHTTP: s.Bool("plain_http", false),
	}
	secret := func(name string) (text config.Secret) {
		if _, _, ok := s.Text(name); ok {
			text = s.Get(name).Secretly()
		}
		return text
	}
	h.Password, h.Token = secret("password"), secret("token")
	switch {
	case strings.ContainsAny(e.Key, "/@ ") || e.Key == "":
		s.Fault(e.Pos, "", "is not a host", "write HOST or HOST:PORT, as it stands in references")
	case h.Username == "" && !h.Password.IsZero():
		s.Fault(s.Get("password").Pos, "password", "has no username", "write both, or a token")
	case h.Username != "" && !h.Token.IsZero():
		s.Fault(s.Get("token").Pos, "token", "is there beside username", "keep one way to log in")
	case h.PlainHTTP && (h.Username != "" || !h.Token.IsZero()):
		s.Warn(s.Get("plain_http").Pos, "plain_http", "the login is sent without TLS", "leave it out, or trust the registry's certificate by ssl_cafile")
	}
	return h
}

// module checks that a module can be there, and returns its reference. What comes
// over the network is not looked for.
func (l *loader) module(s *config.Section, n *config.Node) string {
	ref := n.Value
	if digest, pos, ok := s.Text("digest"); ok {
		digest = strings.ToLower(digest)
		if err := store.CheckDigest(digest); err != nil {
			s.Fault(pos, "digest", err.Error(), "")
		} else {
			ref += "#" + digest
		}
	}
	folder := ""
	if n.Pos.Line != 0 { // a place in a file
		folder = filepath.Dir(n.Pos.File)
	}
	path, message, hint := findModule(ref, folder, l.builtins)
	if message != "" {
		s.Fault(n.Pos, "module", message, hint)
	}
	return path
}

// findModule makes of a reference one that holds everywhere. Relative paths begin
// at folder. message says what is wrong with it, if anything.
func findModule(ref, folder string, builtins []string) (found, message, hint string) {
	r, err := store.Parse(ref)
	switch {
	case err != nil:
		return ref, err.Error(), ""
	case r.Kind == store.Builtin && !slices.Contains(builtins, r.Name):
		hint := "there are: " + strings.Join(builtins, ", ")
		if near := config.Nearest(r.Name, builtins); near != "" {
			hint = fmt.Sprintf("did you mean %q?", "builtin:"+near)
		}
		return ref, fmt.Sprintf("no module is built in as %q", r.Name), hint
	case r.NeedsDigest():
		return ref, "a URL has to be pinned", "add @sha256:DIGEST to it, or write digest: sha256:DIGEST beside it; sha256sum prints the digest of a file"
	case r.Kind == store.File:
		name := r.Name
		if !filepath.IsAbs(name) {
			r.Name = filepath.Join(folder, name)
		}
		if r.Name, err = filepath.Abs(r.Name); err != nil {
			return ref, err.Error(), ""
		}
		message, hint = missing(r.Name, name)
	}
	return r.String(), message, hint
}

// missing says why a file cannot be a module, if so.
func missing(path, name string) (message, hint string) {
	switch info, err := os.Stat(path); {
	case os.IsNotExist(err):
		return fmt.Sprintf("there is no file %q", name), "paths begin at the folder of the configuration file; build the module first"
	case err != nil:
		return err.Error(), ""
	case info.IsDir():
		return fmt.Sprintf("%q is a folder", name), "name the .wasm file in it"
	case !info.Mode().IsRegular():
		return fmt.Sprintf("%q is not a regular file", name), "name a .wasm file"
	}
	return "", ""
}

// moduleName is what a processor is called that has no name of its own.
func moduleName(ref string) string {
	r, err := store.Parse(ref)
	if err != nil {
		return "module"
	}
	return r.Short()
}

func modulesSchema() config.Schema {
	return config.MapSchema(map[string]any{
		"trust":             config.ListSchema().Doc("Public keys of minisign, or files that have one: those whose signatures count."),
		"require_signature": config.BoolSchema().Doc("Whether modules that none of them signed are refused.").With("default", false),
		"timeout":           config.DurationSchema(0, int64(mostFetch/time.Second), time.Second).Doc("The most time for fetching one module.").With("default", store.DefaultTimeout.Seconds()),
		"hosts": config.NamedSchema("^[^/@ ]+$", config.MapSchema(map[string]any{
			"username":   config.TextSchema().Doc("The user. Without one, the login that docker has for a registry is used."),
			"password":   config.TextSchema().Doc("The password.").With("x-secret", true),
			"token":      config.TextSchema().Doc("A token to show instead.").With("x-secret", true),
			"ssl_cafile": config.TextSchema().Doc("PEM file of the authorities to trust."),
			"plain_http": config.BoolSchema().Doc("Whether the registry is reached without TLS.").With("default", false),
		})).Doc("How to reach registries and servers, by HOST or HOST:PORT."),
	})
}
