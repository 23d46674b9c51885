package cli

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/weirhq/weir/host/telemetry"
)

// build reads what the Go tool recorded in the binary.
func build() telemetry.Build {
	b := telemetry.Build{Version: "unknown", GoVersion: runtime.Version()}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	if info.Main.Version != "" {
		b.Version = info.Main.Version
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			b.Revision = s.Value
		}
	}
	return b
}

func versionLine(b telemetry.Build) string {
	return fmt.Sprintf("weir %s (%s, %s)", b.Version, b.GoVersion, platform())
}

func (a *app) versionCommand() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:     "version",
		Short:   "print the version",
		Args:    noArgs,
		Example: "  weir version\n  weir version -o json",
		RunE: func(*cobra.Command, []string) error {
			b := build()
			if output == outputJSON {
				return json.NewEncoder(a.out).Encode(map[string]string{
					"version": b.Version, "revision": b.Revision, "go": b.GoVersion, "platform": platform(),
				})
			}
			writeLine(a.out, "%s", versionLine(b))
			return nil
		},
	}
	addOutput(cmd, &output, outputText)
	return cmd
}

func platform() string { return runtime.GOOS + "/" + runtime.GOARCH }
