package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/weirhq/weir/host"
)

func (a *app) checkCommand() *cobra.Command {
	var cfg configFlags
	var cache cacheFlag
	cmd := &cobra.Command{
		Use:     "check",
		Short:   "check a configuration and its modules",
		GroupID: groupLook,
		Long: `Checks everything that can be checked without brokers: the files, every
option, the WebAssembly modules, and that each module takes its config. Prints
all faults, each with its place, not the first one only. No broker is asked;
modules of a registry or server are fetched, unless they are in the cache.`,
		Example: `  weir check
  weir check -c weir.yaml -c production.yaml
  weir check -c site.conf`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.check(cmd.Context(), cfg, cache)
		},
	}
	cfg.add(cmd.Flags())
	cache.add(cmd.Flags())
	return cmd
}

func (a *app) check(ctx context.Context, cfg configFlags, cache cacheFlag) error {
	log, err := a.logger(quiet)
	if err != nil {
		return err
	}
	spec, err := a.load(cfg)
	if err != nil {
		return err
	}
	h, err := host.New(ctx, spec, host.Options{Log: log, CacheDir: cache.path()})
	if err != nil {
		return err
	}
	for _, p := range spec.Pipelines {
		a.describe(p)
	}
	topics := 0
	for _, list := range spec.Topics.ByConnection {
		topics += len(list)
	}
	writeLine(a.err, "%s: %s, %s", a.err.green("ok"), plural(len(spec.Pipelines), "pipeline"), plural(topics, "topic"))
	return h.Close(ctx)
}

// describe prints the way of a pipeline's events.
func (a *app) describe(p *host.PipelineSpec) {
	writeLine(a.out, "%s", p.Name)
	for _, source := range p.Sources {
		chosen := ""
		if list := source.Options.List("partitions"); len(list) > 0 {
			chosen = ", partitions " + strings.Join(list, ",")
		}
		writeLine(a.out, "  source       %s%s", strings.Join(source.Topics, ", "), chosen)
	}
	if p.Lanes > 1 {
		writeLine(a.out, "  lanes        %d a partition, ordering %s", p.Lanes, p.Ordering)
	}
	for _, step := range p.Steps {
		what := step.Module
		switch {
		case step.KeyFilter != nil:
			what = step.KeyFilter.String()
		case step.Schema != nil:
			what = fmt.Sprintf("%s by schema", step.Schema.Op)
		}
		writeLine(a.out, "  processor    %s: %s, on error %s", step.Name, what, step.OnError)
		if s := step.Shadow; s != nil {
			writeLine(a.out, "  shadow       %s: %s, of %v%% of the batches", step.Name, s.Module, s.Sample*100)
		}
	}
	target := p.Sink.Topic
	if target == "" {
		target = "the topic that a processor chooses"
	}
	writeLine(a.out, "  sink         %s", target)
	if p.DeadLetterTopic != "" {
		writeLine(a.out, "  dead letter  %s", p.DeadLetterTopic)
	}
	if p.Delivery == host.ExactlyOnce {
		writeLine(a.out, "  delivery     exactly once, in transactions of %v as %s", p.TransactionInterval, p.Sink.Options.String("transactional.id"))
	}
}
