package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/weirhq/weir/host"
	"github.com/weirhq/weir/host/admin/api"
	"github.com/weirhq/weir/host/config"
	"github.com/weirhq/weir/host/kafka"
	"github.com/weirhq/weir/host/store"
)

// The exit codes. They are an interface to scripts: add, never change.
const (
	exitOK       = 0
	exitFailure  = 1
	exitUsage    = 2
	exitNoSuch   = 3
	exitDenied   = 4
	exitKafka    = 5
	exitRejected = 6
	exitNobody   = 9
	exitDrift    = 10
)

const exitCodes = `0  done
1  a failure at run time: a pipeline stopped, a topic could not be made, a registry is away
2  the command line or the configuration is wrong; nothing was started
3  weir has no pipeline, or the pipeline no processor, of that name
4  the admin API does not let us: no token, a wrong one, or too low a role
5  no Kafka broker answers, or none lets us in
6  a WebAssembly module was rejected
9  no weir answers at the address of --admin
10 topics were compared and are not as configured`

func exitCodesTopic() *cobra.Command {
	return &cobra.Command{
		Use:   "exit-codes",
		Short: "what the exit codes mean",
		Long:  "Exit codes of all commands:\n\n  " + strings.ReplaceAll(exitCodes, "\n", "\n  "),
	}
}

// usageError is a wrong command line.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// moduleError is a module that a command was given and cannot use.
type moduleError struct{ error }

func (e moduleError) Unwrap() error { return e.error }

// exitCode says what an error means for the caller of the process.
func exitCode(err error) int {
	var usage usageError
	var rejected *host.ModuleError
	var given moduleError
	var faults config.Faults
	var answered *api.Error
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, store.ErrUnavailable): // which may change by itself
		return exitFailure
	case errors.As(err, &rejected), errors.As(err, &given):
		return exitRejected
	case errors.As(err, &usage), errors.As(err, &faults):
		return exitUsage
	case errors.Is(err, api.ErrNobody):
		return exitNobody
	case errors.As(err, &answered):
		return answerCode(answered)
	case errors.Is(err, kafka.ErrUnreachable):
		return exitKafka
	case errors.Is(err, kafka.ErrDrift):
		return exitDrift
	default:
		return exitFailure
	}
}

// answerCode says what an answer of the admin API means for the caller.
func answerCode(err *api.Error) int {
	switch err.Code {
	case api.NoPipeline, api.NoProcessor:
		return exitNoSuch
	case api.BadParameter, api.Refused:
		return exitUsage
	case api.NoToken, api.BadToken, api.RoleTooLow, api.TenantOnly:
		return exitDenied
	}
	return exitFailure
}

// report prints what a command ended with, unless it did so itself, and
// returns the exit code.
func (a *app) report(cmd *cobra.Command, err error) int {
	var faults config.Faults
	var usage usageError
	var rejected *host.ModuleError
	switch {
	case err == nil:
	case errors.As(err, &rejected):
		writeLine(a.err, "%v", err) // a line each, place first
		writeLine(a.err, "%s", a.err.red("not every module can be used"))
	case errors.As(err, &faults):
		a.printFaults(faults)
	case errors.As(err, &usage):
		writeLine(a.err, "%s %s", a.err.red("weir:"), strings.TrimSpace(err.Error()))
		writeLine(a.err, "see: %s --help", cmd.CommandPath())
	default:
		writeLine(a.err, "%s %v", a.err.red("weir:"), err)
	}
	return exitCode(err)
}

// printFaults prints every fault, place first, and how many there were.
func (a *app) printFaults(faults config.Faults) {
	faults.Sort()
	for _, f := range faults {
		text := f.String()
		if place := f.Pos.String(); place != "" {
			rest := strings.TrimPrefix(text, place)
			text = a.err.bold(place) + rest
		}
		writeLine(a.err, "%s", text)
	}
	errs, warnings := len(faults.Errors()), len(faults.Warnings())
	if errs > 0 {
		writeLine(a.err, "%s", a.err.red(plural(errs, "error")+andWarnings(warnings)))
	}
}

func andWarnings(n int) string {
	if n == 0 {
		return ""
	}
	return ", " + plural(n, "warning")
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
