package cli

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/weirhq/weir/host/manifest"
	"github.com/weirhq/weir/host/scaffold"
	"github.com/weirhq/weir/host/toolchain"
)

func (a *app) newCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "new",
		Short:   "begin a processor of your own",
		GroupID: groupWrite,
		Args:    noArgs,
		RunE:    showHelp,
		Example: "  weir new processor --lang rust selector\n  weir new processor --list",
	}
	cmd.AddCommand(a.newProcessorCommand())
	return cmd
}

type newFlags struct {
	lang, dir, output string
	list              bool
}

func (a *app) newProcessorCommand() *cobra.Command {
	var f newFlags
	cmd := &cobra.Command{
		Use:   "processor --lang LANGUAGE NAME",
		Short: "make the project of a processor",
		Long: `Makes a project that builds and passes as it is, without a network: a processor
in a language of choice, its manifest, test cases, native tests, a pipeline to try
it in, a Makefile, and the sources of the SDK. It goes into a new folder of the
processor's name. Nothing that is there is overwritten.`,
		Example: `  weir new processor --lang go selector
  cd selector && make test
  weir new processor --list`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.list {
				return a.listLanguages(cmd, args, f.output)
			}
			return a.newProcessor(cmd, args, f)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.lang, "lang", "", "`LANGUAGE` of the processor: "+strings.Join(scaffold.Names(), ", "))
	flags.StringVar(&f.dir, "dir", "", "make the project in this `DIR` (default: the processor's name)")
	flags.BoolVar(&f.list, "list", false, "list the languages, and what each needs")
	addOutput(cmd, &f.output, outputText)
	completes(cmd, "lang", scaffold.Names())
	return cmd
}

func (a *app) listLanguages(cmd *cobra.Command, args []string, output string) error {
	if err := noArgs(cmd, args); err != nil {
		return err
	}
	type entry struct {
		Name  string `json:"name"`
		Title string `json:"title"`
		Needs string `json:"needs"`
	}
	var entries []entry
	t := newTable(a.out, "")
	for _, l := range scaffold.Languages() {
		entries = append(entries, entry{l.Name, l.Title, l.Needs})
		t.row(l.Name, l.Title, "needs "+l.Needs)
	}
	if output == outputJSON {
		return writeJSON(a.out, entries)
	}
	t.end()
	return nil
}

func (a *app) newProcessor(cmd *cobra.Command, args []string, f newFlags) error {
	switch {
	case len(args) != 1:
		return usageError{fmt.Errorf("%s takes one name, not %d", cmd.CommandPath(), len(args))}
	case !manifest.ValidName(args[0]):
		return usageError{fmt.Errorf("%q cannot be the name of a processor; use %s", args[0], manifest.NameForm)}
	case f.lang == "":
		return usageError{fmt.Errorf("--lang is missing; there are %s", strings.Join(scaffold.Names(), ", "))}
	case !slices.Contains(scaffold.Names(), f.lang):
		return usageError{toolchain.UnknownLanguage(f.lang, scaffold.Names())}
	}
	if f.dir == "" {
		f.dir = args[0]
	}
	files, err := scaffold.Create(f.dir, args[0], f.lang)
	if errors.Is(err, scaffold.ErrExists) {
		return usageError{err}
	}
	if err != nil {
		return err
	}
	if f.output == outputJSON {
		return writeJSON(a.out, struct {
			Dir   string   `json:"dir"`
			Files []string `json:"files"`
		}{f.dir, files})
	}
	for _, file := range own(files) {
		writeLine(a.out, "%s", filepath.Join(f.dir, file))
	}
	writeLine(a.err, "%s: now cd %s, and make test", a.err.green("ok"), f.dir)
	return nil
}

// own shortens the list of a project's files: of the SDK, the folder will do.
func own(files []string) []string {
	var short []string
	for _, file := range files {
		if dir, _, ok := strings.Cut(file, "/"); ok && strings.HasPrefix(dir, "weir") {
			file = dir + "/"
		}
		if !slices.Contains(short, file) {
			short = append(short, file)
		}
	}
	return short
}
