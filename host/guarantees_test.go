package host_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// named is a test as the page of guarantees names it.
var named = regexp.MustCompile("`([a-z0-9]+)\\.((?:Test|Fuzz)\\w+)(?:/(\\w+))?`")

// TestRepositoryGuaranteesHaveTests finds every test that the page of guarantees
// names, and wants one in each row of its tables of promises and faults.
func TestRepositoryGuaranteesHaveTests(t *testing.T) {
	tests := declaredTests(t)
	rows := 0
	for i, line := range strings.Split(string(read(t, "docs/guarantees.md")), "\n") {
		found := named.FindAllStringSubmatch(line, -1)
		if regexp.MustCompile(`^\| \d+ \|`).MatchString(line) {
			if rows++; len(found) == 0 {
				t.Errorf("docs/guarantees.md:%d: no test shows it", i+1)
			}
		}
		for _, m := range found {
			if !tests[m[1]+"."+m[2]] {
				t.Errorf("docs/guarantees.md:%d: there is no test %s.%s", i+1, m[1], m[2])
			}
			if m[3] == "" {
				continue
			}
			script := filepath.Join(root, "host", m[1], "testdata", "script", m[3]+".txtar")
			if _, err := os.Stat(script); err != nil {
				t.Errorf("docs/guarantees.md:%d: %v", i+1, err)
			}
		}
	}
	if rows < 50 {
		t.Errorf("the page has %d rows of promises and faults", rows)
	}
}

// declaredTests are the tests under host, as folder.Test.
func declaredTests(t *testing.T) map[string]bool {
	t.Helper()
	tests := map[string]bool{}
	for _, name := range repositoryFiles(t) {
		if !strings.HasPrefix(name, "host/") || !strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, name), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil {
				tests[path.Base(path.Dir(name))+"."+f.Name.Name] = true
			}
		}
	}
	return tests
}
