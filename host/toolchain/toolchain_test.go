package toolchain_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weirhq/weir/host/manifest"
	"github.com/weirhq/weir/host/toolchain"
	"github.com/weirhq/weir/host/wasm/section"
)

// folder makes a project's folder of files.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, files)
	return dir
}

func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// tool skips a test loudly where a program is not there, but for CI, which has
// them all.
func tool(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		if _, err := exec.LookPath(name); err == nil {
			return
		}
	}
	why := strings.Join(names, " nor ") + " is not in PATH"
	if os.Getenv("WEIR_GUESTS") != "" {
		t.Fatal(why)
	}
	t.Skip("SKIPPED: " + why)
}

// Without its tools, a project's language is told and the tools are named.
func TestMissingTools(t *testing.T) {
	for name, test := range map[string]struct {
		files map[string]string
		want  string
	}{
		"go":               {map[string]string{"go.mod": ""}, "go: a tool is missing: the go command is not in PATH; install Go"},
		"rust":             {map[string]string{"Cargo.toml": ""}, "rust: a tool is missing: cargo is not in PATH; install Rust from https://rustup.rs, then run rustup target add wasm32-unknown-unknown"},
		"zig by its build": {map[string]string{"build.zig": ""}, "zig: a tool is missing: zig is not in PATH"},
		"zig by a source":  {map[string]string{"src/main.zig": ""}, "zig: a tool is missing: zig is not in PATH"},
		"c":                {map[string]string{"main.c": ""}, "c: a tool is missing: there is no C compiler for WebAssembly in PATH; install clang and its linker wasm-ld"},
		"c in src":         {map[string]string{"src/a.c": ""}, "c: a tool is missing"},
		"assemblyscript":   {map[string]string{"package.json": `{"devDependencies": {"assemblyscript": "1"}}`}, "assemblyscript: a tool is missing: the AssemblyScript compiler asc is neither in node_modules nor in PATH; run npm install"},
		"wat":              {map[string]string{"main.wat": ""}, "wat: a tool is missing: neither wat2wasm nor wasm-tools is in PATH"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := toolchain.Build(t.Context(), toolchain.Options{Dir: folder(t, test.files), Environ: []string{"PATH="}})
			if !errors.Is(err, toolchain.ErrToolchain) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error is %v, want %s", err, test.want)
			}
		})
	}
}

func TestProjectsThatCannotBeTold(t *testing.T) {
	for name, test := range map[string]struct {
		files map[string]string
		want  string
	}{
		"nothing":     {map[string]string{"package.json": `{"name": "web"}`}, "has none of go.mod, Cargo.toml, build.zig, package.json, *.c, *.wat"},
		"two":         {map[string]string{"go.mod": "", "main.c": ""}, "could be go (go.mod), c (main.c); choose with --lang"},
		"tests alone": {map[string]string{"main_test.c": ""}, "has none of go.mod"},
		"many texts":  {map[string]string{"a.wat": "", "b.wat": ""}, "there are 2 source files, none of which is main.wat; name the main one so"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := toolchain.Build(t.Context(), toolchain.Options{Dir: folder(t, test.files)})
			if !errors.Is(err, toolchain.ErrBuild) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error is %v, want %s", err, test.want)
			}
		})
	}
}

const text = `(module
  (memory (export "memory") 2)
  (func (export "weir_abi_1"))
  (func (export "weir_buffer") (param $size i32) (result i32) (i32.const 65536))
  (func $pass (export "weir_process") (param $table i32) (param $count i32) (result i64)
    (i64.or (i64.shl (i64.extend_i32_u (local.get $table)) (i64.const 32)) (i64.extend_i32_u (local.get $count)))))
`

const about = "name: passes\nversion: 1.0.0\ndescription: Of a test.\n"

// The folder's name, and where it is, make no difference; what the tools write
// reaches the caller; a module that was finished can be finished again.
func TestBuildWAT(t *testing.T) {
	tool(t, "wat2wasm", "wasm-tools")
	var built []byte
	var file string
	for _, files := range []map[string]string{
		{"main.wat": text, "other.wat": "", "plugin.yaml": about, "tests.yaml": "cases"},
		{"[x]/passes.wat": text, "[x]/plugin.yaml": about, "[x]/tests.yaml": "cases"},
	} {
		dir := folder(t, files)
		if _, ok := files["main.wat"]; !ok {
			dir = filepath.Join(dir, "[x]")
		}
		var commands []string
		opts := toolchain.Options{Dir: dir, Environ: os.Environ(), Command: func(line string) { commands = append(commands, line) }}
		r, err := toolchain.Build(t.Context(), opts)
		if err != nil {
			t.Fatal(err)
		}
		if r.Language != "wat" || r.Name != "passes" || string(r.Tests) != "cases" || len(commands) != 1 {
			t.Errorf("built %q in %q with tests %q by %q", r.Name, r.Language, r.Tests, commands)
		}
		r.Attach()
		if built != nil && !bytes.Equal(built, r.Bytes()) {
			t.Error("another folder gives another module")
		}
		built = r.Bytes()
		file = filepath.Join(dir, "built.wasm")
		if err := os.WriteFile(file, built, 0o600); err != nil {
			t.Fatal(err)
		}
		opts.Module = file
		if again, err := toolchain.Build(t.Context(), opts); err != nil {
			t.Fatal(err)
		} else if again.Attach(); !bytes.Equal(again.Bytes(), built) {
			t.Error("finished again, the module is another one")
		}
	}
	m, err := section.Parse(built)
	if err != nil {
		t.Fatal(err)
	}
	if read, err := manifest.Read(m); err != nil || read.Name != "passes" || read.SDK != "wat" || string(manifest.Tests(m)) != "cases" {
		t.Errorf("manifest %+v, tests %q, error %v", read, manifest.Tests(m), err)
	}
	names, err := m.FunctionNames()
	if err != nil || names[2] != "pass" {
		t.Errorf("names are %v, error %v", names, err)
	}
}

func TestOptimize(t *testing.T) {
	tool(t, "wat2wasm", "wasm-tools")
	dir := folder(t, map[string]string{"main.wat": text})
	opts := toolchain.Options{Dir: dir, Optimize: true, Environ: os.Environ()}
	t.Run("missing", func(t *testing.T) {
		built := filepath.Join(dir, "plain.wasm")
		plain, err := toolchain.Build(t.Context(), toolchain.Options{Dir: dir, Environ: os.Environ()})
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(built, plain.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err = toolchain.Build(t.Context(), toolchain.Options{Dir: dir, Module: built, Optimize: true, Environ: []string{"PATH="}})
		if !errors.Is(err, toolchain.ErrToolchain) || !strings.Contains(err.Error(), "wasm-opt is not in PATH; install binaryen") {
			t.Errorf("error is %v", err)
		}
	})
	tool(t, "wasm-opt")
	first, err := toolchain.Build(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	second, err := toolchain.Build(t.Context(), opts)
	if err != nil || !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Errorf("built twice, there are two modules (%v)", err)
	}
}

// What a compiler says about the sources reaches the user.
func TestFailingBuild(t *testing.T) {
	tool(t, "wat2wasm")
	var said bytes.Buffer
	_, err := toolchain.Build(t.Context(), toolchain.Options{
		Dir: folder(t, map[string]string{"main.wat": "(module (funk))"}), Environ: os.Environ(), Output: &said,
	})
	if !errors.Is(err, toolchain.ErrBuild) || !strings.Contains(err.Error(), "wat: the build failed: wat2wasm: exit status 1") ||
		!strings.Contains(said.String(), "main.wat:1:10") {
		t.Errorf("error is %v, said was %q", err, said.String())
	}
}

// A build that is broken off leaves nothing behind.
func TestBrokenOff(t *testing.T) {
	tool(t, "wat2wasm", "wasm-tools")
	dir, temp := folder(t, map[string]string{"main.wat": text}), t.TempDir()
	t.Setenv("TMPDIR", temp)
	ctx, cancel := context.WithCancel(t.Context())
	opts := toolchain.Options{Dir: dir, Environ: os.Environ(), Command: func(string) { cancel() }}
	if _, err := toolchain.Build(ctx, opts); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want %v", err, context.Canceled)
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v (%v)", left, err)
	}
}

func TestUnknownLanguage(t *testing.T) {
	for name, want := range map[string]string{
		"rst": `did you mean "rust"?`, "TypeScript": `did you mean "assemblyscript"?`, "C++": `did you mean "c"?`,
		"cobol": "there are go, rust, zig, assemblyscript, c, wat",
	} {
		if err := toolchain.UnknownLanguage(name, toolchain.Languages()); !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error is %v, want %s", name, err, want)
		}
	}
}
