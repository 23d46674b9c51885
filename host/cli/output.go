package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// The forms of a command's data.
const (
	outputText  = "text"
	outputTable = "table"
	outputJSON  = "json"
	outputJUnit = "junit"
)

// addOutput adds -o with a human form, which is the default, json, and more. The
// names of human forms stand for each other, so that one WEIR_OUTPUT serves all
// commands.
func addOutput(cmd *cobra.Command, into *string, human string, more ...string) {
	forms := choice{value: into, of: append([]string{human, outputJSON}, more...), same: map[string]string{outputText: human, outputTable: human}}
	*into = human
	cmd.Flags().VarP(forms, "output", "o", "`FORM` of the output: "+strings.Join(forms.of, " or "))
	// The flag was added a line above; that is all that can fail.
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(forms.of, cobra.ShellCompDirectiveNoFileComp))
}

// choice is a flag that takes one of a few words.
type choice struct {
	value *string
	of    []string
	same  map[string]string // other words for one of them
}

func (c choice) String() string { return *c.value }

func (c choice) Type() string { return "form" }

func (c choice) Set(s string) error {
	if one, ok := c.same[s]; ok {
		s = one
	}
	if !slices.Contains(c.of, s) {
		return fmt.Errorf("want %s", strings.Join(c.of, " or "))
	}
	*c.value = s
	return nil
}

// writeJSON prints a value as one line, with signs such as ">" as they are.
func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}
