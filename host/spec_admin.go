package host

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/weirhq/weir/host/admin/api"
	"github.com/weirhq/weir/host/config"
	"github.com/weirhq/weir/host/tap"
)

// readAdmin reads where the admin API is served and to whom; nil is nowhere. The
// address is "" where the configuration has none. Paths begin at the folder of the
// file that has them.
func readAdmin(s *config.Section) *api.Config {
	cfg := &api.Config{Names: s.StringList("names")}
	listen, pos, chosen := s.Text("listen")
	if path, ok := strings.CutPrefix(listen, "unix:"); ok {
		listen = "unix:" + beside(path, pos)
	}
	cfg.Listen = listen
	if tls := s.Section("tls"); tls.Present() {
		cfg.TLS = &api.TLS{CertFile: adminFile(tls, "cert_file", true), KeyFile: adminFile(tls, "key_file", true), ClientCA: adminFile(tls, "client_ca_file", false)}
	}
	complete := readPeople(s, cfg)
	if listen == "off" {
		return nil
	}
	if complete && (cfg.TLS == nil || cfg.TLS.CertFile != "" && cfg.TLS.KeyFile != "") {
		checked := *cfg
		if !chosen {
			checked.Listen, pos = api.DefaultListen, s.Pos()
		}
		if f := checked.Check(); f != nil {
			if f.Key != "listen" {
				pos = s.Pos()
			}
			s.Fault(pos, f.Key, f.Message, f.Hint)
		}
	}
	return cfg
}

// readRedaction reads what nobody sees of events.
func readRedaction(s *config.Section) *tap.Redaction {
	r := &tap.Redaction{Fields: s.StringList("fields"), Headers: s.StringList("headers"), Keys: s.Bool("keys", false)}
	if !s.Present() {
		return nil
	}
	return r
}

// readPeople reads who may do what. complete is false after a fault.
func readPeople(s *config.Section, cfg *api.Config) (complete bool) {
	tokens, complete := readTokens(s)
	cfg.Tokens = append(cfg.Tokens, tokens...)
	for i, n := range s.List("clients") {
		c := s.Open(n, fmt.Sprintf("clients[%d]", i))
		if !c.Present() {
			complete = false
			continue
		}
		cfg.Clients = append(cfg.Clients, api.Client{Name: required(c, "name", &complete), Role: readRole(c, &complete)})
	}
	return complete
}

// readTokens reads tokens. complete is false after a fault.
func readTokens(s *config.Section) (tokens []api.Token, complete bool) {
	complete = true
	for i, n := range s.List("tokens") {
		t := s.Open(n, fmt.Sprintf("tokens[%d]", i))
		if !t.Present() { // which was reported
			complete = false
			continue
		}
		token := api.Token{Name: required(t, "name", &complete), Role: readRole(t, &complete)}
		if secret := t.Get("token"); secret != nil && secret.Kind == config.Scalar {
			token.Reveal = secret.Secretly().Reveal
		} else {
			t.Fault(t.Pos(), "token", "is missing", "write token: ${file:PATH}; make one with: openssl rand -hex 32")
			complete = false
		}
		tokens = append(tokens, token)
	}
	return tokens, complete
}

// required takes text that has to be there.
func required(s *config.Section, name string, complete *bool) string {
	text, _, ok := s.Text(name)
	if !ok {
		s.Fault(s.Pos(), name, "is missing", "")
		*complete = false
	}
	return text
}

func readRole(s *config.Section, complete *bool) api.Role {
	words := make([]string, len(api.Roles))
	for i, r := range api.Roles {
		words[i] = string(r)
	}
	if _, _, ok := s.Text("role"); !ok {
		s.Fault(s.Pos(), "role", "is missing", "one of "+strings.Join(words, ", "))
		*complete = false
	}
	role := api.Role(s.Enum("role", "", words...))
	*complete = *complete && role != ""
	return role
}

func adminFile(s *config.Section, name string, needed bool) string {
	path, pos, ok := s.Text(name)
	switch {
	case ok:
		return beside(path, pos)
	case needed:
		s.Fault(s.Pos(), name, "is missing", "name a PEM file")
	}
	return ""
}

// beside is a path that a configuration file has, seen from where weir runs.
func beside(path string, pos config.Pos) string {
	if filepath.IsAbs(path) || pos.Line == 0 { // no place in a file
		return path
	}
	return filepath.Join(filepath.Dir(pos.File), path)
}

func roleSchema() config.Schema {
	words := make([]string, len(api.Roles))
	for i, r := range api.Roles {
		words[i] = string(r)
	}
	return config.WordSchema(words...).Doc("What it may do; each role may do what those before it may.")
}

func tokenSchema() config.Schema {
	return config.MapSchema(map[string]any{
		"name":  config.TextSchema().Doc("How the log calls the bearer."),
		"token": config.TextSchema().Doc("What the bearer shows; 16 characters at least.").With("x-secret", true),
		"role":  roleSchema(),
	}).With("required", []string{"name", "token", "role"})
}

func adminSchema() config.Schema {
	return config.MapSchema(map[string]any{
		"listen": config.TextSchema().Doc("HOST:PORT, unix:PATH or off.").With("default", api.DefaultListen),
		"names":  config.ListSchema().Doc("Names under which weir is reached, besides loopback and those of the certificate."),
		"tls": config.MapSchema(map[string]any{
			"cert_file":      config.TextSchema().Doc("PEM file of the certificate and its chain."),
			"key_file":       config.TextSchema().Doc("PEM file of its key."),
			"client_ca_file": config.TextSchema().Doc("PEM file of the authorities that sign certificates of clients."),
		}).With("required", []string{"cert_file", "key_file"}).Doc("TLS. The files are read again when they change."),
		"redact": config.MapSchema(map[string]any{
			"fields":  config.ListSchema().Doc("Members of JSON payloads and names of the context that show as ***: password at any depth, card.number in a card only."),
			"headers": config.ListSchema().Doc("Headers whose values show as ***."),
			"keys":    config.BoolSchema().Doc("Whether keys show as ***.").With("default", false),
		}).Doc("What nobody sees of events, in weir tap."),
		"tokens": config.ItemsSchema(tokenSchema()).Doc("Who may do what, by tokens."),
		"clients": config.ItemsSchema(config.MapSchema(map[string]any{
			"name": config.TextSchema().Doc("A DNS name, URI, e-mail address or common name of the certificate."),
			"role": roleSchema(),
		}).With("required", []string{"name", "role"})).Doc("Who may do what, by certificates."),
	})
}
