package scaffold_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/weirhq/weir/host/config"
	"github.com/weirhq/weir/host/manifest"
	"github.com/weirhq/weir/host/plugin"
	"github.com/weirhq/weir/host/scaffold"
	"github.com/weirhq/weir/host/toolchain"
	"github.com/weirhq/weir/host/trial"
)

// skip skips a test whose tools are missing, but where CI says that they are
// all to be there.
func skip(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("WEIR_GUESTS") != "" {
		t.Fatal(why)
	}
	t.Skip("SKIPPED: " + why)
}

// Every project builds and passes as it is, without a network, and gives the
// same module in another folder.
func TestProjects(t *testing.T) {
	for _, l := range scaffold.Languages() {
		t.Run(l.Name, func(t *testing.T) {
			t.Parallel()
			if l.Name == "rust" { // rustup puts commands into PATH that may have no toolchain behind them
				if err := exec.Command("rustc", "--version").Run(); err != nil {
					skip(t, "there is no rustc that works: "+err.Error())
				}
			}
			var modules [][]byte
			dir := filepath.Join(t.TempDir(), "first")
			for _, dir := range []string{dir, filepath.Join(t.TempDir(), "an other", "second")} {
				if _, err := scaffold.Create(dir, "try-it", l.Name); err != nil {
					t.Fatal(err)
				}
				modules = append(modules, build(t, dir, l.Name))
			}
			if !bytes.Equal(modules[0], modules[1]) {
				t.Error("another folder gives another module")
			}
			runCases(t, dir, modules[0])
			if l.Name != "wat" {
				run(t, dir, "make", "native")
			}
			if l.Name == "go" { // the SDK keeps to the version that the project says
				run(t, filepath.Join(dir, "weir-sdk"), "go", "vet", "./...")
			}
		})
	}
}

// environ is that of the tools: nothing can be fetched.
func environ() []string {
	return append(os.Environ(), "GOFLAGS=", "GOPROXY=off", "GOWORK=off", "CARGO_NET_OFFLINE=true")
}

func build(t *testing.T, dir, language string) []byte {
	t.Helper()
	var said bytes.Buffer
	r, err := toolchain.Build(t.Context(), toolchain.Options{Dir: dir, Environ: environ(), Output: &said})
	if errors.Is(err, toolchain.ErrToolchain) {
		skip(t, err.Error())
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, said.String())
	}
	if r.Language != language || r.Name != "try-it" || r.Manifest == nil || r.Manifest.SDK != language {
		t.Errorf("built %q in %q with manifest %+v", r.Name, r.Language, r.Manifest)
	}
	r.Attach()
	return r.Bytes()
}

// runCases runs the cases that the module carries.
func runCases(t *testing.T, dir string, module []byte) {
	t.Helper()
	file := filepath.Join(dir, "try-it.wasm")
	if err := os.WriteFile(file, module, 0o600); err != nil {
		t.Fatal(err)
	}
	m, err := trial.Load(t.Context(), file, plugin.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close(t.Context())
	suite, err := trial.ReadSuite(filepath.Join(dir, toolchain.TestsFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range suite.Cases {
		outcome, err := trial.Check(t.Context(), m, c)
		if err != nil {
			t.Fatal(err)
		}
		if !outcome.Passed() {
			t.Errorf("case %q: %+v", c.Name, outcome.Mismatches)
		}
	}
}

// run runs a command in a project's folder.
func run(t *testing.T, dir, name string, args ...string) {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		skip(t, err.Error())
	}
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir, cmd.Env = dir, environ()
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}

// What is beside the sources is right whether or not there are tools: the
// manifest, the cases, and the pipeline but for its module.
func TestFilesBesideTheSources(t *testing.T) {
	for _, l := range scaffold.Languages() {
		dir := t.TempDir()
		files, err := scaffold.Create(dir, "try-it", l.Name)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{".gitignore", "Makefile", "README.md", "plugin.yaml", "tests.yaml", "weir.yaml"} {
			if !slices.Contains(files, name) {
				t.Errorf("%s: %s is missing", l.Name, name)
			}
		}
		for _, name := range files {
			text, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(text), "processor-name") || strings.HasSuffix(name, ".tmpl") || strings.HasSuffix(name, "_test.go") && strings.HasPrefix(name, "weir") {
				t.Errorf("%s: %s is still a template, or none", l.Name, name)
			}
		}
		data, err := os.ReadFile(filepath.Join(dir, manifest.File))
		if err != nil {
			t.Fatal(err)
		}
		if _, faults := manifest.Parse(manifest.File, data); len(faults) > 0 {
			t.Errorf("%s: %v", l.Name, faults)
		}
		if suite, err := trial.ReadSuite(filepath.Join(dir, "tests.yaml")); err != nil || len(suite.Cases) == 0 {
			t.Errorf("%s: cases: %v", l.Name, err)
		}
		var faults config.Faults
		if data, err = os.ReadFile(filepath.Join(dir, "weir.yaml")); err != nil {
			t.Fatal(err)
		}
		if root := config.ParseYAML("weir.yaml", data, &faults); len(faults) > 0 || root.Find("pipelines").Find("try-it") == nil {
			t.Errorf("%s: weir.yaml has no pipeline try-it (%v)", l.Name, faults)
		}
	}
}

func TestCreateRefuses(t *testing.T) {
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := scaffold.Create(full, "try-it", "go"); !errors.Is(err, scaffold.ErrExists) {
		t.Errorf("error is %v, want that the folder is not empty", err)
	}
	if _, err := scaffold.Create(filepath.Join(full, "file"), "try-it", "go"); err == nil {
		t.Error("a file was taken for a folder")
	}
	for _, args := range [][2]string{{"Try", "go"}, {"", "go"}, {"../x", "go"}, {"try-it", "cobol"}} {
		dir := filepath.Join(t.TempDir(), "new")
		if _, err := scaffold.Create(dir, args[0], args[1]); err == nil {
			t.Errorf("name %q and language %q were taken", args[0], args[1])
		}
		if _, err := os.Stat(dir); err == nil {
			t.Errorf("name %q and language %q left a folder", args[0], args[1])
		}
	}
}
