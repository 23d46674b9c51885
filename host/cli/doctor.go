package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/weirhq/weir/host"
	"github.com/weirhq/weir/host/kafka"
)

func (a *app) doctorCommand() *cobra.Command {
	var cfg configFlags
	var cache cacheFlag
	var output string
	cmd := &cobra.Command{
		Use:     "doctor",
		Short:   "find out why a configuration does not run here",
		GroupID: groupLook,
		Long: `Looks at everything that a run needs and says how it is: this machine, the
configuration and its modules, and for each connection the way to the brokers step
by step: names, ports, TLS, login, where brokers say that they are, topics, groups
and rights. What is wrong comes with what helps. Nothing is changed.`,
		Example: `  weir doctor
  weir doctor -c weir.yaml -o json | jq '.[] | select(.findings[].verdict == "fault")'`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.doctor(cmd.Context(), cfg, cache, output)
		},
	}
	cfg.add(cmd.Flags())
	cache.add(cmd.Flags())
	addOutput(cmd, &output, outputText)
	return cmd
}

// errUnwell ends a command that has told what is wrong.
var errUnwell = errors.New("not all is well")

// examined is one patient.
type examined struct {
	Of       string          `json:"of"`
	Findings []kafka.Finding `json:"findings"`
}

func (a *app) doctor(ctx context.Context, cfg configFlags, cache cacheFlag, output string) error {
	log, err := a.logger(silent)
	if err != nil {
		return err
	}
	var all []examined
	tell := func(of string, findings []kafka.Finding) {
		all = append(all, examined{of, findings})
		if output != outputJSON {
			a.showFindings(of, findings)
		}
	}
	tell("this machine", machine(cache.path()))
	spec, err := a.load(cfg)
	if err != nil {
		return err
	}
	h, err := host.New(ctx, spec, host.Options{Log: log, CacheDir: cache.path()})
	if err != nil {
		return err
	}
	tell("configuration", []kafka.Finding{{What: strings.Join(cfg.files, ", "), Is: plural(len(spec.Pipelines), "pipeline") + ", and all modules can be used"}})
	for _, name := range slices.Sorted(maps.Keys(spec.Connections)) {
		tell("connection "+name, kafka.Examine(ctx, spec.Connections[name].Options, spec.Uses(name), log))
	}
	if output == outputJSON {
		err = writeJSON(a.out, all)
	}
	return errors.Join(err, h.Close(ctx), verdict(all))
}

// verdict is an error when something is at fault.
func verdict(all []examined) error {
	faults := 0
	for _, e := range all {
		for _, f := range e.Findings {
			if f.Verdict == kafka.Bad {
				faults++
			}
		}
	}
	if faults == 0 {
		return nil
	}
	return fmt.Errorf("%w: %s", errUnwell, plural(faults, "fault"))
}

func (a *app) showFindings(of string, findings []kafka.Finding) {
	writeLine(a.out, "%s", a.out.bold(of))
	for _, f := range findings {
		mark := f.Verdict.String()
		padded := mark + strings.Repeat(" ", 5-len(mark))
		switch f.Verdict {
		case kafka.Good:
			padded = a.out.green(padded)
		case kafka.Doubtful:
			padded = a.out.yellow(padded)
		case kafka.Bad:
			padded = a.out.red(padded)
		}
		writeLine(a.out, "  %s  %s: %s", padded, f.What, f.Is)
		if f.Remedy != "" {
			writeLine(a.out, "         %s", f.Remedy)
		}
	}
}
