package cli

import (
	"bytes"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// TestProcessorsPage runs what docs/processors.md shows, in its order, and
// compares what is printed, but for numbers. "..." stands for any text in a line,
// and alone for any lines.
func TestProcessorsPage(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("SKIPPED: " + err.Error())
	}
	page, err := os.ReadFile("../../docs/processors.md")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	commands, environ := 0, append(os.Environ(), "GOFLAGS=", "WEIR_CACHE_DIR="+t.TempDir())
	for _, chunk := range strings.Split(string(page), "```console\n")[1:] {
		block, _, _ := strings.Cut(chunk, "```")
		for _, step := range strings.Split("\n"+block, "\n$ ")[1:] {
			command, want, _ := strings.Cut(step, "\n")
			if dir, ok := strings.CutPrefix(command, "cd "); ok {
				t.Chdir(dir)
				continue
			}
			commands++
			var out, said bytes.Buffer
			args := words(strings.TrimPrefix(command, "weir "))
			if code := Run(t.Context(), args, environ, &out, &said); code != exitOK {
				t.Fatalf("%s: exit code %d\n%s%s", command, code, out.String(), said.String())
			}
			if !shownAs(want).MatchString(out.String()) {
				t.Errorf("%s prints\n%s, the page shows\n%s", command, out.String(), want)
			}
		}
	}
	if commands < 5 {
		t.Errorf("%d commands on the page, want at least 5", commands)
	}
}

// words parts a command as a shell does, where a word has quotes around all of
// it or none.
func words(command string) []string {
	parts := regexp.MustCompile(`'[^']*'|\S+`).FindAllString(command, -1)
	for i := range parts {
		parts[i] = strings.Trim(parts[i], "'")
	}
	return parts
}

var number = regexp.MustCompile(`[0-9a-f]{64}|[0-9]+(\\\.[0-9]+)?(µs|ms| KiB| MiB|s\b)?`)

// shownAs is what a text of the page stands for.
func shownAs(text string) *regexp.Regexp {
	text = strings.TrimSpace(text)
	re := regexp.QuoteMeta(text)
	re = number.ReplaceAllStringFunc(re, func(found string) string {
		if len(found) == 64 {
			return `[0-9a-f]{64}`
		}
		return `[0-9.]+(µs|ms| KiB| MiB|s)?`
	})
	re = strings.ReplaceAll(re, "\n"+`\.\.\.`, `(\n.*)*`)
	return regexp.MustCompile(`^` + strings.ReplaceAll(re, `\.\.\.`, `.*`) + `\s*$`)
}
