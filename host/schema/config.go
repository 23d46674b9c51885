package schema

import (
	"fmt"
	"math"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/weirhq/weir/host/config"
)

// Op is what a step does.
type Op string

// The operations.
const (
	Decode Op = "decode"
	Encode Op = "encode"
)

// Mode says how far a step goes.
type Mode string

// The modes. JSON is for both; Strip and Keep decode, Apply encodes.
const (
	// JSON takes the id off and makes JSON of the payload, or the reverse.
	JSON Mode = "json"
	// Strip takes the id off and leaves the payload as it is.
	Strip Mode = "strip"
	// Keep leaves all as it is and only notes the id.
	Keep Mode = "keep"
	// Apply puts the id in front of the payload as it is.
	Apply Mode = "apply"
)

// Part is the part of an event that has a schema.
type Part string

// The parts.
const (
	Value Part = "value"
	Key   Part = "key"
)

// OnMissing says what to do with an event without a schema id.
type OnMissing string

// The ways to treat a missing id.
const (
	FailMissing OnMissing = "error"
	PassMissing OnMissing = "pass"
	DropMissing OnMissing = "drop"
)

// Unions says how values of Avro's unions look in JSON.
type Unions string

// The looks. AutoUnions is plain, but tagged in schemas where plain values do
// not tell which of the union's types they are of.
const (
	AutoUnions   Unions = "auto"
	PlainUnions  Unions = "plain"
	TaggedUnions Unions = "tagged"
)

// Latest is the version that stands for the newest one.
const Latest = -1

// Config is one step as configured.
type Config struct {
	// Lookups, when set, counts how the step finds its schemas.
	Lookups   *Lookups
	Op        Op
	Mode      Mode
	Of        Part
	OnMissing OnMissing
	Unions    Unions
	// ID or Subject with Version fix the schema that an encode step uses. With
	// neither it is the one that the event's context names.
	ID      int
	Subject string
	Version int
	// Message is the full name of the Protobuf message to encode.
	Message string
	// Registry is the step's own, nil where it has that of a connection.
	Registry *RegistryConfig
	Pos      config.Pos
}

// Fixed tells whether the step names its schema itself.
func (c *Config) Fixed() bool { return c.ID != 0 || c.Subject != "" }

// Read takes a step, {decode: {...}} or {encode: {...}}, out of a section.
func Read(s *config.Section) *Config {
	c := &Config{Op: Decode, Pos: s.Pos(), Version: Latest}
	decode, encode := s.Get(string(Decode)), s.Get(string(Encode))
	n := decode
	switch {
	case decode != nil && encode != nil:
		s.Fault(encode.Pos, string(Encode), "a step either decodes or encodes", "make two processors of it")
	case encode != nil:
		c.Op, n = Encode, encode
	case decode == nil:
		s.Fault(s.Pos(), "", "says neither decode nor encode", "write {decode: {}} or {encode: {}}")
		return c
	}
	sub := s.Open(n, string(c.Op))
	c.read(sub)
	if r := sub.Get("schema_registry"); r != nil {
		c.Registry = ReadRegistry(sub, r)
	}
	return c
}

func (c *Config) read(s *config.Section) {
	c.Of = Part(s.Enum("of", string(Value), string(Value), string(Key)))
	c.OnMissing = OnMissing(s.Enum("on_missing", string(FailMissing), string(FailMissing), string(PassMissing), string(DropMissing)))
	if c.Op == Decode {
		c.Mode = Mode(s.Enum("mode", string(JSON), string(JSON), string(Strip), string(Keep)))
		c.Unions = Unions(s.Enum("avro_unions", string(AutoUnions), string(AutoUnions), string(PlainUnions), string(TaggedUnions)))
		return
	}
	c.Mode = Mode(s.Enum("mode", string(JSON), string(JSON), string(Apply)))
	c.ID = int(s.Int("id", 0, 1, math.MaxInt32))
	c.Subject = s.String("subject", "")
	c.Message = s.String("message", "")
	if text, _, ok := s.Text("version"); ok && text != "latest" {
		c.Version = int(s.Int("version", Latest, 1, math.MaxInt32))
		if c.Subject == "" {
			s.Fault(s.Pos(), "version", "needs a subject", "write subject: NAME, such as orders-value")
		}
	}
	if c.ID != 0 && c.Subject != "" {
		s.Fault(s.Pos(), "id", "and subject name two schemas", "keep one")
	}
}

// RegistryConfig is how to reach a registry. Errors and logs show neither
// login nor key.
type RegistryConfig struct {
	// URLs are asked in turn when one does not answer.
	URLs     []string
	Username string
	Password config.Secret
	// CAFile, CertFile and KeyFile are PEM files. Certificate and key are read
	// for each connection, so new ones count without a restart.
	CAFile, CertFile, KeyFile string
	// RequestTimeout bounds one request.
	RequestTimeout time.Duration
	// GiveUpAfter is how long a registry that does not answer is waited for.
	GiveUpAfter time.Duration
	// LatestFor is how long the newest version of a subject is taken for that.
	LatestFor time.Duration
	// CacheSize is how many schemas are kept.
	CacheSize int
	// Path is the registry's place in the configuration, Pos the one in its file.
	Path string
	Pos  config.Pos

	settings []Setting
}

// The defaults of a RegistryConfig.
const (
	defaultRequestTimeout = 10 * time.Second
	defaultGiveUpAfter    = 2 * time.Minute
	defaultLatestFor      = 5 * time.Minute
	defaultCacheSize      = 1000
)

// ReadRegistry reads n, which was taken from s as schema_registry: a map, or
// its URLs alone.
func ReadRegistry(s *config.Section, n *config.Node) *RegistryConfig {
	const name = "schema_registry"
	if n.Kind != config.Map {
		urls := n
		n = config.NewMap(urls.Pos)
		n.Put("url", urls.Pos, urls)
	}
	s = s.Open(n, name)
	c := &RegistryConfig{
		URLs:           readURLs(s),
		Username:       s.String("username", ""),
		CAFile:         either(s, "ssl_cafile", "ssl_ca_location"),
		CertFile:       either(s, "ssl_certfile", "ssl_certificate_location"),
		KeyFile:        either(s, "ssl_keyfile", "ssl_key_location"),
		RequestTimeout: duration(s, "request_timeout", defaultRequestTimeout),
		GiveUpAfter:    duration(s, "give_up_after", defaultGiveUpAfter),
		LatestFor:      duration(s, "latest_for", defaultLatestFor),
		CacheSize:      int(s.Int("cache_size", defaultCacheSize, 1, 1_000_000)),
		Path:           s.Path(),
		Pos:            n.Pos,
	}
	if _, _, ok := s.Text("password"); ok {
		c.Password = s.Get("password").Secretly()
	}
	c.check(s)
	c.explain(s)
	return c
}

// Same tells whether two configurations are of one registry, in which an id
// means the same.
func (c *RegistryConfig) Same(other *RegistryConfig) bool {
	return c == other || slices.ContainsFunc(c.URLs, func(url string) bool { return slices.Contains(other.URLs, url) })
}

func duration(s *config.Section, name string, def time.Duration) time.Duration {
	d := s.Duration(name, def, time.Second)
	if d < time.Millisecond || d > 24*time.Hour {
		s.Fault(s.Get(name).Pos, name, "must be between 1ms and 24h", "")
		return def
	}
	return d
}

// either takes one of two names of a setting.
func either(s *config.Section, name, other string) string {
	a, _, given := s.Text(name)
	b, pos, both := s.Text(other)
	if given && both && a != b {
		s.Fault(pos, other, "says something else than "+name+", another name of it", "keep one")
	}
	if given {
		return a
	}
	return b
}

func readURLs(s *config.Section) []string {
	var urls []string
	for _, name := range []string{"url", "urls"} {
		urls = append(urls, s.StringList(name)...)
		for _, n := range s.List(name) {
			checkURLs(s, name, n)
		}
	}
	if len(urls) == 0 {
		s.Fault(s.Pos(), "url", "is missing", "write url: http://HOST:8081")
	}
	return urls
}

func checkURLs(s *config.Section, name string, n *config.Node) {
	for _, text := range config.SplitList(n.Value) {
		shown := text
		if n.Secret {
			shown = n.Shown()
		}
		u, err := url.Parse(text)
		switch {
		case err != nil: // the reason would show the URL, and with it a login
			s.Fault(n.Pos, name, "is not a URL", "write http://HOST:8081")
		case u.User != nil:
			s.Fault(n.Pos, name, "holds a login", "write it into username and password: they are never shown")
		case u.Scheme != "http" && u.Scheme != "https", u.Host == "":
			s.Fault(n.Pos, name, fmt.Sprintf("%q is not the URL of a registry", shown), "write http://HOST:8081 or https://HOST")
		case u.RawQuery != "" || u.Fragment != "":
			s.Fault(n.Pos, name, fmt.Sprintf("%q has more than a path behind its host", shown), "write http://HOST:8081 or https://HOST/PATH")
		}
	}
}

func (c *RegistryConfig) check(s *config.Section) {
	if (c.CertFile == "") != (c.KeyFile == "") {
		s.Fault(s.Pos(), "ssl_certfile", "and ssl_keyfile go together", "give both or none")
	}
	secure := func(url string) bool { return strings.HasPrefix(strings.ToLower(url), "https:") }
	if len(c.URLs) > 0 && !slices.ContainsFunc(c.URLs, secure) && c.CAFile+c.CertFile != "" {
		s.Fault(s.Pos(), "url", "is not https, but ssl files are given", "write https://")
	}
	if c.Username == "" && !c.Password.IsZero() {
		s.Fault(s.Pos(), "username", "is missing, but there is a password", "")
	}
}
