// Package release_test looks at what host/release makes: packages, the image and
// the manifests. What needs tools and time runs with WEIR_RELEASE=1.
package release_test

import (
	"bufio"
	"debug/elf"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const root = "../.."

// needed skips a test that is not asked for, and fails one whose tool is missing.
func needed(t *testing.T, tools ...string) {
	t.Helper()
	if os.Getenv("WEIR_RELEASE") == "" {
		t.Skip("SKIPPED: WEIR_RELEASE is not set")
	}
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			t.Fatal(err)
		}
	}
}

// output is what a command that must end with 0 printed.
func output(t *testing.T, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, out)
	}
	return string(out)
}

// TestPackages makes a release twice, which has to be the same, and looks into it.
func TestPackages(t *testing.T) {
	needed(t, "dpkg-deb")
	output(t, "./build.sh", "--check", "amd64")
	made := filepath.Join(root, "target", "release")
	deb := only(t, filepath.Join(made, "*.deb"))
	only(t, filepath.Join(made, "*.rpm"))
	listing := output(t, "dpkg-deb", "--contents", deb)
	for _, file := range []string{
		"-rwxr-xr-x root/root ./usr/bin/weir", "-rw-r--r-- root/root ./usr/lib/systemd/system/weir.service", "drwxr-x--- root/root ./etc/weir/",
		"-rw-r----- root/root ./etc/default/weir", "./usr/share/man/man1/weir-run.1.gz", "./usr/share/bash-completion/completions/weir",
		"./usr/share/zsh/vendor-completions/_weir", "./usr/share/weir/weir.schema.json", "./usr/lib/sysusers.d/weir.conf",
	} {
		if !contains(listing, file) {
			t.Errorf("the package has no %q:\n%s", file, listing)
		}
	}
	installed := t.TempDir()
	output(t, "dpkg-deb", "--extract", deb, installed)
	binary := filepath.Join(installed, "usr/bin/weir")
	static(t, binary)
	if got := output(t, binary, "version"); !strings.HasPrefix(got, "weir v") {
		t.Errorf("weir version says %q", got)
	}
	output(t, binary, "check", "--cache-dir", "off", "-c", filepath.Join(installed, "usr/share/doc/weir/examples/weir.yaml"))

	var bom struct {
		Components []struct{ Name string }
	}
	text, err := os.ReadFile(only(t, filepath.Join(made, "*.cdx.json")))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &bom); err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(bom.Components, func(c struct{ Name string }) bool { return c.Name == "github.com/tetratelabs/wazero" }) {
		t.Errorf("the bill of materials has no wazero: %s", text)
	}
}

// contains tells whether a line of dpkg-deb --contents names a mode and a file.
func contains(listing, file string) bool {
	for line := range strings.Lines(listing) {
		f := strings.Fields(line) // mode owner size date time name
		if len(f) == 6 && (f[0]+" "+f[1]+" "+f[5] == file || f[5] == file) {
			return true
		}
	}
	return false
}

func only(t *testing.T, pattern string) string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) != 1 {
		t.Fatalf("%s are %v, want one (%v)", pattern, files, err)
	}
	return files[0]
}

// static fails for a program that needs a loader or libraries.
func static(t *testing.T, binary string) {
	t.Helper()
	f, err := elf.Open(binary)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if libraries, err := f.ImportedLibraries(); err != nil || len(libraries) > 0 {
		t.Errorf("%s needs %v (%v)", binary, libraries, err)
	}
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			t.Errorf("%s needs a loader", binary)
		}
	}
}

// TestUnit has systemd judge the unit, for a binary that is where it says.
func TestUnit(t *testing.T) {
	needed(t, "systemd-analyze")
	dir := t.TempDir()
	unit, err := os.ReadFile("systemd/weir.service")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "weir.service")
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(string(unit), "/usr/bin/weir", "/bin/true")), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := output(t, "systemd-analyze", "verify", "--man=no", file); strings.Contains(got, "weir.service") {
		t.Errorf("systemd-analyze verify says:\n%s", got)
	}
	// Ten is open, nought closed; the unit of most packages is above nine.
	output(t, "systemd-analyze", "security", "--offline=yes", "--threshold=20", file)
}

// TestImage does what the Dockerfile says without an engine: copies what it
// copies and runs what it runs, in a folder of its own.
func TestImage(t *testing.T) {
	needed(t, "git", "sh")
	dir := t.TempDir()
	source := filepath.Join(dir, "context")
	output(t, "git", "clone", "-q", root, source)
	inside := strings.NewReplacer("/src", filepath.Join(dir, "src"), "/out", filepath.Join(dir, "out"))
	stage, work := "", ""
	for _, line := range instructions(t, "Dockerfile") {
		verb, rest, _ := strings.Cut(line, " ")
		switch {
		case verb == "FROM":
			stage = rest
		case stage == "scratch":
			continue // looked at below
		case verb == "WORKDIR":
			work = inside.Replace(rest)
			if err := os.MkdirAll(work, 0o755); err != nil {
				t.Fatal(err)
			}
		case verb == "COPY":
			args := strings.Fields(rest)
			for _, from := range args[:len(args)-1] {
				output(t, "cp", "-r", source+"/"+from, work+"/"+args[len(args)-1]+"/.")
			}
		case verb == "RUN":
			output(t, "sh", "-euc", "cd "+work+" && "+inside.Replace(rest))
		default:
			t.Fatalf("the test does not know %s", verb)
		}
	}
	static(t, filepath.Join(dir, "out/usr/bin/weir"))
	for _, file := range []string{"etc/ssl/certs/ca-certificates.crt", "etc/passwd", "tmp", "var/cache/weir", "etc/weir"} {
		if _, err := os.Stat(filepath.Join(dir, "out", file)); err != nil {
			t.Error(err)
		}
	}
}

// instructions are the lines of a Dockerfile without comments, continued ones
// put together.
func instructions(t *testing.T, file string) []string {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var all []string
	continued := ""
	for lines := bufio.NewScanner(f); lines.Scan(); {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if part, ok := strings.CutSuffix(line, "\\"); ok {
			continued += part
			continue
		}
		all, continued = append(all, continued+line), ""
	}
	return all
}

// TestKubernetes renders the manifests and holds them against the schemas of
// Kubernetes.
func TestKubernetes(t *testing.T) {
	needed(t, "go")
	validate := os.Getenv("WEIR_KUBERNETES_VALIDATE")
	if validate == "" {
		t.Fatal("WEIR_KUBERNETES_VALIDATE does not name kubernetes-validate (PyPI)")
	}
	rendered := output(t, "go", "run", "sigs.k8s.io/kustomize/kustomize/v5@v5.8.2", "build", "kubernetes")
	for _, want := range []string{"kind: StatefulSet", "kind: PodDisruptionBudget", "kind: HorizontalPodAutoscaler", "name: weir-"} {
		if !strings.Contains(rendered, want) {
			t.Errorf("no %q in\n%s", want, rendered)
		}
	}
	file := filepath.Join(t.TempDir(), "all.yaml")
	if err := os.WriteFile(file, []byte(rendered), 0o644); err != nil {
		t.Fatal(err)
	}
	output(t, validate, "--strict", file)
}
