package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"regexp"
	"time"

	"github.com/spf13/cobra"

	"github.com/weirhq/weir/host/plugin"
	"github.com/weirhq/weir/host/toolchain"
	"github.com/weirhq/weir/host/trial"
)

type testFlags struct {
	cases  string
	run    string
	output string
	update bool
	build  bool
	watch  bool
	cache  cacheFlag
}

func (a *app) testCommand() *cobra.Command {
	var f testFlags
	cmd := &cobra.Command{
		Use:     "test [DIR | MODULE]...",
		Short:   "run the test cases of a module",
		GroupID: groupWrite,
		Long: `Runs the cases of tests.yaml on the built module beside it, by the engine and
under the limits of a pipeline, and prints what is not as expected. A MODULE is a
.wasm file or builtin:NAME; its cases are in its section weir.tests, or in the
tests.yaml beside it. Without arguments it is the folder at hand.

A failed case ends with exit code 1, a module that cannot be used with 6.`,
		Example: `  weir test
  weir test --run 'heavy|light' plugins/topic-selector
  weir test --update               write the golden files anew
  weir test --watch                run again whenever the module or a case changes
  weir test --build --watch        build first, and again whenever a source changes
  weir test m.wasm --cases more.yaml -o junit > report.xml`,
		RunE: func(cmd *cobra.Command, args []string) error { return a.test(cmd, args, f) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.cases, "cases", "", "`FILE` of cases in the place of the module's own")
	flags.StringVar(&f.run, "run", "", "run only the cases whose name matches a regular expression `RE`")
	flags.BoolVar(&f.update, "update", false, "write what comes of the cases into their golden files")
	flags.BoolVar(&f.build, "build", false, "build the projects of the folders first, as weir build does; with --watch, whenever a file of them changes")
	flags.BoolVar(&f.watch, "watch", false, "run again whenever the module, its cases or their golden files change")
	addOutput(cmd, &f.output, outputText, outputJUnit)
	f.cache.add(flags)
	return cmd
}

func (a *app) test(cmd *cobra.Command, args []string, f testFlags) error {
	only, err := regexp.Compile(f.run)
	if err != nil {
		return usageError{fmt.Errorf("--run: %w", err)}
	}
	if len(args) == 0 {
		args = []string{"."}
	}
	if f.cases != "" && len(args) > 1 {
		return usageError{fmt.Errorf("--cases is for one module, not %d", len(args))}
	}
	t := &tester{app: a, cmd: cmd, flags: f, only: only, args: args}
	if !f.watch {
		return t.once(cmd.Context())
	}
	if f.output != outputText {
		return usageError{fmt.Errorf("--watch is for people: leave out -o %s", f.output)}
	}
	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt)
	defer stop()
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	return t.watch(ctx, ticker.C)
}

// tester is one run of the command.
type tester struct {
	*app
	cmd    *cobra.Command
	flags  testFlags
	only   *regexp.Regexp
	args   []string
	report testReport
	files  map[string]content // that the outcome depends on
	dirs   []string           // of projects that are built
}

// once runs all cases of all modules. The error says what failed.
func (t *tester) once(ctx context.Context) error {
	t.report, t.files, t.dirs = testReport{Modules: []moduleReport{}}, make(map[string]content), nil
	for _, arg := range t.args {
		if err := t.target(ctx, arg); err != nil {
			return err
		}
	}
	return t.end()
}

func (t *tester) target(ctx context.Context, arg string) (err error) {
	if t.flags.build {
		t.dirs = append(t.dirs, arg)
		t.note(sources(arg)...)
		if _, err := t.makeModule(ctx, buildFlags{Options: toolchain.Options{Dir: arg}, cache: t.flags.cache}); err != nil {
			return err
		}
	}
	target, err := trial.Find(arg, t.flags.cases, func(ref string) ([]byte, error) { return readModule(ctx, ref, t.flags.cache) })
	if target != nil {
		t.note(target.Files(nil)...)
	}
	if err != nil {
		return usageError{err}
	}
	module, err := loadTrial(ctx, target.Module, t.flags.cache, plugin.Limits{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, module.Close(ctx)) }()
	suite, err := target.Suite()
	t.note(target.Files(suite)...)
	if err != nil {
		return usageError{err}
	}
	t.report.Modules = append(t.report.Modules, moduleReport{Module: target.Module, Digest: module.Digest(), Cases: []caseReport{}})
	if len(t.args) > 1 && t.flags.output == outputText {
		writeLine(t.out, "%s", t.out.bold(target.Module))
	}
	for _, c := range suite.Cases {
		if !t.only.MatchString(c.Name) {
			continue
		}
		outcome, err := trial.Check(ctx, module, c)
		if err != nil {
			return err
		}
		if err := t.add(outcome); err != nil {
			return err
		}
	}
	return nil
}

// loadTrial loads a module that a command was given.
func loadTrial(ctx context.Context, ref string, cache cacheFlag, limits plugin.Limits) (*trial.Module, error) {
	opts, err := moduleOptions(cache)
	if err != nil {
		return nil, err
	}
	opts.Instance = limits
	module, err := trial.Load(ctx, ref, opts)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, usageError{err}
	case err != nil:
		return nil, moduleError{err}
	}
	return module, nil
}

// add takes in the outcome of a case: it is written into the golden file, where
// that is asked for, and shown.
func (t *tester) add(o *trial.Outcome) error {
	updated := false
	if t.flags.update && o.Case.Golden != "" {
		var err error
		if updated, err = o.Update(); err != nil {
			return fmt.Errorf("case %q: golden file: %w", o.Case.Name, err)
		}
		o.Mismatches = nil
		delete(t.files, o.Golden())
		t.note(o.Golden())
	}
	m := &t.report.Modules[len(t.report.Modules)-1]
	m.Cases = append(m.Cases, newCaseReport(o))
	t.report.Total++
	if !o.Passed() {
		t.report.Failed++
	}
	if t.flags.output == outputText {
		t.show(o, updated)
	}
	return nil
}

// end prints what is left to print, and fails when a case did.
func (t *tester) end() error {
	if t.report.Total == 0 {
		return usageError{fmt.Errorf("--run %q matches no case", t.flags.run)}
	}
	if err := t.report.write(t.out, t.flags.output); err != nil {
		return err
	}
	if t.report.Failed > 0 {
		return fmt.Errorf("%d of %s failed", t.report.Failed, plural(t.report.Total, "case"))
	}
	writeLine(t.err, "%s: %s", t.err.green("ok"), plural(t.report.Total, "case"))
	return nil
}

// show prints a case for people.
func (t *tester) show(o *trial.Outcome, updated bool) {
	cost := t.out.dim(costOf(o))
	switch {
	case updated:
		writeLine(t.out, "%s  %s  %s", t.out.yellow("written"), o.Case.Name, t.out.dim(o.Case.Golden))
	case o.Passed():
		writeLine(t.out, "%s      %s%s", t.out.green("ok"), o.Case.Name, cost)
	default:
		writeLine(t.out, "%s  %s", t.out.red("FAILED"), o.Case.Name)
	}
	for _, m := range o.Mismatches {
		writeLine(t.out, "        %s: %s", t.out.bold(m.Pos.String()), m.What)
		t.out.diff("          ", m.Want, m.Got)
	}
}

// diff prints what was wanted and what is there, line by line.
func (t *terminal) diff(indent, want, got string) {
	for _, line := range trial.Diff(want, got) {
		text := indent + line.Sign + " " + line.Text
		switch line.Sign {
		case "-":
			text = t.red(text)
		case "+":
			text = t.green(text)
		}
		writeLine(t, "%s", text)
	}
}

// costOf is what a case took; nothing, when the module did not open.
func costOf(o *trial.Outcome) string {
	if o.Elapsed == 0 {
		return ""
	}
	cost := fmt.Sprintf("  %s, %d KiB", o.Elapsed.Round(time.Microsecond), o.Memory>>10)
	if o.Fuel > 0 { // which is not counted of made-up events
		cost += fmt.Sprintf(", %d fuel", o.Fuel)
	}
	return cost
}
