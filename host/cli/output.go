package cli

import (
	"encoding/json"
	"errors"
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
	outputName  = "name"
)

// addOutput adds -o with a human form, which is the default, json, and more, and
// --json as another word for -o json. The names of human forms stand for each other, so that one WEIR_OUTPUT serves all
// commands.
func addOutput(cmd *cobra.Command, into *string, human string, more ...string) {
	forms := choice{value: into, of: append([]string{human, outputJSON}, more...), same: map[string]string{outputText: human, outputTable: human}}
	*into = human
	cmd.Flags().VarP(forms, "output", "o", "`FORM` of the output: "+strings.Join(forms.of, " or "))
	cmd.Flags().VarPF(short{forms}, "json", "", "the same as -o json").NoOptDefVal = "true"
	// The flag was added a few lines above; that is all that can fail.
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

// short is a flag without a value that stands for one of a choice.
type short struct{ choice }

func (s short) String() string { return "false" }

func (s short) Type() string { return "bool" }

func (s short) Set(text string) error {
	switch text {
	case "true":
		return s.choice.Set(outputJSON)
	case "false":
		return nil
	}
	return errors.New("want true or false")
}

// writeJSON prints a value as one line, with signs such as ">" as they are.
func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// printAll prints a list: whole as JSON, a name a line, or as the table that rows
// makes of it, where an empty one is told on the standard error.
func printAll[T any](a *app, output string, all []T, none string, name func(T) string, rows func(*table)) error {
	switch {
	case output == outputJSON:
		return writeJSON(a.out, all)
	case output == outputName:
		for _, one := range all {
			writeLine(a.out, "%s", name(one))
		}
		return nil
	case len(all) == 0:
		writeLine(a.err, "%s", none)
		return nil
	}
	t := newTable(a.out, "")
	rows(t)
	t.end()
	return nil
}
