package cli

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/weirhq/weir/host/admin"
	"github.com/weirhq/weir/host/config"
)

// noArgs refuses arguments; where a subcommand should stand, it names the
// nearest.
func noArgs(cmd *cobra.Command, args []string) error {
	switch {
	case len(args) == 0:
		return nil
	case !cmd.HasSubCommands():
		return usageError{fmt.Errorf("%s takes no argument %q", cmd.CommandPath(), args[0])}
	}
	cmd.SuggestionsMinimumDistance = 2 // of which cobra's own default is to find none
	hint := ""
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		hint = fmt.Sprintf(" (did you mean %q?)", near[0])
	}
	return usageError{fmt.Errorf("%s has no command %q%s", cmd.CommandPath(), args[0], hint)}
}

// knownCommand wants the way to a command.
func knownCommand(cmd *cobra.Command, args []string) error {
	target, rest, err := cmd.Root().Find(args)
	if err != nil {
		return usageError{err}
	}
	return noArgs(target, rest)
}

func atMostOneArg(cmd *cobra.Command, args []string) error {
	if len(args) > 1 {
		return usageError{fmt.Errorf("%s takes one argument, not %d", cmd.CommandPath(), len(args))}
	}
	return nil
}

// showHelp is what a command does that only has subcommands.
func showHelp(cmd *cobra.Command, _ []string) error { return cmd.Help() }

// ownNames are the commands, right under weir, whose flags have variables with the command's name
// in them, WEIR_BROKER_LISTEN: they share flag names with others, and mean
// something else.
var ownNames = []string{"broker", "conformance", "demo", "dev", "test", "call", "verify"}

// variable is the environment variable that sets a flag.
func variable(cmd *cobra.Command, flag *pflag.Flag) string {
	name := flag.Name
	if slices.Contains(ownNames, cmd.Name()) && cmd.Parent() == cmd.Root() && cmd.InheritedFlags().Lookup(name) == nil {
		name = cmd.Name() + "-" + name
	}
	return config.Prefix + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

// settable leaves out what makes no sense to have in an environment.
func settable(flag *pflag.Flag) bool { return flag.Name != "help" && flag.Name != "version" }

// fromEnvironment sets the flags that the command line leaves open from
// variables. Lists take commas.
func fromEnvironment(cmd *cobra.Command, environ []string) error {
	values := make(map[string]string)
	for _, e := range environ {
		if name, value, ok := strings.Cut(e, "="); ok {
			values[name] = value
		}
	}
	var err error
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		name := variable(cmd, f)
		value, ok := values[name]
		if err != nil || f.Changed || !ok || !settable(f) {
			return
		}
		if list, isList := f.Value.(pflag.SliceValue); isList {
			err = list.Replace(strings.Split(value, ","))
			f.Changed = true
		} else {
			err = cmd.Flags().Set(f.Name, value)
		}
		if err != nil {
			err = usageError{fmt.Errorf("environment variable %s: %w", name, err)}
		}
	})
	return err
}

// showEnvironment adds the variable to the help of every flag.
func showEnvironment(cmd *cobra.Command) {
	add := func(f *pflag.Flag) {
		if settable(f) {
			f.Usage += " [$" + variable(cmd, f) + "]"
		}
	}
	if cmd.HasParent() {
		cmd.LocalNonPersistentFlags().VisitAll(add)
	} else {
		cmd.PersistentFlags().VisitAll(add)
	}
}

// checkListen wants the value of a --listen flag to be HOST:PORT.
func checkListen(listen string) error {
	_, port, err := net.SplitHostPort(listen)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		return usageError{fmt.Errorf("--listen %q is not HOST:PORT, such as %s, with a port of 0 to 65535", listen, admin.DefaultListen)}
	}
	return nil
}

// configFlags name the configuration of a command.
type configFlags struct {
	files []string
	set   []string
}

// defaultConfig is read when no file is named.
const defaultConfig = "weir.yaml"

func (f *configFlags) add(flags *pflag.FlagSet) {
	flags.StringSliceVarP(&f.files, "config", "c", []string{defaultConfig},
		"configuration `FILE`, YAML or INI; more of them are laid over the first")
	flags.StringArrayVar(&f.set, "set", nil, "override a `PATH=VALUE` of the configuration")
}
