package host

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/weirhq/weir/host/config"
	"github.com/weirhq/weir/host/kafka"
	"github.com/weirhq/weir/host/schema"
)

// unconfigured is BSPump's default topic: it means that nobody set one.
const unconfigured = "unconfigured"

// loader reads one configuration into a Spec. What is wrong is kept by the
// sections; reading goes on.
type loader struct {
	root        *config.Section
	builtins    []string
	adminID     string // the client id of the topic initializer
	shared      kafka.Layer
	connections map[string]kafka.Layer
	registries  map[string]*schema.RegistryConfig // by connection
	spec        *Spec
	topics      *topicSet

	tenant *TenantSpec // whose part is read; nil outside of tenants
	own    kafka.Layer // of the tenant's connections, as shared is of the others
}

func loadSpec(load config.Load, builtins []string) (*Spec, config.Faults) {
	l := readSpec(load, builtins)
	faults := l.root.Finish()
	if faults.Err() != nil {
		return nil, faults
	}
	return l.spec, faults
}

// readSpec reads all of a configuration.
func readSpec(load config.Load, builtins []string) *loader {
	load.Convert = fromINI
	load.Sections = sections
	load.Folders = []string{"tenants"}
	root := load.Tree()
	l := &loader{
		root: root, builtins: builtins,
		connections: map[string]kafka.Layer{},
		registries:  map[string]*schema.RegistryConfig{},
		spec:        &Spec{Connections: map[string]*ConnectionSpec{}},
		topics:      &topicSet{},
	}
	for _, e := range root.Entries() {
		if strings.HasPrefix(e.Key, "x-") { // a place for YAML anchors
			root.Take(e)
		}
	}
	topics := root.Section("topics")
	l.adminID = topics.String("client_id", "weir-topic-initializer")
	connections := l.readConnections()
	l.readModules()
	pipelines := l.readPipelines()
	admin := root.Section("admin")
	l.spec.Admin, l.spec.Redact = readAdmin(admin), readRedaction(admin.Section("redact"))
	l.readTenants()
	l.checkEmpty(connections, pipelines)
	l.readTopics(topics)
	return l
}

// sections says which paths lead to sections, for overrides.
func sections(path []string) bool {
	if path[0] == "tenants" {
		return len(path) < 3 || len(path) == 3 && slices.Contains([]string{"allow", "modules", "quota", "limits"}, path[2]) || sections(path[2:])
	}
	switch len(path) {
	case 1:
		return slices.Contains([]string{"admin", "kafka", "connections", "pipelines", "topics", "modules"}, path[0])
	case 2:
		return path[0] == "admin" && (path[1] == "tls" || path[1] == "redact") || path[0] == "connections" || path[0] == "pipelines" || path[0] == "modules" && path[1] == "hosts"
	case 3:
		return path[0] == "modules" && path[1] == "hosts" || path[0] == "connections" && path[2] == "schema_registry" ||
			path[0] == "pipelines" && slices.Contains([]string{"source", "sink", "dead_letter"}, path[2])
	}
	return false
}

func (l *loader) readConnections() config.Pos {
	l.shared = kafka.ReadLayer("kafka", l.root.Section("kafka"), 0)
	all := l.root.Section("connections")
	for _, e := range all.Entries() {
		all.Take(e)
		s := all.Open(e.Node, e.Key)
		checkName(s, e)
		l.readConnection(s, e, e.Key)
	}
	return all.Pos()
}

// readConnection takes a connection under its full name.
func (l *loader) readConnection(s *config.Section, e config.Entry, name string) {
	l.readRegistry(s, name)
	l.connections[name] = kafka.ReadLayer("connection "+name, s, 0)
	options, faults := kafka.Resolve(kafka.Admin, l.adminID, e.Pos, s.Path(), l.layers(name)...)
	report(s, faults)
	l.spec.Connections[name] = &ConnectionSpec{Name: name, Options: options, Registry: l.registries[name], Pos: e.Pos}
}

// checkEmpty reports a configuration with nothing in it.
func (l *loader) checkEmpty(connections, pipelines config.Pos) {
	if !l.root.Complete() {
		return
	}
	if len(l.spec.Connections) == 0 {
		l.root.Fault(connections, "connections", "there is no connection", "write connections: {main: {bootstrap_servers: \"localhost:9092\"}}")
	}
	if len(l.spec.Pipelines) == 0 {
		l.root.Fault(pipelines, "pipelines", "there is no pipeline", "write pipelines: {NAME: {source: {topic: in}, sink: {topic: out}}}")
	}
}

var plainName = regexp.MustCompile(`^[A-Za-z0-9._-]{1,100}$`)

// checkName keeps names fit for metrics, client ids and messages.
func checkName(s *config.Section, e config.Entry) {
	if !plainName.MatchString(e.Key) {
		s.Fault(e.Pos, "", "is not a name", "use up to 100 letters, digits, '.', '_' and '-'")
	}
}

func report(s *config.Section, faults config.Faults) {
	for _, f := range faults {
		s.Report(f)
	}
}

// connection takes the connection of a component: the one it names, or the
// only one there is. It returns "" after a fault.
func (l *loader) connection(s *config.Section) string {
	full, choice := l.names()
	names := slices.Sorted(maps.Keys(full))
	name, pos, ok := s.Text("connection")
	switch {
	case !ok && len(choice) == 1:
		return full[choice[0]]
	case !ok && len(choice) > 1:
		s.Fault(s.Pos(), "connection", "is missing", "there are several: "+strings.Join(names, ", "))
	case ok && !slices.Contains(names, name):
		hint := "known: " + strings.Join(names, ", ")
		if near := config.Nearest(name, names); near != "" {
			hint = fmt.Sprintf("did you mean %q?", near)
		} else if len(names) == 0 {
			hint = "there is no connection"
		}
		s.Fault(pos, "connection", fmt.Sprintf("no connection is called %q", name), hint)
	case ok:
		return full[name]
	}
	return ""
}
