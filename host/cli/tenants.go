package cli

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/weirhq/weir/host/admin/api"
	"github.com/weirhq/weir/host/config"
)

func (a *app) tenantsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "tenants",
		Short:   "show who shares a weir that runs, and what they use",
		GroupID: groupRun,
		Long: `Shows the tenants of a weir that runs, by its admin API. By default that is the
one on this machine; --admin names another.`,
		Example: `  weir tenants list
  weir tenants usage
  weir tenants usage acme -o json`,
		Args: noArgs,
		RunE: showHelp,
	}
	cmd.AddCommand(a.tenantsList(), a.tenantsUsage())
	return cmd
}

func (a *app) tenantsList() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use: "list", Short: "list the tenants, with what they may use", Args: noArgs,
		Example: "  weir tenants list\n  weir tenants list -o name",
	}
	addOutput(cmd, &output, outputTable, outputName)
	return a.askAdmin(cmd, func(ctx context.Context, remote *api.Remote, _ []string) error {
		all, err := remote.Tenants(ctx)
		if err != nil {
			return err
		}
		return a.printTenants(all, output, func(t *table) {
			t.row("NAME", "PIPELINES", "WEIGHT", "CPU", "MEMORY", "INSTANCES", "EVENTS/S", "BYTES/S", "LOG LINES/S")
			for _, one := range all {
				q := one.Quota
				memory, rate := bytesText(q.Memory), bytesText(q.Bytes)
				t.row(one.Name, fmt.Sprint(one.Pipelines), fmt.Sprint(q.Weight), bound(q.CPU, strconv.FormatFloat(q.CPU, 'g', -1, 64)), bound(q.Memory, memory),
					bound(q.Instances, fmt.Sprint(q.Instances)), bound(q.Events, fmt.Sprint(q.Events)), bound(q.Bytes, rate), bound(q.LogLines, fmt.Sprint(q.LogLines)))
			}
		})
	})
}

// bound is a quota, or a dash for none.
func bound[T comparable](quota T, text string) string {
	var none T
	if quota == none {
		return "-"
	}
	return text
}

func (a *app) tenantsUsage() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use: "usage [TENANT...]", Short: "show what tenants have used since the start",
		Long: `Shows what tenants have used since the process started: fuel and time of their
modules, memory now and summed over time, and what they read. WAITED is how long
they were held up: by others for the CPU, or by their own quotas.`,
		Example: "  weir tenants usage\n  weir tenants usage acme umbrella\n  weir tenants usage -o json",
	}
	addOutput(cmd, &output, outputTable)
	return a.askAdmin(cmd, func(ctx context.Context, remote *api.Remote, args []string) error {
		all, err := remote.Tenants(ctx)
		if err == nil && len(args) > 0 {
			all, err = chosenTenants(all, args)
		}
		if err != nil {
			return err
		}
		return a.printTenants(all, output, func(t *table) {
			t.row("NAME", "FUEL", "CPU", "MEMORY", "MEMORY-HOURS", "INSTANCES", "EVENTS", "BYTES", "WAITED")
			for _, one := range all {
				u := one.Usage
				hours := strconv.FormatFloat(u.MemorySeconds/3600/(1<<30), 'f', 3, 64) + " GiB*h"
				t.row(one.Name, fmt.Sprint(u.Fuel), seconds(u.CPU), bytesText(u.Memory), hours, fmt.Sprint(u.Instances), fmt.Sprint(u.Events), bytesText(u.Bytes),
					seconds(u.Waited.CPU+u.Waited.Events+u.Waited.Bytes))
			}
		})
	})
}

// chosenTenants are those of the names, in the order of the names.
func chosenTenants(all []api.Tenant, names []string) ([]api.Tenant, error) {
	var known []string
	for _, t := range all {
		known = append(known, t.Name)
	}
	chosen := []api.Tenant{}
	for _, name := range names {
		i := slices.Index(known, name)
		if i < 0 {
			hint := "weir tenants list shows them"
			if near := config.Nearest(name, known); near != "" {
				hint = fmt.Sprintf("did you mean %q?", near)
			}
			return nil, usageError{fmt.Errorf("no tenant is called %q; %s", name, hint)}
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}

func (a *app) printTenants(all []api.Tenant, output string, rows func(t *table)) error {
	return printAll(a, output, all, "no tenants", func(t api.Tenant) string { return t.Name }, rows)
}

func seconds(s float64) string {
	return time.Duration(s * float64(time.Second)).Round(time.Millisecond).String()
}
