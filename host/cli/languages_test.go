package cli

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const repository = "../.."

// languagePages are the pages about languages, by name.
func languagePages(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(repository, "docs/languages/*.md"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d pages, %v", len(files), err)
	}
	pages := make(map[string]string)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		pages[filepath.Base(file)] = string(text)
	}
	return pages
}

// TestLanguagePagesHaveRealCommands shows that each command line of weir in a
// page is one that there is, with flags that it has.
func TestLanguagePagesHaveRealCommands(t *testing.T) {
	shell := regexp.MustCompile("(?s)```sh\n(.*?)```")
	for page, text := range languagePages(t) {
		for _, block := range shell.FindAllStringSubmatch(text, -1) {
			for line := range strings.Lines(block[1]) {
				words := strings.Fields(strings.TrimSuffix(strings.TrimSpace(line), "&"))
				if len(words) == 0 || words[0] != "weir" {
					continue
				}
				cmd, rest, err := (&app{out: &terminal{}, err: &terminal{}}).root().Find(words[1:])
				if err == nil {
					err = cmd.ParseFlags(rest)
				}
				if err == nil && cmd.HasSubCommands() {
					err = usageError{os.ErrInvalid}
				}
				if err != nil {
					t.Errorf("%s: %s: %v", page, strings.TrimSpace(line), err)
				}
			}
		}
	}
}

// named returns the block of a page that follows a line with a file's name.
func named(t *testing.T, page, name string) string {
	t.Helper()
	_, rest, ok := strings.Cut(page, "`"+name+"`:\n\n```")
	_, rest, _ = strings.Cut(rest, "\n")
	block, _, closed := strings.Cut(rest, "```")
	if !ok || !closed {
		t.Fatalf("the page has no block %s", name)
	}
	return block
}

// newProject makes the project that the page begins with, with files of the
// page in the place of its own.
func newProject(t *testing.T, language string, files map[string]string) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "selector")
	var stderr strings.Builder
	args := []string{"new", "processor", "--lang", language, "--dir", dir, "selector"}
	if code := Run(t.Context(), args, os.Environ(), io.Discard, &stderr); code != exitOK {
		t.Fatalf("weir %s: exit code %d\n%s", strings.Join(args, " "), code, stderr.String())
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func runIn(t *testing.T, dir, name string, args ...string) {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", cmd, err, out)
	}
}

// TestGoPage shows that the page's processor, at most 25 lines, passes the
// page's test.
func TestGoPage(t *testing.T) {
	page := languagePages(t)["go.md"]
	main := named(t, page, "main.go")
	if lines := strings.Count(main, "\n"); lines > 25 {
		t.Errorf("the topic selector has %d lines", lines)
	}
	dir := newProject(t, "go", map[string]string{"main.go": main, "main_test.go": named(t, page, "main_test.go")})
	runIn(t, dir, "go", "test", "./...")
}

// TestRustPage does for the page on Rust what TestGoPage does.
func TestRustPage(t *testing.T) {
	// rustup puts a cargo into PATH that may have no toolchain behind it.
	if err := exec.Command("cargo", "--version").Run(); err != nil {
		t.Skip("there is no cargo that works: the Rust of docs/languages/rust.md was not tested")
	}
	source := named(t, languagePages(t)["rust.md"], "src/lib.rs")
	if selector, _, _ := strings.Cut(source, "#[test]"); strings.Count(selector, "\n") > 25 {
		t.Error("the topic selector has more than 25 lines")
	}
	dir := newProject(t, "rust", map[string]string{"src/lib.rs": source})
	runIn(t, dir, "cargo", "test", "--quiet", "--offline")
}
