package cli

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/weirhq/weir/host"
	"github.com/weirhq/weir/host/kafka"
	"github.com/weirhq/weir/host/schema"
)

func (a *app) configCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "config",
		Short:   "explain, convert or describe a configuration",
		GroupID: groupLook,
		Args:    noArgs,
		RunE:    showHelp,
	}
	cmd.AddCommand(a.explainCommand(), a.convertCommand(), a.schemaCommand())
	return cmd
}

func (a *app) schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "print a JSON Schema of the configuration, for editors",
		Long: `Prints a JSON Schema (draft 7) of the YAML configuration: every key, every Kafka
option in its two usual spellings, what it is for, what may be written, its default.
Editors check and complete with it.`,
		Example: `  weir config schema > weir.schema.json
  # then, as the first line of weir.yaml:
  # yaml-language-server: $schema=weir.schema.json`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			text, err := host.JSONSchema()
			if err != nil {
				return err
			}
			_, err = a.out.Write(text)
			return err
		},
	}
}

func (a *app) explainCommand() *cobra.Command {
	var cfg configFlags
	var output string
	var given bool
	cmd := &cobra.Command{
		Use:   "explain [WORD]",
		Short: "print every effective option, where it comes from and what it does",
		Long: `Prints the effective value of every Kafka option of every connection, source and
sink, and of every setting of their schema registries: the value, the layer that it
comes from, its place in the files, and what it maps to. Secrets are masked. A WORD keeps the lines that contain it.`,
		Example: `  weir config explain --given
  weir config explain linger.ms
  weir config explain -c site.conf -o json`,
		Args: atMostOneArg,
		RunE: func(_ *cobra.Command, args []string) error {
			spec, err := a.load(cfg)
			if err != nil {
				return err
			}
			lines := explain(spec)
			lines = slices.DeleteFunc(lines, func(l explained) bool {
				return given && l.Layer == defaultLayer || len(args) == 1 && !l.contains(args[0])
			})
			if len(lines) == 0 {
				writeLine(a.err, "no option is left to show")
			}
			return a.printExplained(lines, output)
		},
	}
	cfg.add(cmd.Flags())
	cmd.Flags().BoolVar(&given, "given", false, "only what the configuration gives, no defaults")
	addOutput(cmd, &output, outputTable)
	return cmd
}

const defaultLayer = "default"

// explained is one option of one component. Its JSON form is an interface.
type explained struct {
	Component string `json:"component"`
	Option    string `json:"option"`
	Spelling  string `json:"spelling,omitempty"`
	Value     string `json:"value"`
	Layer     string `json:"layer"`
	Place     string `json:"place,omitempty"`
	MapsTo    string `json:"maps_to,omitempty"`
	Note      string `json:"note,omitempty"`
	Doc       string `json:"doc,omitempty"`
}

func (e explained) contains(word string) bool {
	return strings.Contains(e.Component, word) || strings.Contains(e.Option, word) || strings.Contains(e.Spelling, word)
}

func explain(spec *host.Spec) []explained {
	out := []explained{} // not nil: in JSON, nothing is []
	shown := map[*schema.RegistryConfig]bool{nil: true}
	for _, name := range slices.Sorted(maps.Keys(spec.Connections)) {
		c := spec.Connections[name]
		out = append(out, explainOptions("connections."+name, c.Options)...)
		out = append(out, explainRegistry("connection "+name, c.Registry)...)
		shown[c.Registry] = true
	}
	for _, p := range spec.Pipelines {
		for _, source := range p.Sources {
			out = append(out, explainOptions(source.Path, source.Options)...)
		}
		for _, step := range p.Steps {
			if step.Schema != nil && !shown[step.Schema.Registry] {
				out = append(out, explainRegistry("processor "+step.Name, step.Schema.Registry)...)
			}
		}
		out = append(out, explainOptions("pipelines."+p.Name+".sink", p.Sink.Options)...)
	}
	return out
}

// explainRegistry lists the settings of a schema registry, of which layer says
// whose it is.
func explainRegistry(layer string, r *schema.RegistryConfig) []explained {
	if r == nil {
		return nil
	}
	var out []explained
	for _, s := range r.Explain() {
		line := explained{Component: r.Path, Option: s.Name, Spelling: s.Spelling, Value: s.Value, Layer: defaultLayer, MapsTo: "the schema registry's client"}
		if s.Spelling != "" {
			line.Layer, line.Place = layer, s.Pos.String()
		}
		out = append(out, line)
	}
	return out
}

func explainOptions(component string, options *kafka.Options) []explained {
	var out []explained
	for _, e := range options.Explain() {
		line := explained{
			Component: component, Option: e.Name, Spelling: e.Spelling, Value: e.Value,
			Layer: e.Layer, MapsTo: e.MapsTo, Note: e.Note, Doc: e.Doc,
		}
		if e.Layer != defaultLayer {
			line.Place = e.Pos.String()
		}
		out = append(out, line)
	}
	return out
}

func (a *app) printExplained(lines []explained, output string) error {
	if output == outputJSON {
		encoder := json.NewEncoder(a.out)
		encoder.SetIndent("", "  ")
		encoder.SetEscapeHTML(false)
		return encoder.Encode(lines)
	}
	component := ""
	var tw *tabwriter.Writer
	flush := func() error {
		if tw == nil {
			return nil
		}
		return tw.Flush()
	}
	for _, l := range lines {
		if l.Component != component {
			if err := flush(); err != nil {
				return err
			}
			component = l.Component
			writeLine(a.out, "%s", a.out.bold(component))
			tw = tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
		}
		fmt.Fprintf(tw, "  %s\t%s\t%s\t%s\n", l.Option, l.Value, l.from(), l.does())
	}
	return flush()
}

func (e explained) from() string {
	if e.Place == "" {
		return e.Layer
	}
	from := e.Layer + " " + e.Place
	if e.Spelling != "" && e.Spelling != e.Option {
		from += " as " + e.Spelling
	}
	return from
}

func (e explained) does() string {
	if e.Note == "" {
		return e.MapsTo
	}
	return strings.TrimSpace(e.MapsTo + " (" + e.Note + ")")
}
