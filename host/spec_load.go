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
	shared      kafka.Layer
	connections map[string]kafka.Layer
	registries  map[string]*schema.RegistryConfig // by connection
	spec        *Spec
	topics      topicSet
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
	root := load.Tree()
	l := &loader{
		root: root, builtins: builtins,
		connections: map[string]kafka.Layer{},
		registries:  map[string]*schema.RegistryConfig{},
		spec:        &Spec{Connections: map[string]*ConnectionSpec{}},
	}
	for _, e := range root.Entries() {
		if strings.HasPrefix(e.Key, "x-") { // a place for YAML anchors
			root.Take(e)
		}
	}
	topics := root.Section("topics")
	l.readConnections(topics.String("client_id", "weir-topic-initializer"))
	l.readModules()
	l.readPipelines()
	l.readTopics(topics)
	admin := root.Section("admin")
	l.spec.Admin, l.spec.Redact = readAdmin(admin), readRedaction(admin.Section("redact"))
	return l
}

// sections says which paths lead to sections, for overrides.
func sections(path []string) bool {
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

func (l *loader) readConnections(clientID string) {
	l.shared = kafka.ReadLayer("kafka", l.root.Section("kafka"), 0)
	all := l.root.Section("connections")
	for _, e := range all.Entries() {
		all.Take(e)
		s := all.Open(e.Node, e.Key)
		checkName(s, e)
		l.readRegistry(s, e.Key)
		layer := kafka.ReadLayer("connection "+e.Key, s, 0)
		l.connections[e.Key] = layer
		options, faults := kafka.Resolve(kafka.Admin, clientID, e.Pos, s.Path(), l.shared, layer)
		report(s, faults)
		l.spec.Connections[e.Key] = &ConnectionSpec{Name: e.Key, Options: options, Registry: l.registries[e.Key], Pos: e.Pos}
	}
	if len(l.connections) == 0 && l.root.Complete() {
		l.root.Fault(all.Pos(), "connections", "there is no connection", "write connections: {main: {bootstrap_servers: \"localhost:9092\"}}")
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
	names := slices.Sorted(maps.Keys(l.connections))
	name, pos, ok := s.Text("connection")
	switch {
	case !ok && len(names) == 1:
		return names[0]
	case !ok && len(names) > 1:
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
		return name
	}
	return ""
}
