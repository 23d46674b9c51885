package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"regexp"

	"github.com/spf13/cobra"

	"github.com/weirhq/weir/sdk/conformance"
)

type conformanceFlags struct {
	cases  string
	run    string
	config string
	output string
	cache  cacheFlag
}

// casesAuto leaves the choice of cases to what the module turns out to be.
const casesAuto = "auto"

func (a *app) conformanceCommand() *cobra.Command {
	f := conformanceFlags{cases: casesAuto}
	cmd := &cobra.Command{
		Use:     "conformance MODULE",
		Short:   "run the conformance cases on a module",
		GroupID: groupWrite,
		Long: `Runs the cases that every SDK passes on a WebAssembly module, and says of each
case whether the module passes and what differs.

A conformance guest, which obeys the commands of sdk/conformance, gets all cases.
Any other module gets those that hold for any: whatever events it is given, null
and empty ones, any bytes, up to 1 MiB and in batches of all sizes, it does not
trap, keeps to the ABI, gives back memory, and does the same when it runs again.
A module that is not taken at all ends with exit code 6, a failed case with 1.`,
		Example: `  weir conformance my.wasm
  weir conformance my.wasm --config '{"field": "weight"}'
  weir conformance guest.wasm --cases guest --run '^(null|header)'
  weir conformance builtin:topic-selector -o json`,
		Args: oneModule,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.conformance(cmd.Context(), args[0], f)
		},
	}
	flags := cmd.Flags()
	sets := choice{value: &f.cases, of: []string{casesAuto, string(conformance.Guest), string(conformance.AnyModule)}}
	flags.Var(sets, "cases", "which `SET` of cases: guest has all, module those that hold for any; auto tries what the module is")
	flags.StringVar(&f.run, "run", "", "run only the cases whose name matches a regular expression `RE`")
	flags.StringVar(&f.config, "config", "", "config of the module as `JSON`, for the cases that hold for any module")
	addOutput(cmd, &f.output, outputText)
	f.cache.add(flags)
	return cmd
}

func oneModule(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usageError{fmt.Errorf("%s takes one module, a .wasm file or builtin:NAME", cmd.CommandPath())}
	}
	return nil
}

func (a *app) conformance(ctx context.Context, ref string, f conformanceFlags) (err error) {
	only, err := regexp.Compile(f.run)
	if err != nil {
		return usageError{fmt.Errorf("--run: %w", err)}
	}
	if f.config != "" && !json.Valid([]byte(f.config)) {
		return usageError{fmt.Errorf("--config: %s is not JSON", f.config)}
	}
	opts, err := moduleOptions(f.cache)
	if err != nil {
		return err
	}
	module, err := conformance.Load(ctx, ref, opts)
	if errors.Is(err, fs.ErrNotExist) {
		return usageError{err}
	}
	if err != nil {
		return moduleError{err}
	}
	defer func() { err = errors.Join(err, module.Close(ctx)) }()
	run := &conformanceRun{app: a, module: module, flags: f, only: only, report: conformanceReport{Module: ref, Digest: module.Digest()}}
	if err := run.chooseSets(ctx); err != nil {
		return err
	}
	return run.all(ctx)
}

// conformanceReport is what -o json prints.
type conformanceReport struct {
	Module string             `json:"module"`
	Digest string             `json:"digest"`
	Sets   []conformance.Set  `json:"sets"`
	Cases  []conformanceEntry `json:"cases"`
	Failed int                `json:"failed"`
}

type conformanceEntry struct {
	Set     conformance.Set     `json:"set"`
	Name    string              `json:"name"`
	About   string              `json:"about"`
	OK      bool                `json:"ok"`
	Seconds float64             `json:"seconds"`
	Faults  []conformance.Fault `json:"faults,omitempty"`
	Notes   []string            `json:"notes,omitempty"`
}

// conformanceRun is one run of the command on a module.
type conformanceRun struct {
	*app
	module *conformance.Module
	flags  conformanceFlags
	only   *regexp.Regexp
	report conformanceReport
}

// chooseSets finds out what the module is, and says which cases it gets.
func (r *conformanceRun) chooseSets(ctx context.Context) error {
	set := conformance.Set(r.flags.cases)
	what := "--cases " + r.flags.cases
	if r.flags.cases == casesAuto {
		guest, err := r.module.IsGuest(ctx)
		if err != nil {
			return err
		}
		set, what = conformance.AnyModule, "not a conformance guest: the cases that hold for any module"
		if guest {
			set, what = conformance.Guest, "a conformance guest: the cases for guests, and those for any module"
		}
	}
	r.report.Sets = []conformance.Set{set}
	if set == conformance.Guest {
		r.report.Sets = append(r.report.Sets, conformance.AnyModule)
	} else if err := r.module.Opens(ctx, r.flags.config); err != nil {
		hint := ""
		if r.flags.config == "" {
			hint = "\ngive its config with --config JSON"
		}
		return moduleError{fmt.Errorf("%w%s", err, hint)}
	}
	writeLine(r.err, "%s: ABI 1, %s", r.report.Module, what)
	return nil
}

func (r *conformanceRun) all(ctx context.Context) error {
	for _, set := range r.report.Sets {
		cases, err := conformance.Cases(set)
		if err != nil {
			return err
		}
		for _, c := range cases {
			if !r.only.MatchString(c.Name) {
				continue
			}
			result, err := r.module.Run(ctx, c, r.flags.config)
			if err != nil {
				return fmt.Errorf("case %s: %w", c.Name, err)
			}
			r.add(result)
		}
	}
	return r.end()
}

func (r *conformanceRun) add(result *conformance.Result) {
	c := result.Case
	if !result.OK() {
		r.report.Failed++
	}
	r.report.Cases = append(r.report.Cases, conformanceEntry{
		Set: c.Set, Name: c.Name, About: c.About, OK: result.OK(), Seconds: result.Took.Seconds(),
		Faults: result.Faults, Notes: result.Notes,
	})
	if r.flags.output == outputJSON {
		return
	}
	name := fmt.Sprintf("%s/%s", c.Set, c.Name)
	if result.OK() {
		writeLine(r.out, "%s      %s", r.out.green("ok"), name)
	} else {
		writeLine(r.out, "%s  %-22s %s", r.out.red("FAILED"), name, r.out.dim(c.About))
	}
	for _, note := range result.Notes {
		writeLine(r.out, "        note: %s", note)
	}
	for i := range result.Faults {
		r.show(&result.Faults[i])
	}
}

// mostLines is how much of one fault is shown.
const mostLines = 24

func (r *conformanceRun) show(fault *conformance.Fault) {
	lines := fault.Lines()
	for _, line := range lines[:min(len(lines), mostLines)] {
		switch line[0] {
		case '-':
			line = r.out.red(line)
		case '+':
			line = r.out.green(line)
		}
		writeLine(r.out, "        %s", line)
	}
	if more := len(lines) - mostLines; more > 0 {
		writeLine(r.out, "        and %s; -o json has all", plural(more, "more line"))
	}
}

// end prints what is left to print, and fails when a case did.
func (r *conformanceRun) end() error {
	if r.flags.output == outputJSON {
		enc := json.NewEncoder(r.out)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(r.report); err != nil {
			return err
		}
	}
	count := len(r.report.Cases)
	switch {
	case count == 0:
		return usageError{fmt.Errorf("--run %q matches no case", r.flags.run)}
	case r.report.Failed > 0:
		return fmt.Errorf("%s: %d of %s failed", r.report.Module, r.report.Failed, plural(count, "case"))
	}
	writeLine(r.err, "%s: %s", r.err.green("ok"), plural(count, "case"))
	return nil
}
