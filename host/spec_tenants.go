package host

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/weirhq/weir/host/admin/api"
	"github.com/weirhq/weir/host/config"
	"github.com/weirhq/weir/host/kafka"
	"github.com/weirhq/weir/host/plugin"
	"github.com/weirhq/weir/host/store"
	"github.com/weirhq/weir/host/tenant"
)

// TenantSpec is what the host lets one tenant do. Its pipelines are among those
// of the Spec, called TENANT/PIPELINE, and so are its connections.
type TenantSpec struct {
	Name  string
	Rules tenant.Rules
	Quota tenant.Quota
	// Modules are the references that its processors may have; files are absolute.
	Modules tenant.Patterns
	Pos     config.Pos
}

// The bounds of quotas.
const (
	mostWeight  = 10_000
	mostCores   = 1024
	mostEntries = 1_000_000
	mostRate    = 1e12
)

// slash parts a tenant's name from those of its pipelines and connections: plain
// names have none.
const slash = "/"

// tenantOf is the tenant that a pipeline belongs to, or "".
func tenantOf(pipeline string) string {
	if name, _, ok := strings.Cut(pipeline, slash); ok {
		return name
	}
	return ""
}

// readTenants reads what the tenants have: each with a loader of its own, which
// sees the shared connections and nothing of other tenants.
func (l *loader) readTenants() {
	all := l.root.Section("tenants")
	for _, e := range all.Entries() {
		all.Take(e)
		s := all.Open(e.Node, e.Key)
		checkName(s, e)
		t := readTenant(s, e)
		l.readTenantTokens(s, t)
		l.spec.Tenants = append(l.spec.Tenants, t)
		own := *l
		own.tenant = t
		own.connections, own.registries = maps.Clone(l.connections), maps.Clone(l.registries)
		own.readTenant(s)
	}
}

// readTenant takes the connections and pipelines of a tenant.
func (l *loader) readTenant(s *config.Section) {
	l.own = kafka.ReadLayer("kafka of tenant "+l.tenant.Name, s.Section("kafka"), 0)
	connections := s.Section("connections")
	for _, e := range connections.Entries() {
		connections.Take(e)
		c := connections.Open(e.Node, e.Key)
		checkName(c, e)
		if shared := l.spec.Connections[e.Key]; shared != nil {
			c.Fault(e.Pos, "", fmt.Sprintf("another connection is called %q, at %s, which all tenants may use", e.Key, shared.Pos), "choose another name")
		}
		l.readConnection(c, e, l.tenant.Name+slash+e.Key)
	}
	limits := readLimits(s, plugin.DefaultLimits)
	pipelines := s.Section("pipelines")
	entries := pipelines.Entries()
	if most := l.tenant.Quota.Pipelines; most > 0 && len(entries) > most {
		pipelines.Fault(entries[most].Pos, "", fmt.Sprintf("are %d, but quota.pipelines is %d", len(entries), most), "raise the quota, or remove a pipeline")
	}
	for _, e := range entries {
		pipelines.Take(e)
		p := pipelines.Open(e.Node, e.Key)
		checkName(p, e)
		e.Key = l.tenant.Name + slash + e.Key
		l.spec.Pipelines = append(l.spec.Pipelines, l.readPipeline(p, e, limits))
	}
}

// readTenant takes what a tenant may do.
func readTenant(s *config.Section, e config.Entry) *TenantSpec {
	t := &TenantSpec{Name: e.Key, Pos: e.Pos}
	allow := s.Section("allow")
	own := tenant.Prefixed(e.Key + ".")
	t.Rules = tenant.Rules{
		Read: readPatterns(allow, "read", own), Write: readPatterns(allow, "write", own),
		Groups: readPatterns(allow, "groups", own), TransactionalIDs: readPatterns(allow, "transactional_ids", own),
	}
	t.Modules = readModules(s.Section("modules"))
	q := s.Section("quota")
	t.Quota = tenant.Quota{
		Weight:    int(q.Int("cpu_weight", tenant.DefaultWeight, 1, mostWeight)),
		CPU:       readCores(q),
		Memory:    uint64(q.Size("memory", 0)),
		Instances: int(q.Int("instances", 0, 1, mostEntries)),
		Pipelines: int(q.Int("pipelines", 0, 1, mostEntries)),
		Events:    uint64(q.Count("events_per_second", 0, 1, mostRate)),
		Bytes:     uint64(q.Size("bytes_per_second", 0)),
		LogLines:  int(q.Int("log_lines_per_second", 0, 1, mostEntries)),
	}
	if n := q.Get("memory"); n != nil && t.Quota.Memory < leastMemory {
		q.Fault(n.Pos, "memory", "must be at least 64KiB, a page", "")
	}
	return t
}

// readTenantTokens takes who may steer the tenant's pipelines by the admin API, and
// see nothing of others.
func (l *loader) readTenantTokens(s *config.Section, t *TenantSpec) {
	n := s.Get("tokens")
	if n == nil {
		return
	}
	tokens, complete := readTokens(s)
	cfg := l.spec.Admin
	switch {
	case !complete:
	case cfg == nil:
		s.Warn(n.Pos, "tokens", "have no effect: admin.listen is off", "set it to an address, or remove them")
	case !slices.ContainsFunc(cfg.Tokens, func(t api.Token) bool { return t.Tenant == "" }) && len(cfg.Clients) == 0:
		s.Fault(n.Pos, "tokens", "are there, but admin has none: nobody could steer what belongs to no tenant", "write admin: {tokens: [{name: ops, role: admin, token: ${file:PATH}}]}")
	default:
		for i, token := range tokens {
			key := fmt.Sprintf("tokens[%d]", i)
			one := api.Config{Listen: api.DefaultListen, Tokens: []api.Token{token}}
			if f := one.Check(); f != nil {
				s.Fault(n.Pos, key, f.Message, f.Hint)
			}
			if token.Role == api.Admin {
				s.Fault(n.Pos, key, "admin is no role for a tenant: it is of the whole process", "write role: tenant-admin")
			}
			token.Tenant = t.Name
			cfg.Tokens = append(cfg.Tokens, token)
		}
	}
}

// readPatterns takes a list of names, prefixes and expressions. An empty list
// allows nothing; def is for one that is not there.
func readPatterns(s *config.Section, name string, def tenant.Patterns) tenant.Patterns {
	n := s.Get(name)
	if n == nil {
		return def
	}
	var out tenant.Patterns
	for _, one := range patternNodes(n) {
		if one.Kind != config.Scalar {
			s.Fault(one.Pos, name, "must be text, not a "+one.Kind.String(), "write NAME, PREFIX* or a regular expression that begins with ^")
			continue
		}
		p, err := tenant.ParsePattern(one.Value)
		if err != nil {
			s.Fault(one.Pos, name, fmt.Sprintf("%q %v", one.Shown(), err), "write NAME, PREFIX* or a regular expression that begins with ^")
			continue
		}
		out = append(out, p)
	}
	return out
}

func patternNodes(n *config.Node) []*config.Node {
	if n.Kind == config.List {
		return n.List
	}
	return []*config.Node{n}
}

// readModules takes the references that modules may have. Files begin at the
// folder of the file that says so, as the references themselves do.
func readModules(s *config.Section) tenant.Patterns {
	n := s.Get("allow")
	if n == nil {
		return tenant.Prefixed("")
	}
	for _, one := range patternNodes(n) {
		path, isFile := strings.CutPrefix(one.Value, "file:")
		if one.Kind == config.Scalar && (isFile || !strings.Contains(one.Value, ":") && one.Value != "*" && !strings.HasPrefix(one.Value, "^")) {
			before, prefix := strings.CutSuffix(path, "*")
			folder := strings.HasSuffix(before, "/")
			if path = before; !filepath.IsAbs(path) {
				path = filepath.Join(filepath.Dir(one.Pos.File), path)
			}
			if abs, err := filepath.Abs(path); err == nil {
				path = abs
			}
			if folder {
				path += string(filepath.Separator)
			}
			if prefix {
				path += "*"
			}
			one.Value = path
		}
	}
	return readPatterns(s, "allow", nil)
}

// readCores takes a number of cores, which may be a part of one.
func readCores(s *config.Section) float64 {
	text, pos, ok := s.Text("cpu")
	if !ok {
		return 0
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || !(v >= 0.01 && v <= mostCores) {
		s.Fault(pos, "cpu", fmt.Sprintf("%q must be a number of cores from 0.01 to %d", text, mostCores), "write cpu: 0.5 for half a core")
		return 0
	}
	return v
}

// layers are the options under those of a component, the weakest first. What a
// tenant's connection does not say comes from the tenant only: credentials of others
// must not go to brokers that it names.
func (l *loader) layers(connection string) []kafka.Layer {
	shared := l.shared
	if tenantOf(connection) != "" {
		shared = l.own
	}
	return []kafka.Layer{shared, l.connections[connection]}
}

// names are the connections that a component may name, with their full names,
// and the one that it has when it names none: the tenant's, if it has any.
func (l *loader) names() (full map[string]string, def []string) {
	full = map[string]string{}
	var own, shared []string
	for _, name := range slices.Sorted(maps.Keys(l.connections)) {
		t, short, ok := strings.Cut(name, slash)
		switch {
		case ok && l.tenant != nil && t == l.tenant.Name:
			own = append(own, short)
		case !ok:
			full[name], shared = name, append(shared, name)
		}
	}
	for _, name := range own { // also where there is a shared one of the name, which was reported
		full[name] = l.tenant.Name + slash + name
	}
	if len(own) > 0 {
		shared = own
	}
	slices.Sort(shared)
	return full, shared
}

// groupLayer gives the sources of a tenant's pipeline a group of their own.
func (l *loader) groupLayer(s *config.Section, role kafka.Role, pipeline string) []kafka.Layer {
	if l.tenant == nil || role != kafka.Consumer {
		return nil
	}
	m := config.NewMap(s.Pos())
	m.Put("group.id", s.Pos(), textNode(strings.ReplaceAll(pipeline, slash, "."), s.Pos()))
	return []kafka.Layer{kafka.ReadLayer("default of tenant "+l.tenant.Name, s.Open(m, ""), kafka.Consumer)}
}

// allowed reports a name that the tenant's rules do not have.
func (l *loader) allowed(s *config.Section, pos config.Pos, key, list string, rules tenant.Patterns, verb, name string) {
	if err := rules.Check(verb, name); err != nil {
		s.Fault(pos, key, err.Error(), fmt.Sprintf("add it to tenants.%s.%s, or choose another", l.tenant.Name, list))
	}
}

// checkRead sees that a tenant's source reads what it may, as whom it may.
func (l *loader) checkRead(s *config.Section, source *SourceSpec, names []string) {
	if l.tenant == nil || !s.Present() {
		return
	}
	rules := l.tenant.Rules
	for _, name := range names {
		switch {
		case name == unconfigured:
		case !strings.HasPrefix(name, "^"):
			l.allowed(s, topicPos(s, source.Options), "topic", "allow.read", rules.Read, "read", name)
		case !rules.Read.Cover(name):
			s.Fault(topicPos(s, source.Options), "topic", fmt.Sprintf("%q may match topics that the tenant may not read; it may read: %s", name, rules.Read),
				fmt.Sprintf("begin it with an allowed prefix, as in ^%s\\..*, or add it to tenants.%s.allow.read with a $ at its end", l.tenant.Name, l.tenant.Name))
		}
	}
	pos := s.Pos()
	if source.Options.Set("group.id") {
		pos = source.Options.Pos("group.id")
	}
	l.allowed(s, pos, "group_id", "allow.groups", rules.Groups, "read in the group", source.Options.String("group.id"))
}

// checkWrite sees that a tenant may write to a topic that its configuration names.
func (l *loader) checkWrite(s *config.Section, pos config.Pos, key, topic string) {
	if l.tenant != nil {
		l.allowed(s, pos, key, "allow.write", l.tenant.Rules.Write, "write to", topic)
	}
}

// checkPrincipal keeps a tenant's component from using a shared connection as
// somebody else, or from taking its credentials elsewhere.
func (l *loader) checkPrincipal(s *config.Section, connection string, layer kafka.Layer) {
	if l.tenant == nil || tenantOf(connection) != "" {
		return
	}
	if spelling, pos, ok := layer.Principal(); ok {
		s.Fault(pos, spelling, fmt.Sprintf("is not for a tenant to set on the shared connection %q", connection), "make a connection of the tenant's own")
	}
}

// checkModule sees that a tenant's processor is made of a module that it may use.
func (l *loader) checkModule(s *config.Section, n *config.Node, ref string) {
	if r, err := store.Parse(ref); err == nil {
		r.Digest = "" // which makes it no other module
		ref = r.String()
	}
	if l.tenant != nil && ref != "" && !l.tenant.Modules.Allow(ref) {
		s.Fault(n.Pos, "module", fmt.Sprintf("the tenant may not use the module %q", n.Value),
			fmt.Sprintf("add it to tenants.%s.modules.allow, or choose another", l.tenant.Name))
	}
}

// Tenant gives the tenant of a pipeline, nil for one that belongs to none.
func (s *Spec) Tenant(pipeline string) *TenantSpec {
	name := tenantOf(pipeline)
	i := slices.IndexFunc(s.Tenants, func(t *TenantSpec) bool { return t.Name == name })
	if i < 0 {
		return nil
	}
	return s.Tenants[i]
}

// groupOf names a group that weir makes for a job of a pipeline. A tenant's begins
// with the tenant's name, as its other groups mostly do.
func groupOf(job, pipeline string) string {
	if name, short, ok := strings.Cut(pipeline, slash); ok {
		return name + ".weir." + job + "." + short
	}
	return "weir." + job + "." + pipeline
}

func tenantSchema() config.Schema {
	patterns := func(doc string) config.Schema {
		return config.ListSchema().Doc(doc + ": NAME, PREFIX* or ^EXPRESSION.")
	}
	allow := config.MapSchema(map[string]any{
		"read":              patterns("Topics to read"),
		"write":             patterns("Topics to write to, whoever chooses them"),
		"groups":            patterns("Consumer groups"),
		"transactional_ids": patterns("Transactional ids"),
	})
	quota := config.MapSchema(map[string]any{
		"cpu_weight":           config.IntSchema(1, mostWeight).Doc("The share of the CPU, against tenants that compute at the same time.").With("default", tenant.DefaultWeight),
		"cpu":                  config.Schema{"type": "number", "minimum": 0.01, "maximum": mostCores}.Doc("The most cores on average."),
		"memory":               config.SizeSchema(leastMemory, mostMemory<<10).Doc("The most memory of all instances together."),
		"instances":            config.IntSchema(1, mostEntries).Doc("The most instances, one a processor and partition."),
		"pipelines":            config.IntSchema(1, mostEntries).Doc("The most pipelines."),
		"events_per_second":    config.CountSchema(1, mostRate).Doc("The most records that are read a second."),
		"bytes_per_second":     config.SizeSchema(1, mostRate).Doc("The most bytes that are read a second."),
		"log_lines_per_second": config.IntSchema(1, mostEntries).Doc("The most lines that modules log a second."),
	})
	return config.MapSchema(map[string]any{
		"allow":       allow.Doc("What the tenant's pipelines may name. A list that is not there has the names that begin with the tenant's and a dot."),
		"modules":     config.MapSchema(map[string]any{"allow": patterns("References of modules")}).Doc("What the tenant's processors may be made of."),
		"quota":       quota.Doc("What the tenant's pipelines may use together."),
		"tokens":      config.ItemsSchema(tokenSchema()).Doc("Who may see and steer the tenant's pipelines by the admin API."),
		"limits":      config.Ref("limits"),
		"kafka":       config.MapSchema(kafka.SchemaProperties(0)).Doc("Kafka options of the tenant's own connections."),
		"connections": config.NamedSchema(plainName.String(), connectionSchema()).Doc("Clusters of the tenant's own."),
		"pipelines":   config.NamedSchema(plainName.String(), config.Ref("pipeline")).Doc("The tenant's pipelines."),
	})
}
