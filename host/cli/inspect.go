package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/weirhq/weir/host/inspect"
	"github.com/weirhq/weir/host/plugin"
	"github.com/weirhq/weir/host/store"
	"github.com/weirhq/weir/host/wasm"
)

func (a *app) inspectCommand() *cobra.Command {
	var output string
	var cache cacheFlag
	cmd := &cobra.Command{
		Use:     "inspect MODULE",
		Short:   "say what a module is, and whether it can be used",
		GroupID: groupWrite,
		Long: `Says what a .wasm file is without running it: its version of the ABI, what its
manifest says, which capabilities it asks for, what it imports and exports, what
memory it needs, its sections, the tools that made it, and its digest. Warnings
say what should be better, and how. A module that the host would refuse is shown
as far as it can be read, with every reason, and ends with exit code 6.`,
		Example: `  weir inspect my.wasm
  weir inspect builtin:topic-selector
  weir inspect my.wasm -o json | jq .imports`,
		Args: oneModule,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.inspect(cmd.Context(), args[0], output, cache)
		},
	}
	addOutput(cmd, &output, outputText)
	cache.add(cmd.Flags())
	return cmd
}

func (a *app) inspect(ctx context.Context, ref, output string, cache cacheFlag) error {
	file, err := readModule(ctx, ref, cache)
	if err != nil {
		return err
	}
	r, err := inspect.Module(ctx, file, wasm.Config{CacheDir: cache.path()})
	if err != nil {
		return err
	}
	if output == outputJSON {
		err = writeJSON(a.out, struct {
			Module string `json:"module"`
			*inspect.Report
		}{ref, r})
	} else {
		a.showModule(ref, r)
	}
	if err == nil && !r.Usable {
		err = moduleError{fmt.Errorf("%s cannot be used", ref)}
	}
	return err
}

// readModule reads the file that a reference names, not caring what it holds.
func readModule(ctx context.Context, ref string, cache cacheFlag) ([]byte, error) {
	opts, err := moduleOptions(cache)
	if err != nil {
		return nil, err
	}
	file, err := plugin.Find(ctx, ref, opts)
	r, wrong := store.Parse(ref)
	switch {
	case err == nil:
		return file, nil
	case errors.Is(err, store.ErrPin):
		return nil, moduleError{err}
	case wrong == nil && r.Remote() && !r.NeedsDigest():
		return nil, err
	}
	return nil, usageError{err}
}

func (a *app) showModule(ref string, r *inspect.Report) {
	verdict := a.out.green("can be used")
	if !r.Usable {
		verdict = a.out.red("cannot be used")
	}
	writeLine(a.out, "%s: %s", a.out.bold(ref), verdict)
	for _, fault := range r.Faults {
		writeLine(a.out, "  - %s", fault)
	}
	for _, warning := range r.Warnings {
		writeLine(a.out, "  - %s %s", a.out.yellow("warning:"), warning)
	}
	t := newTable(a.out, "  ")
	t.row("plugin", pluginLine(r))
	if m := r.Manifest; m != nil {
		t.row("", m.Description)
		t.rowIf(m.Licence != "", "licence", m.Licence)
		t.rowIf(m.SDK != "", "sdk", m.SDK)
		t.rowIf(m.Capabilities != nil, "uses", orNone(strings.Join(m.Capabilities, ", ")))
	}
	t.rowIf(r.Usable && len(r.Asks) == 0, "asks for", "nothing beyond the events")
	for i, c := range r.Asks {
		name := ""
		if i == 0 {
			name = "asks for"
		}
		t.row(name, fmt.Sprintf("%s: to %s (%s)", c.Name, c.Meaning, strings.Join(c.Functions, ", ")))
	}
	t.row("abi", abiLine(r.ABI))
	t.row("size", size(r.Size))
	t.row("digest", r.Digest)
	t.row("memory", memoryLine(r.Memory))
	t.row("functions", strconv.Itoa(r.Functions))
	t.rowIf(r.Tables > 0, "tables", strconv.Itoa(r.Tables))
	t.rowIf(r.Tests > 0, "tests", fmt.Sprintf("%d bytes of cases", r.Tests))
	t.rowIf(r.StartSection, "start", "a function runs when an instance is made (start section)")
	t.rowIf(r.Command, "start", "exports _start: a command")
	for i, p := range r.Producers {
		name := ""
		if i == 0 {
			name = "made by"
		}
		t.row(name, strings.TrimSpace(p.Name+" "+p.Version)+" ("+p.Field+")")
	}
	t.end()
	a.showParts(r)
}

// showParts lists imports, exports and sections.
func (a *app) showParts(r *inspect.Report) {
	head := func(title string, n int) *table {
		writeLine(a.out, "%s", a.out.bold(title))
		if n == 0 {
			writeLine(a.out, "  none")
		}
		return newTable(a.out, "  ")
	}
	t := head("imports", len(r.Imports))
	for _, im := range r.Imports {
		note := ""
		switch {
		case im.Refused:
			note = "WASI; answers that it is not supported"
		case im.WASI:
			note = "WASI"
		}
		t.row(im.Module+"."+im.Name, kindAndType(im.Kind, im.Type), note)
	}
	t.end()
	t = head("exports", len(r.Exports))
	for _, e := range r.Exports {
		note := ""
		if e.ABI {
			note = "ABI"
		}
		t.row(e.Name, kindAndType(e.Kind, e.Type), note)
	}
	t.end()
	t = head("sections", len(r.Sections))
	for _, s := range r.Sections {
		kind := ""
		if s.Custom {
			kind = "custom"
		}
		t.row(s.Name, plural(s.Size, "byte"), "at "+strconv.Itoa(s.Offset), kind)
	}
	t.end()
}

func kindAndType(kind, typ string) string {
	if typ != "" {
		return typ
	}
	return kind
}

func pluginLine(r *inspect.Report) string {
	if r.Manifest == nil {
		return "no manifest"
	}
	return r.Manifest.Name + " " + r.Manifest.Version
}

func abiLine(version int) string {
	if version == 0 {
		return "none"
	}
	return strconv.Itoa(version)
}

func memoryLine(m *inspect.Memory) string {
	if m == nil {
		return "none of its own"
	}
	bound := "grows up to the limit"
	if m.Max > 0 {
		bound = "grows up to " + bytesText(m.Max)
	}
	return fmt.Sprintf("%s at the start, %s (limit: %s)", bytesText(m.Start), bound, bytesText(m.Limit))
}

// importList is what is imported, WASI's part last and flagged.
func importList(r *inspect.Report) []string {
	var own, wasi []string
	for _, im := range r.Imports {
		switch {
		case !im.WASI:
			own = append(own, im.Module+"."+im.Name)
		case !slices.Contains(wasi, im.Name): // Go names some again
			wasi = append(wasi, im.Name)
		}
	}
	if len(wasi) > 0 {
		own = append(own, "and of WASI "+strings.Join(wasi, ", "))
	}
	return own
}

// exportList is what is exported of the ABI, and how much else.
func exportList(r *inspect.Report) []string {
	var names []string
	others := 0
	for _, e := range r.Exports {
		if e.ABI {
			names = append(names, e.Name)
		} else {
			others++
		}
	}
	if others > 0 {
		names = append(names, plural(others, "other"))
	}
	return names
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}

// size is a number of bytes, rounded and in full.
func size(n int) string {
	if n < 1<<10 {
		return plural(n, "byte")
	}
	return fmt.Sprintf("%s (%d bytes)", bytesText(uint64(n)), n)
}

func bytesText(n uint64) string {
	switch {
	case n >= 1<<20:
		return trimZero(float64(n)/(1<<20)) + " MiB"
	case n >= 1<<10:
		return trimZero(float64(n)/(1<<10)) + " KiB"
	}
	return plural(int(n), "byte")
}

func trimZero(f float64) string {
	return strings.TrimSuffix(strconv.FormatFloat(f, 'f', 1, 64), ".0")
}
