package cli

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/weirhq/weir/host/config"
	"github.com/weirhq/weir/host/inspect"
	"github.com/weirhq/weir/host/manifest"
	"github.com/weirhq/weir/host/trial"
	"github.com/weirhq/weir/host/wasm"
	"github.com/weirhq/weir/host/wasm/section"
	"github.com/weirhq/weir/plugins"
)

func (a *app) pluginsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "plugins",
		Short:   "show the ready-made processors",
		GroupID: groupLook,
		Long: `The ready-made processors are part of weir. A pipeline uses one by
"module: builtin:NAME".`,
		Example: "  weir plugins list\n  weir plugins show json-fields",
		Args:    noArgs,
		RunE:    showHelp,
	}
	cmd.AddCommand(a.pluginsListCommand(), a.pluginsShowCommand())
	return cmd
}

func (a *app) pluginsListCommand() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "list the ready-made processors",
		Args:    noArgs,
		Example: "  weir plugins list\n  weir plugins list -o json",
		RunE:    func(*cobra.Command, []string) error { return a.listPlugins(output) },
	}
	addOutput(cmd, &output, outputText)
	return cmd
}

// ready is a ready-made processor, as -o json prints it.
type ready struct {
	Name        string `json:"name"`
	Module      string `json:"module"`
	Version     string `json:"version"`
	Description string `json:"description"`
	Size        int    `json:"size"`
	Digest      string `json:"digest"`
}

func describePlugin(name string) (ready, *manifest.Manifest, error) {
	file, _ := plugins.Lookup(name)
	r := ready{Name: name, Module: "builtin:" + name, Size: len(file), Digest: section.Digest(file)}
	module, err := section.Parse(file)
	if err != nil {
		return r, nil, fmt.Errorf("%s: %w", r.Module, err)
	}
	m, err := manifest.Read(module)
	if err != nil {
		return r, nil, fmt.Errorf("%s: %w", r.Module, err)
	}
	if m == nil {
		return r, nil, fmt.Errorf("%s carries no manifest", r.Module)
	}
	r.Version, r.Description = m.Version, m.Description
	return r, m, nil
}

func (a *app) listPlugins(output string) error {
	var all []ready
	t := newTable(a.out, "")
	for _, name := range plugins.Names() {
		r, _, err := describePlugin(name)
		if err != nil {
			return err
		}
		all = append(all, r)
		t.row(r.Name, r.Version, bytesText(uint64(r.Size)), r.Description)
	}
	if output == outputJSON {
		return writeJSON(a.out, all)
	}
	t.end()
	return nil
}

func (a *app) pluginsShowCommand() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "show NAME",
		Short: "show a ready-made processor: its config, with examples",
		Example: `  weir plugins show topic-selector
  weir plugins show json-fields -o json | jq .manifest.config`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError{fmt.Errorf("%s takes one name; there are %s", cmd.CommandPath(), strings.Join(plugins.Names(), ", "))}
			}
			return a.showPlugin(cmd.Context(), strings.TrimPrefix(args[0], "builtin:"), output)
		},
		ValidArgsFunction: cobra.FixedCompletions(plugins.Names(), cobra.ShellCompDirectiveNoFileComp),
	}
	addOutput(cmd, &output, outputText)
	return cmd
}

func (a *app) showPlugin(ctx context.Context, name, output string) error {
	if !slices.Contains(plugins.Names(), name) {
		hint := "there are " + strings.Join(plugins.Names(), ", ")
		if near := config.Nearest(name, plugins.Names()); near != "" {
			hint = fmt.Sprintf("did you mean %q?", near)
		}
		return usageError{fmt.Errorf("there is no ready-made processor %q; %s", name, hint)}
	}
	r, m, err := describePlugin(name)
	if err != nil {
		return err
	}
	readme, _ := plugins.Readme(name)
	examples := codeBlocks(string(readme), "yaml")
	if output == outputJSON {
		return writeJSON(a.out, struct {
			ready
			Manifest *manifest.Manifest `json:"manifest"`
			Examples []string           `json:"examples"`
		}{r, m, examples})
	}
	file, _ := plugins.Lookup(name)
	report, err := inspect.Module(ctx, file, wasm.Config{})
	if err != nil {
		return err
	}
	writeLine(a.out, "%s %s", a.out.bold(r.Name), r.Version)
	writeLine(a.out, "%s", r.Description)
	t := newTable(a.out, "  ")
	t.row("module", r.Module)
	t.rowIf(m.Licence != "", "licence", m.Licence)
	t.rowIf(m.SDK != "", "sdk", m.SDK)
	t.row("size", size(r.Size))
	t.row("memory", memoryLine(report.Memory))
	t.row("digest", r.Digest)
	t.rowIf(report.Tests > 0, "tests", casesOf(file)+": weir test "+r.Module)
	t.end()
	a.showConfig(m)
	for _, example := range examples {
		writeLine(a.out, "%s", a.out.bold("example"))
		writeLine(a.out, "  %s", strings.ReplaceAll(strings.TrimSuffix(example, "\n"), "\n", "\n  "))
	}
	return nil
}

// casesOf counts the cases that a module carries.
func casesOf(file []byte) string {
	module, err := section.Parse(file)
	if err != nil {
		return err.Error()
	}
	suite, err := trial.ParseSuite(manifest.TestsSection, manifest.Tests(module))
	if err != nil {
		return err.Error()
	}
	return plural(len(suite.Cases), "case")
}

// showConfig prints the keys of a config as tables.
func (a *app) showConfig(m *manifest.Manifest) {
	for _, part := range m.Parts() {
		title := "config"
		if part.Name != "" {
			title = part.Name
		}
		if part.Keys == nil && part.Name != "" {
			title += ": " + part.Kind
		}
		writeLine(a.out, "%s", a.out.bold(title))
		t := newTable(a.out, "  ")
		for _, key := range part.Keys {
			standard := ""
			switch {
			case key.HasDefault:
				standard = "default " + cmp.Or(key.Default, `""`)
			case key.Needed:
				standard = "needed"
			}
			t.row(key.Path, key.Kind, standard, key.Meaning)
		}
		t.end()
	}
}

// codeBlocks are the blocks of a language in a page of Markdown.
func codeBlocks(page, language string) []string {
	blocks := []string{}
	var block *strings.Builder
	for line := range strings.Lines(page) {
		switch {
		case block == nil && strings.TrimSpace(line) == "```"+language:
			block = new(strings.Builder)
		case block != nil && strings.TrimSpace(line) == "```":
			blocks = append(blocks, block.String())
			block = nil
		case block != nil:
			block.WriteString(line)
		}
	}
	return blocks
}
