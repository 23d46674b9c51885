package cli

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/weirhq/weir/host/admin/api"
)

func (a *app) pipelinesShadow() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use: "shadow PIPELINE", Short: "compare modules with the candidates that run beside them", Args: onePipeline,
		Long: `Compares the modules of a pipeline with the candidates that its processors name by
shadow: how many records came out the same, what differed, with examples, and what
time and fuel both took. Examples show parts of payloads.`,
		Example: "  weir pipelines shadow orders\n  weir pipelines shadow orders -o json | jq .differences",
	}
	addOutput(cmd, &output, outputText)
	return a.askAdmin(cmd, func(ctx context.Context, remote *api.Remote, args []string) error {
		p, err := remote.Pipeline(ctx, args[0])
		if err != nil {
			return err
		}
		differences, err := remote.Differences(ctx, args[0])
		if err != nil {
			return err
		}
		shadows := map[string]*api.Shadow{}
		for _, step := range p.Processors {
			if step.Shadow != nil {
				shadows[step.Name] = step.Shadow
			}
		}
		if output == outputJSON {
			return writeJSON(a.out, struct {
				Shadows     map[string]*api.Shadow `json:"shadows"`
				Differences []api.Difference       `json:"differences"`
			}{shadows, append([]api.Difference{}, differences...)})
		}
		if len(shadows) == 0 {
			writeLine(a.err, "no processor of %s has a shadow", p.Name)
		}
		for _, step := range p.Processors {
			if step.Shadow != nil {
				a.printShadow(step, differences)
			}
		}
		return nil
	})
}

func (a *app) printShadow(step api.Processor, differences []api.Difference) {
	s := step.Shadow
	t := newTable(a.out, "")
	t.row("processor", step.Name)
	t.row("live", step.Module, shortDigest(step.Digest))
	t.row("candidate", s.Module, shortDigest(s.Digest))
	t.row("batches", fmt.Sprintf("%d compared, %d dropped, %d broken", s.Compared, s.Dropped, s.Broken))
	different := uint64(0)
	for _, n := range s.Different {
		different += n
	}
	t.row("records", fmt.Sprintf("%d the same, %d different", s.Same, different))
	t.end()
	writeLine(a.out, "")
	sides := newTable(a.out, "")
	sides.row("SIDE", "TIME", "FUEL", "FAILED")
	for i, side := range []api.ShadowSide{s.Live, s.Candidate} {
		took := time.Duration(side.Seconds * float64(time.Second)).Round(time.Microsecond)
		sides.row([]string{"live", "candidate"}[i], took.String(), fmt.Sprint(side.Fuel), byClass(side.Failed))
	}
	sides.end()
	own := slices.DeleteFunc(slices.Clone(differences), func(d api.Difference) bool { return d.Processor != step.Name })
	if len(own) == 0 {
		return
	}
	writeLine(a.out, "")
	examples := newTable(a.out, "")
	examples.row("DIFFERS", "RECORD", "LIVE", "CANDIDATE")
	for _, d := range own {
		examples.row(d.Kind, fmt.Sprintf("%s[%d]@%d", d.Record.Topic, d.Record.Partition, d.Record.Offset), d.Live, d.Candidate)
	}
	examples.end()
}

// byClass is failures by class, or 0.
func byClass(failed map[string]uint64) string {
	if len(failed) == 0 {
		return "0"
	}
	text := ""
	for _, class := range slices.Sorted(maps.Keys(failed)) {
		text += fmt.Sprintf("%d %s, ", failed[class], class)
	}
	return text[:len(text)-2]
}
