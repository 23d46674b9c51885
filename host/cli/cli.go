// Package cli is weir's command line.
//
// Main parses, runs one command and answers with its exit code. Data goes to
// the standard output, everything said about it to the standard error. Each
// command has a file; what they share is in this one (the root), exit.go
// (errors to codes), flags.go (the environment), terminal.go and log.go.
package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
)

// app is one invocation. Commands reach the outside only through it.
type app struct {
	in      *input
	out     *terminal
	err     *terminal
	environ []string
	logs    logFlags
}

// Main runs the command line of the process and returns its exit code.
func Main() int {
	a := &app{
		in:      newInput(os.Stdin),
		out:     newTerminal(os.Stdout),
		err:     newTerminal(os.Stderr),
		environ: os.Environ(),
	}
	return a.main(context.Background(), os.Args[1:])
}

// Run runs one command line outside of a terminal, and returns its exit code.
func Run(ctx context.Context, args, environ []string, out, err io.Writer) int {
	a := &app{in: &input{Reader: strings.NewReader("")}, out: &terminal{Writer: out}, err: &terminal{Writer: err}, environ: environ}
	return a.main(ctx, args)
}

func (a *app) main(ctx context.Context, args []string) int {
	root := a.root()
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		err = a.out.lost()
	}
	return a.report(cmd, err)
}

const about = `weir runs event pipelines on Kafka whose business logic is WebAssembly.

A pipeline reads topics, hands each event to sandboxed processors, and writes
what they return. It is described in a file, weir.yaml by default.`

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "weir",
		Short: "run event pipelines on Kafka, with WebAssembly processors",
		Long:  about,
		Example: `  weir demo                        see it work; needs nothing
  weir check -c weir.yaml          say everything that is wrong with a file
  weir topics apply -c weir.yaml   make the topics that it needs
  weir run -c weir.yaml            run its pipelines
  weir test my-processor           run the test cases of a module`,
		Args:              noArgs,
		SilenceErrors:     true,
		SilenceUsage:      true,
		PersistentPreRunE: a.prepare,
		RunE:              showHelp,
	}
	root.SetOut(a.out)
	root.SetErr(a.err)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.Version = build().Version
	root.SetVersionTemplate(versionLine(build()) + "\n")
	root.SetHelpTemplate(helpTemplate)
	root.SetUsageTemplate(usageTemplate)
	root.AddGroup(
		&cobra.Group{ID: groupRun, Title: "Run"},
		&cobra.Group{ID: groupLook, Title: "Look and prepare"},
		&cobra.Group{ID: groupWrite, Title: "Write processors"},
		&cobra.Group{ID: groupTry, Title: "Try without a cluster"},
	)
	root.SetHelpCommandGroupID("")
	a.logs.add(root.PersistentFlags())
	root.AddCommand(
		a.runCommand(),
		a.checkCommand(),
		a.doctorCommand(),
		a.pipelinesCommand(), a.tapCommand(), a.reloadCommand(), a.tenantsCommand(),
		a.topicsCommand(),
		a.deadletterCommand(),
		a.replayCommand(),
		a.pluginsCommand(),
		a.modulesCommand(),
		a.configCommand(),
		a.newCommand(),
		a.buildCommand(),
		a.testCommand(),
		a.callCommand(),
		a.inspectCommand(),
		a.conformanceCommand(),
		a.demoCommand(), a.devCommand(), a.verifyCommand(), a.brokerCommand(),
		a.versionCommand(), a.manCommand(), exitCodesTopic(),
	)
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, cmd := range everyCommand(root) {
		switch cmd.Name() {
		case "help":
			cmd.Short = "explain a command"
			cmd.Args = knownCommand
		case "completion":
			cmd.Short = "print a completion script for a shell"
			cmd.Args, cmd.RunE = noArgs, showHelp
		}
		showEnvironment(cmd)
	}
	return root
}

// The groups of commands in the help of weir.
const (
	groupRun   = "run"
	groupLook  = "look"
	groupWrite = "write"
	groupTry   = "try"
)

// prepare runs before every command.
func (a *app) prepare(cmd *cobra.Command, _ []string) error {
	return fromEnvironment(cmd, a.environ)
}

func everyCommand(root *cobra.Command) []*cobra.Command {
	all := []*cobra.Command{root}
	for _, cmd := range root.Commands() {
		all = append(all, everyCommand(cmd)...)
	}
	return all
}

// The templates put the examples first: they answer most visits.
const (
	helpTemplate = `{{with (or .Long .Short)}}{{. | trimTrailingWhitespaces}}

{{end}}{{if or .Runnable .HasSubCommands}}{{.UsageString}}{{end}}`

	usageTemplate = `{{if .HasExample}}Examples:
{{.Example}}

{{end}}{{if not .HasSubCommands}}Usage:
  {{.UseLine}}
{{else}}Usage:
  {{.CommandPath}} COMMAND
{{end}}{{if .HasAvailableSubCommands}}{{$cmds := .Commands}}{{range $group := .Groups}}
{{.Title}}:{{range $cmds}}{{if and (eq .GroupID $group.ID) .IsAvailableCommand}}
  {{rpad .Name .NamePadding}}  {{.Short}}{{end}}{{end}}
{{end}}{{if not .AllChildCommandsHaveGroup}}
{{if .Groups}}Other{{else}}Commands{{end}}:{{range $cmds}}{{if and (eq .GroupID "") (or .IsAvailableCommand (eq .Name "help"))}}
  {{rpad .Name .NamePadding}}  {{.Short}}{{end}}{{end}}
{{end}}{{end}}{{if .HasAvailableLocalFlags}}
Flags:
{{.LocalFlags.FlagUsagesWrapped 80 | trimTrailingWhitespaces}}
{{end}}{{if .HasAvailableInheritedFlags}}
Flags of all commands:
{{.InheritedFlags.FlagUsagesWrapped 80 | trimTrailingWhitespaces}}
{{end}}{{if .HasAvailableSubCommands}}
"{{.CommandPath}} COMMAND --help" says more; "weir help exit-codes" what they mean.
{{end}}`
)

// writeLine prints to a terminal or a pipe. What cannot be written is no reason
// to stop what the command does; terminal.lost tells of it at the end.
func writeLine(w io.Writer, format string, args ...any) {
	_, _ = fmt.Fprintf(w, format+"\n", args...)
}
