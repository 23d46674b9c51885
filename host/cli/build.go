package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/weirhq/weir/host/config"
	"github.com/weirhq/weir/host/inspect"
	"github.com/weirhq/weir/host/toolchain"
	"github.com/weirhq/weir/host/trial"
	"github.com/weirhq/weir/host/wasm"
)

type buildFlags struct {
	toolchain.Options
	out    string
	output string
	cache  cacheFlag
}

func (a *app) buildCommand() *cobra.Command {
	var f buildFlags
	cmd := &cobra.Command{
		Use:     "build [DIR]",
		Short:   "build a processor's project into a module",
		GroupID: groupWrite,
		Long: `Builds the project of a folder, here by default, into one .wasm file that is
ready to ship. The language is told by the files: go.mod, Cargo.toml, build.zig
or *.zig, *.c, package.json with assemblyscript, *.wat. A tool that is missing is
named, with how to get it; CC, CFLAGS, ZIG, ASC, RUSTFLAGS and GOFLAGS name others.

Debug information is stripped; names of functions stay, for reports of traps.
plugin.yaml goes into the module as section weir.plugin, tests.yaml as section
weir.tests. The module is then checked as "weir run" checks it: one that would
be refused is not written (exit code 6). The same sources and tools give the same
bytes, in any folder.`,
		Example: `  weir build
  weir build selector --optimize
  weir build --module target/selector.wasm   finish what something else has built
  weir build -o json`,
		Args: atMostOneArg,
		RunE: func(cmd *cobra.Command, args []string) error {
			f.Dir = "."
			if len(args) == 1 {
				f.Dir = args[0]
			}
			// A build that is broken off stops its tools and leaves nothing behind.
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			return a.build(ctx, f)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.Language, "lang", "", "`LANGUAGE` of the project, instead of what the files say: "+strings.Join(toolchain.Languages(), ", "))
	flags.StringVar(&f.Module, "module", "", "finish this `FILE`, a module that was built already, instead of building one")
	flags.StringVar(&f.out, "out", "", "write the module to `FILE` (default: NAME.wasm in the project's folder)")
	flags.BoolVar(&f.Optimize, "optimize", false, "run wasm-opt of binaryen over the module")
	flags.BoolVar(&f.Debug, "debug", false, "keep debug information")
	addOutput(cmd, &f.output, outputText)
	f.cache.add(flags)
	completes(cmd, "lang", toolchain.Languages())
	return cmd
}

// completes offers words for a flag of the command.
func completes(cmd *cobra.Command, flag string, words []string) {
	// The flag was added before; that is all that can fail.
	_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
}

// buildReport is what -o json prints.
type buildReport struct {
	File     string `json:"file"`
	Language string `json:"language,omitempty"`
	Cases    int    `json:"cases"`
	*inspect.Report
}

func (a *app) build(ctx context.Context, f buildFlags) error {
	report, err := a.makeModule(ctx, f)
	if err != nil {
		return err
	}
	return a.showBuild(*report, f.output)
}

// makeModule builds a project's module and writes it.
func (a *app) makeModule(ctx context.Context, f buildFlags) (*buildReport, error) {
	if f.Language != "" && !slices.Contains(toolchain.Languages(), f.Language) {
		return nil, usageError{toolchain.UnknownLanguage(f.Language, toolchain.Languages())}
	}
	f.Environ, f.Output = a.environ, a.err
	f.Command = func(line string) { writeLine(a.err, "%s", a.err.dim("$ "+line)) }
	built, err := toolchain.Build(ctx, f.Options)
	switch {
	case errors.Is(err, toolchain.ErrModule):
		return nil, moduleError{err}
	case errors.Is(err, os.ErrNotExist):
		return nil, usageError{err}
	case err != nil:
		return nil, err
	}
	report := &buildReport{File: f.out, Language: built.Language}
	if report.File == "" {
		report.File = filepath.Join(f.Dir, built.Name+".wasm")
	}
	if report.Cases, err = a.attachCases(f.Dir, built); err != nil {
		return nil, err
	}
	module := built.Bytes()
	if report.Report, err = inspect.Module(ctx, module, wasm.Config{CacheDir: f.cache.path()}); err != nil {
		return nil, err
	}
	if !report.Usable {
		return nil, moduleError{fmt.Errorf("the module was built, but cannot be used:\n  %s", strings.Join(report.Faults, "\n  "))}
	}
	return report, replaceFile(report.File, module)
}

// attachCases puts the project's test cases into the module, where they stand
// alone there, and returns how many there are.
func (a *app) attachCases(dir string, built *toolchain.Result) (int, error) {
	if built.Tests == nil {
		return 0, nil
	}
	file := filepath.Join(dir, toolchain.TestsFile)
	if suite, err := trial.ParseSuite(file, built.Tests); err == nil {
		built.Attach()
		return len(suite.Cases), nil
	}
	suite, err := trial.ReadSuite(file)
	if err != nil {
		return 0, err
	}
	a.printFaults(config.Faults{{
		Pos: config.Pos{File: file}, Warning: true,
		Message: "has cases with golden files, and a module carries none: its cases are not put into it",
		Hint:    "write out expect to ship them",
	}})
	return len(suite.Cases), nil
}

// replaceFile writes a file at once or not at all.
func replaceFile(name string, data []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(name), ".weir-*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Chmod(f.Name(), 0o644)
	}
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

func (a *app) showBuild(r buildReport, output string) error {
	for _, warning := range r.Warnings {
		writeLine(a.err, "%s %s", a.err.yellow("warning:"), warning)
	}
	if output == outputJSON {
		return writeJSON(a.out, r)
	}
	writeLine(a.out, "%s", a.out.bold(r.File))
	t := newTable(a.out, "  ")
	t.row("plugin", pluginLine(r.Report))
	if r.Cases > 0 {
		t.row("tests", plural(r.Cases, "case")+", of tests.yaml")
	}
	t.row("size", size(r.Size))
	t.row("memory", memoryLine(r.Memory))
	t.row("imports", orNone(strings.Join(importList(r.Report), ", ")))
	t.row("exports", strings.Join(exportList(r.Report), ", "))
	t.row("digest", r.Digest)
	t.end()
	return nil
}
