package schema

import (
	"strconv"
	"strings"

	"github.com/weirhq/weir/host/config"
)

// Setting is one setting of a registry that is in force.
type Setting struct {
	// Name is the usual one; Spelling is what the configuration wrote, empty for
	// a default.
	Name, Spelling string
	// Value is masked where it is secret.
	Value string
	Pos   config.Pos
}

// Explain lists the settings that are in force, given ones and defaults.
func (c *RegistryConfig) Explain() []Setting { return c.settings }

// explain keeps what Explain lists. It comes after all has been read: the names
// that it asks for are no new ones.
func (c *RegistryConfig) explain(s *config.Section) {
	for _, setting := range []struct{ name, other, value string }{
		{"url", "urls", strings.Join(c.URLs, ",")},
		{"username", "", c.Username},
		{"password", "", c.Password.String()},
		{"ssl_cafile", "ssl_ca_location", c.CAFile},
		{"ssl_certfile", "ssl_certificate_location", c.CertFile},
		{"ssl_keyfile", "ssl_key_location", c.KeyFile},
		{"request_timeout", "", c.RequestTimeout.String()},
		{"give_up_after", "", c.GiveUpAfter.String()},
		{"latest_for", "", c.LatestFor.String()},
		{"cache_size", "", strconv.Itoa(c.CacheSize)},
	} {
		if setting.value == "" {
			continue
		}
		explained := Setting{Name: setting.name, Value: setting.value}
		for _, spelling := range []string{setting.name, setting.other} {
			n := given(s, spelling)
			if n == nil {
				continue
			}
			explained.Spelling, explained.Pos = spelling, n.Pos
			if n.Secret {
				explained.Value = n.Shown()
			}
			break
		}
		c.settings = append(c.settings, explained)
	}
}

func given(s *config.Section, name string) *config.Node {
	if name == "" {
		return nil
	}
	return s.Get(name)
}
