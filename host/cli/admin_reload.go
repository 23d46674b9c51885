package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/weirhq/weir/host/admin/api"
)

func (a *app) reloadCommand() *cobra.Command {
	var output string
	var plan bool
	cmd := &cobra.Command{
		Use:     "reload",
		Short:   "have a weir that runs take its configuration anew",
		GroupID: groupRun,
		Long: `Has a weir that runs read its configuration and its modules again and apply what
changed, while events flow, and says what that was. What is wrong, a setting or a module
that does not pass its checks and the test cases that it carries, is told, and
changes nothing. --plan checks as much, and only says what would change.`,
		Example: `  weir reload --plan
  weir reload
  weir reload -o json`,
		Args: noArgs,
	}
	cmd.Flags().BoolVar(&plan, "plan", false, "only say what would change")
	addOutput(cmd, &output, outputText)
	return a.askAdmin(cmd, func(ctx context.Context, remote *api.Remote, _ []string) error {
		r, err := remote.Reload(ctx, plan)
		if err != nil {
			return err
		}
		if output == outputJSON {
			return writeJSON(a.out, r)
		}
		a.printReload(r, plan)
		return nil
	})
}

func (a *app) printReload(r *api.Reload, plan bool) {
	changed := 0
	for _, p := range r.Pipelines {
		if p.Action == "keep" {
			continue
		}
		changed++
		writeLine(a.out, "%s %s", a.paintAction(p.Action), a.out.bold(p.Name))
		for _, c := range p.Changes {
			writeLine(a.out, "    %s: %s -> %s", c.Path, a.out.red(orNone(c.Was)), a.out.green(orNone(c.Is)))
		}
	}
	switch {
	case changed == 0:
		writeLine(a.err, "nothing has changed")
	case plan:
		writeLine(a.err, "%s to change; weir reload does it", plural(changed, "pipeline"))
	default:
		writeLine(a.err, "%s changed", plural(changed, "pipeline"))
	}
}

func (a *app) paintAction(action string) string {
	text := fmt.Sprintf("%-7s", action)
	switch action {
	case "add":
		return a.out.green(text)
	case "remove":
		return a.out.red(text)
	case "restart":
		return a.out.yellow(text)
	}
	return a.out.cyan(text)
}
