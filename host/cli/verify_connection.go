package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/weirhq/weir/host"
	"github.com/weirhq/weir/host/broker"
	"github.com/weirhq/weir/host/config"
)

// connection is how brokers are reached.
type connection struct {
	brokers []string
	// shared and own are the options, as lines of the sections kafka and
	// connections.NAME of a configuration.
	shared, own []string
	// hidden says that nobody on the way sees what is said.
	hidden bool
	dial   func() (*broker.Client, error)
}

// connection reads the options of -X and of a connection of --config.
func (a *app) connection(f *verifyFlags) (*connection, error) {
	c := &connection{brokers: f.brokers}
	if f.config != "" {
		if err := c.readFile(f.config, f.connection); err != nil {
			return nil, err
		}
	}
	for _, option := range f.options {
		name, value, ok := strings.Cut(option, "=")
		if !ok || name == "" {
			return nil, usageError{fmt.Errorf("-X %q is not OPTION=VALUE, such as security.protocol=SASL_SSL", option)}
		}
		line, err := json.Marshal(value) // which is YAML, too
		if err != nil {
			return nil, err
		}
		c.own = append(c.own, name+": "+string(line))
	}
	return c, c.resolve(a.environ)
}

// seeds are the names of the option that --brokers stands for.
var seeds = []string{"bootstrap.servers", "bootstrap_servers", "metadata.broker.list"}

// readFile takes a connection of a file, the only one where none is named.
func (c *connection) readFile(file, name string) error {
	if config.IsINI(file) {
		return usageError{fmt.Errorf("%s: verify reads YAML: make it with weir convert", file)}
	}
	data, err := config.ReadFile(file)
	if err != nil {
		return usageError{fmt.Errorf("%s: %w", file, err)}
	}
	var faults config.Faults
	root := config.ParseYAML(file, data, &faults)
	if err := faults.Err(); err != nil {
		return faults
	}
	all := config.NewMap(config.Pos{})
	if root != nil && root.Find("connections") != nil {
		all = root.Find("connections")
	}
	var names []string
	for _, item := range all.Items {
		names = append(names, item.Key)
	}
	if name == "" && len(names) == 1 {
		name = names[0]
	}
	found := all.Find(name)
	if found == nil {
		return usageError{unknownConnection(file, name, names)}
	}
	own := config.NewMap(found.Pos)
	for _, item := range found.Items {
		switch {
		case item.Key == "schema_registry":
		case slices.Contains(seeds, item.Key):
			if len(c.brokers) == 0 {
				own.Items = append(own.Items, item)
			}
		default:
			own.Items = append(own.Items, item)
		}
	}
	if c.own, err = yamlLines(own); err != nil {
		return err
	}
	if shared := root.Find("kafka"); shared != nil {
		c.shared, err = yamlLines(shared)
	}
	return err
}

func unknownConnection(file, name string, names []string) error {
	if name == "" {
		return fmt.Errorf("%s has the connections %s: name one with --connection", file, strings.Join(names, ", "))
	}
	hint := ""
	if near := config.Nearest(name, names); near != "" {
		hint = fmt.Sprintf(" (did you mean %q?)", near)
	}
	return fmt.Errorf("%s has no connection %q%s", file, name, hint)
}

func yamlLines(n *config.Node) ([]string, error) {
	if len(n.Items) == 0 {
		return nil, nil
	}
	text, err := config.WriteYAML(n, nil)
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n"), err
}

// resolve checks the options as those of a pipeline's connection, and learns from
// them.
func (c *connection) resolve(environ []string) (err error) {
	dir, err := os.MkdirTemp("", "weir-verify-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	file := filepath.Join(dir, "connection.yaml")
	var text strings.Builder
	if len(c.shared) > 0 {
		text.WriteString("kafka:\n  " + strings.Join(c.shared, "\n  ") + "\n")
	}
	text.WriteString("connections:\n  kafka:\n")
	if len(c.brokers) > 0 {
		fmt.Fprintf(&text, "    bootstrap_servers: %q\n", strings.Join(c.brokers, ","))
	}
	for _, line := range c.own {
		text.WriteString("    " + line + "\n")
	}
	text.WriteString("pipelines: {verify: {source: {topic: in, group_id: verify}, sink: {topic: out}}}\n")
	if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
		return err
	}
	spec, faults := host.LoadSpec(config.Load{Files: []string{file}, Environ: ownEnvironment(environ)})
	if faults.Err() != nil {
		var said []string
		for _, fault := range faults.Errors() {
			fault.Pos = config.Pos{} // of a file that nobody has written
			said = append(said, fault.String())
		}
		return usageError{fmt.Errorf("the connection: %s", strings.Join(said, "; "))}
	}
	options := spec.Connections["kafka"].Options
	c.brokers = options.List("bootstrap.servers")
	c.own = slices.DeleteFunc(c.own, func(line string) bool {
		return slices.ContainsFunc(seeds, func(seed string) bool { return strings.HasPrefix(line, seed+":") })
	})
	protocol := options.String("security.protocol")
	c.hidden = strings.HasSuffix(protocol, "ssl") || strings.HasPrefix(protocol, "sasl_") && strings.EqualFold(options.String("sasl.mechanisms"), "GSSAPI")
	opts, err := options.ClientOpts()
	if err != nil {
		return err
	}
	c.dial = func() (*broker.Client, error) { return broker.Dial(c.brokers, opts...) }
	return nil
}
