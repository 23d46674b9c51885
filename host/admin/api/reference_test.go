package api

import (
	"flag"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the reference")

const referenceFile = "../../../docs/reference/openapi.json"

// TestReference keeps the document in docs the one of the program.
func TestReference(t *testing.T) {
	want, err := Document(Version{Version: "1"}, true)
	if err != nil {
		t.Fatal(err)
	}
	want = append(want, '\n')
	if *update {
		if err := os.WriteFile(referenceFile, want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	have, err := os.ReadFile(referenceFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(have)); diff != "" {
		t.Errorf("run go test ./host/admin/api -run TestReference -update (-want +got)\n%s", diff)
	}
}

// The page names every code and every operation.
func TestPageIsComplete(t *testing.T) {
	page, err := os.ReadFile("../../../docs/admin-api.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range kinds {
		if !strings.Contains(string(page), "`"+string(k.code)+"`") {
			t.Errorf("docs/admin-api.md says nothing of the code %s", k.code)
		}
	}
	for _, op := range operations {
		if !strings.Contains(string(page), "`"+op.method+" "+op.path) {
			t.Errorf("docs/admin-api.md says nothing of %s %s", op.method, op.path)
		}
	}
	for _, r := range Roles {
		if !strings.Contains(string(page), "`"+string(r)+"`") {
			t.Errorf("docs/admin-api.md says nothing of the role %s", r)
		}
	}
}

// TestSchemathesis lets schemathesis make requests of the document, right and
// wrong ones, and hold the answers against it: to a server that is open, and to
// one that wants a token. WEIR_SCHEMATHESIS names the program; .ci/run installs it.
func TestSchemathesis(t *testing.T) {
	program := os.Getenv("WEIR_SCHEMATHESIS")
	if program == "" {
		t.Skip("WEIR_SCHEMATHESIS names no schemathesis")
	}
	for name, cfg := range map[string]Config{"open": {}, "tokens": {Tokens: everyRole()}} {
		t.Run(name, func(t *testing.T) {
			cfg.Host = &fakeHost{ends: true}
			s := serve(t, cfg)
			args := []string{"run", s.Addr() + DocumentPath, "--checks", "all", "--max-examples", "30", "--seed", "1", "--workers", "2", "--no-color"}
			if name == "tokens" {
				args = append(args, "--header", "Authorization: Bearer "+ruling)
			}
			cmd := exec.CommandContext(t.Context(), program, args...)
			cmd.Dir = t.TempDir()
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Errorf("%v\n%s", err, out)
			}
			t.Logf("%s", out)
		})
	}
}
