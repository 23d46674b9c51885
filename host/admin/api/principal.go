package api

import (
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// Role says what somebody may do. Each may do what those before it may.
type Role string

// The roles, from the least.
const (
	Viewer      Role = "viewer"       // look
	Operator    Role = "operator"     // pause, resume, clear errors
	TenantAdmin Role = "tenant-admin" // all that concerns a tenant alone
	Admin       Role = "admin"        // all

	anybody Role = "" // no token is needed
)

// Roles are all of them, from the least.
var Roles = []Role{Viewer, Operator, TenantAdmin, Admin}

func (r Role) includes(other Role) bool {
	return slices.Index(Roles, r) >= slices.Index(Roles, other)
}

// Token lets in who shows it.
type Token struct {
	// Name is what the log calls its bearer.
	Name string
	Role Role
	// Tenant, when set, is all that the bearer sees.
	Tenant string
	// Reveal reads the token, at each request: one of a file may change.
	Reveal func() (string, error)
}

// Client lets in who has a certificate of TLS's ClientCA with a name.
type Client struct {
	// Name is a DNS name, URI, e-mail address or common name of the certificate.
	Name   string
	Role   Role
	Tenant string
}

// minToken is the least length of a token: there is no other hindrance to
// guessing one.
const minToken = 16

// principal is who makes a request.
type principal struct {
	name   string
	role   Role
	tenant string // "" is all of them
}

// sees tells whether what belongs to a tenant exists for the principal.
func (p principal) sees(tenant string) bool { return p.tenant == "" || p.tenant == tenant }

func (c *Config) authenticates() bool {
	return len(c.Tokens) > 0 || c.TLS != nil && c.TLS.ClientCA != ""
}

// identify says who makes a request: a token first, since it is said with the
// request, then the certificate of the connection.
func (s *Server) identify(r *http.Request) (principal, error) {
	if !s.cfg.authenticates() {
		return principal{name: "local", role: Admin}, nil
	}
	if header := r.Header.Get("Authorization"); header != "" {
		return s.bearer(header)
	}
	if r.TLS != nil && len(r.TLS.VerifiedChains) > 0 {
		return s.certified(r.TLS.VerifiedChains[0][0])
	}
	return principal{}, refuse(NoToken, "send the header Authorization: Bearer TOKEN, or with weir --token", "the request has no token")
}

// bearer compares with every token, in a time that says nothing of any of them.
func (s *Server) bearer(header string) (principal, error) {
	scheme, shown, ok := strings.Cut(header, " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return principal{}, refuse(BadToken, "send Authorization: Bearer TOKEN", "the header Authorization is not of the scheme Bearer")
	}
	given := sha256.Sum256([]byte(strings.TrimSpace(shown)))
	found := -1
	for i := range s.cfg.Tokens {
		secret, err := s.cfg.Tokens[i].Reveal()
		if err != nil {
			s.audit.unreadable(s.cfg.Tokens[i].Name, err)
			continue
		}
		want := sha256.Sum256([]byte(secret))
		if subtle.ConstantTimeCompare(given[:], want[:]) == 1 && len(secret) >= minToken {
			found = i
		}
	}
	if found < 0 {
		return principal{}, refuse(BadToken, "", "the token is not known")
	}
	t := s.cfg.Tokens[found]
	return principal{"token " + t.Name, t.Role, t.Tenant}, nil
}

func (s *Server) certified(cert *x509.Certificate) (principal, error) {
	names := append(slices.Clone(cert.DNSNames), cert.EmailAddresses...)
	for _, uri := range cert.URIs {
		names = append(names, uri.String())
	}
	if cn := cert.Subject.CommonName; cn != "" {
		names = append(names, cn)
	}
	for _, c := range s.cfg.Clients {
		if slices.Contains(names, c.Name) {
			return principal{"certificate " + c.Name, c.Role, c.Tenant}, nil
		}
	}
	return principal{}, refuse(BadToken, "add one of the names to admin.clients", "no name of the client's certificate is known: %s", strings.Join(names, ", "))
}

// allow holds a principal against what an operation wants.
func allow(p principal, op *operation) error {
	switch {
	case !p.role.includes(op.role):
		return refuse(RoleTooLow, fmt.Sprintf("it needs the role %s", op.role), "%s has the role %s", p.name, p.role)
	case op.whole && p.tenant != "":
		return refuse(TenantOnly, "", "%s belongs to tenant %s", p.name, p.tenant)
	}
	return nil
}
