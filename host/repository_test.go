package host_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestRepositoryPackagesAreDocumented(t *testing.T) {
	documented := make(map[string]bool)
	for _, file := range goFiles(t) {
		if file.isTest() || strings.Contains(file.path, "/testdata/") {
			continue
		}
		doc := file.head.Doc.Text()
		documented[file.dir()] = documented[file.dir()] || doc != ""
		want := "Package " + file.head.Name.Name + " "
		if file.head.Name.Name == "main" {
			want = "Command " + path.Base(file.dir()) + " "
		}
		if doc != "" && !strings.HasPrefix(doc, want) {
			t.Errorf("%s: the package comment begins %.40q, want %q", file.path, doc, want)
		}
	}
	for dir, ok := range documented {
		if !ok {
			t.Errorf("%s: no file has a package comment", dir)
		}
	}
}

// TestRepositoryFilesAreShort keeps files readable: none above 600 lines.
func TestRepositoryFilesAreShort(t *testing.T) {
	const limit = 600
	for _, file := range goFiles(t) {
		if file.isTest() {
			continue
		}
		if lines := bytes.Count(read(t, file.path), []byte{'\n'}); lines > limit {
			t.Errorf("%s has %d lines, the limit is %d: split it by its nouns", file.path, lines, limit)
		}
	}
}

// TestRepositoryNamesNoMachine finds paths of the machine that a file was
// made on. A committed module with one in it could not be built again
// elsewhere to the same bytes.
func TestRepositoryNamesNoMachine(t *testing.T) {
	// Put together so that this file does not hold them.
	words := []string{"/wo" + "rk/", "sha" + "red/", "/ro" + "ot/"}
	for _, name := range repositoryFiles(t) {
		data := read(t, name)
		for _, word := range words {
			if at := bytes.Index(data, []byte(word)); at >= 0 {
				line := 1 + bytes.Count(data[:at], []byte{'\n'})
				t.Errorf("%s:%d: %q names a place of one machine", name, line, word)
			}
		}
	}
}

var markdownLink = regexp.MustCompile(`\]\(([^)\s]+)\)`)

// TestRepositoryLinksLead follows the relative links of every page.
func TestRepositoryLinksLead(t *testing.T) {
	for _, name := range repositoryFiles(t) {
		if path.Ext(name) != ".md" {
			continue
		}
		for _, match := range markdownLink.FindAllSubmatch(read(t, name), -1) {
			target, _, _ := strings.Cut(string(match[1]), "#")
			if target == "" || strings.Contains(target, ":") {
				continue
			}
			linked := filepath.Join(root, path.Dir(name), target)
			if _, err := os.Stat(linked); errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s: the link to %s leads nowhere", name, target)
			} else if err != nil {
				t.Fatal(err)
			}
		}
	}
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return data
}
