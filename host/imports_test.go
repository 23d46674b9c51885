package host_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/weirhq/weir/"

// layers says which packages of the module each package may import; what is
// not named is forbidden. Imports point from the command down to the leaves.
var layers = []struct {
	pkg    string
	may    []string
	reason string
}{
	{"host/event", nil, "the vocabulary is a leaf"},
	{"host/tracker", nil, "the offset tracker is pure: no clock, no client, a leaf"},
	{"host/config", nil, "the mechanism knows no component, so it never grows with them"},
	{"host/abi", []string{"host/event"}, "the codec turns events into bytes and knows no runtime"},
	{"host/wasm/section", nil, "the outer form of modules is a leaf"},
	{"host/wasm/demangle", nil, "names of functions are a leaf"},
	{"host/wasm/meter", []string{"host/wasm/section"}, "rewrites bytes, and runs nothing"},
	{"host/wasm", []string{"host/wasm/meter", "host/wasm/demangle", "host/wasm/section", "host/abi", "host/event"}, "runs modules; what a plugin is, it does not know"},
	{"host/manifest", []string{"host/config", "host/wasm/section", "host/abi"}, "what a plugin says about itself; runs nothing"},
	{"host/inspect", []string{"host/manifest", "host/wasm", "host/wasm/section", "host/abi"}, "says what a module is, without running it"},
	{"host/scaffold", []string{"host/manifest", "sdk"}, "writes files that it holds"},
	{"host/toolchain", []string{"host/config", "host/manifest", "host/wasm/section"}, "makes modules of sources; what they are worth, it does not know"},
	{"host/capture", []string{"host/event"}, "files of events; what failed on them, it does not know"},
	{"host/minisign", nil, "a format of signatures is a leaf"},
	{"host/store", []string{"host/config", "host/minisign"}, "finds and checks bytes; what is in them it does not know"},
	{"host/plugin", []string{"host/capture", "host/manifest", "host/store", "host/wasm", "host/wasm/section", "host/abi", "host/event"}, "makes a processor of a module; the pipeline sees only the interface"},
	{"host/shadow", []string{"host/event"}, "compares processors, whatever they are made of"},
	{"host/trial", []string{"host/capture", "host/manifest", "host/plugin", "host/store", "host/wasm", "host/wasm/section", "host/abi", "host/event", "host/config"}, "runs a module outside of any pipeline"},
	{"host/pipeline", []string{"host/event"}, "decides about events without Kafka or WebAssembly, so tests can replay it"},
	{"host/kafka", []string{"host/event", "host/tracker", "host/config"}, "satisfies the pipeline's interfaces without importing it"},
	{"host/schema", []string{"host/event", "host/config"}, "satisfies the pipeline's interfaces without importing it, and knows no Kafka"},
	{"host/deadletter", []string{"host/event"}, "reads letters as events and knows no Kafka"},
	{"host/tap", []string{"host/event"}, "stands around processors, whatever they are"},
	{"host/tenant", nil, "names, amounts and time: what they are of, it does not know"},
	{"host/telemetry", nil, "sees others through samples of its own"},
	{"host/admin", nil, "sees others through interfaces of its own"},
	{"host/admin/api", []string{"host/admin"}, "sees the host through an interface of its own"},
	{"host/broker", nil, "a development broker, no part of the event path"},
	{"host/verify", nil, "judges histories, whoever made them"},
	{"host/broker/relay", nil, "stands before any brokers"},
	{"host/verify/campaign", []string{"host/verify", "host/broker", "host/broker/relay"}, "sees weir as a user does: as a process"},
	{"host/broker/brokertest", []string{"host/broker"}, "starts development brokers for tests"},
	{"host", []string{
		"host/admin", "host/admin/api", "host/capture", "host/config", "host/deadletter", "host/event", "host/kafka", "host/minisign", "host/pipeline", "host/plugin", "host/schema", "host/shadow", "host/store", "host/tap", "host/telemetry", "host/tenant", "host/trial", "host/tracker", "plugins",
	}, "the composition root is the only package that knows all others"},
	{"host/cli", []string{
		"examples",
		"host",
		"host/admin",
		"host/admin/api",
		"host/broker", "host/capture",
		"host/config",
		"host/deadletter",
		"host/event",
		"host/inspect",
		"host/kafka",
		"host/manifest",
		"host/minisign",
		"host/pipeline",
		"host/plugin",
		"host/scaffold",
		"host/schema",
		"host/store",
		"host/telemetry",
		"host/toolchain",
		"host/trial",
		"host/verify/campaign",
		"host/wasm",
		"host/wasm/section",
		"plugins",
		"sdk/conformance",
	}, "commands stand on the composition root"},
	{"host/cmd/weir", []string{"host/cli"}, "main is about twenty lines"},
	{"plugins", nil, "embeds files"},
	{"sdk", nil, "embeds files"},
	{"sdk/conformance", []string{"host/event", "host/plugin"}, "the kit runs modules as a pipeline would, and stands under the command line"},
	{"sdk/go", nil, "a guest is built from it: the host must not leak in"},
}

// owners says which packages alone may import a library, so that it can be
// replaced in one place.
var owners = []struct {
	library string
	may     []string
	reason  string
}{
	{"github.com/twmb/franz-go/pkg/sr", []string{"host/schema"}, "one package asks schema registries"},
	{"github.com/twmb/franz-go", []string{"host/kafka", "host/broker", "host/internal", "host/schema"}, "one package speaks Kafka, one fakes it"},
	{"github.com/twmb/avro", []string{"host/schema"}, "one package knows the forms of payloads"},
	{"github.com/bufbuild/protocompile", []string{"host/schema"}, "one package knows the forms of payloads"},
	{"google.golang.org/protobuf", []string{"host/schema"}, "one package knows the forms of payloads"},
	{"github.com/tetratelabs/wazero", []string{"host/wasm", "host/internal"}, "one package runs WebAssembly"},
	{"github.com/knadh/koanf", []string{"host/config"}, "one package reads configuration"},
	{"github.com/santhosh-tekuri/jsonschema", []string{"host/manifest"}, "one package holds configs against schemas"},
	{"golang.org/x/text", []string{"host/manifest"}, "words the faults that the schemas' library finds"},
	{"go.yaml.in/yaml", []string{"host/config"}, "one package reads configuration"},
	{"oras.land/oras-go", []string{"host/store"}, "one package speaks to registries"},
	{"github.com/opencontainers", []string{"host/store"}, "one package speaks to registries"},
	{"github.com/google/go-containerregistry", nil, "the registry of tests"},
	{"golang.org/x/crypto", []string{"host/minisign"}, "one package signs and verifies"},
	{"github.com/prometheus", []string{"host/telemetry"}, "the event path counts without a metrics library"},
	{"github.com/coreos/go-systemd", []string{"host/cli"}, "the process is the command line's"},
	{"github.com/spf13", []string{"host/cli", "host/cmd"}, "flags end at the command line"},
	{"testing", []string{"host/internal", "host/broker/brokertest", "sdk/conformance/conformancetest"}, "what is linked into the binary knows no tests"},
}

// goFile is a Go file of the repository: the folder that it is in, by slashes
// from the root, and what its head says.
type goFile struct {
	path string
	head *ast.File
}

func (f goFile) dir() string  { return path.Dir(f.path) }
func (f goFile) isTest() bool { return strings.HasSuffix(f.path, "_test.go") }

func TestRepositoryImportsPointOneWay(t *testing.T) {
	for _, file := range goFiles(t) {
		for _, spec := range file.head.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatalf("%s: %v", file.path, err)
			}
			if reason := forbidden(file, imported); reason != "" {
				t.Errorf("%s may not import %s: %s", file.path, imported, reason)
			}
		}
	}
}

// forbidden returns why a file may not import a path, or "".
func forbidden(file goFile, imported string) string {
	own, ofModule := strings.CutPrefix(imported, module)
	switch {
	case within(file.dir(), "sdk/go") && strings.Contains(imported, ".") && !within(own, "sdk/go") && !file.isTest():
		return "the Go SDK needs the standard library only"
	case file.isTest() || within(file.dir(), "host/internal") || within(file.dir(), "sdk/conformance/conformancetest"):
		return "" // tests may stand anywhere
	case ofModule && within(own, "host/internal"):
		return "host/internal is support for tests"
	case ofModule:
		return forbiddenLayer(file.dir(), own)
	}
	for _, o := range owners {
		allowed := slices.ContainsFunc(o.may, func(dir string) bool { return within(file.dir(), dir) })
		if within(imported, o.library) && !allowed {
			return o.reason
		}
	}
	return ""
}

func forbiddenLayer(dir, imported string) string {
	for _, l := range layers {
		if l.pkg == dir {
			if slices.Contains(l.may, imported) {
				return ""
			}
			return l.reason
		}
	}
	if within(dir, "host") {
		return "the package has no line in the table of layers"
	}
	return ""
}

// TestRepositoryImportRulesBite shows that the rules above forbid what they
// are there for.
func TestRepositoryImportRulesBite(t *testing.T) {
	for _, tc := range []struct {
		file, imported string
		forbidden      bool
	}{
		{"host/pipeline/lane.go", module + "host/event", false},
		{"host/pipeline/lane.go", module + "host/kafka", true},
		{"host/pipeline/lane.go", "github.com/twmb/franz-go/pkg/kgo", true},
		{"host/pipeline/lane_test.go", "github.com/twmb/franz-go/pkg/kgo", false},
		{"host/kafka/source.go", "github.com/twmb/franz-go/pkg/kgo", false},
		{"host/kafka/source.go", module + "host/pipeline", true},
		{"host/kafka/source.go", module + "host/internal/kafkatest", true},
		{"host/host.go", module + "host/kafka", false},
		{"host/host.go", "github.com/spf13/cobra", true},
		{"host/novel/novel.go", module + "host/event", true},
		{"sdk/go/weir/weir.go", module + "host/event", true},
		{"sdk/go/weir/weir.go", "encoding/json", false},
		{"sdk/go/weir/weir.go", "github.com/google/go-cmp/cmp", true},
		{"sdk/go/weir/weir.go", module + "sdk/go/internal/border", false},
		{"sdk/go/weir/weir_test.go", "github.com/google/go-cmp/cmp", false},
		{"sdk/conformance/run.go", module + "host/plugin", false},
		{"sdk/conformance/run.go", module + "host/cli", true},
		{"sdk/conformance/run.go", "testing", true},
		{"sdk/conformance/conformancetest/conformancetest.go", "testing", false},
		{"host/internal/bench/bare.go", "github.com/twmb/franz-go/pkg/kgo", false},
	} {
		reason := forbidden(goFile{path: tc.file}, tc.imported)
		if got := reason != ""; got != tc.forbidden {
			t.Errorf("%s importing %s: forbidden %v (%s), want %v", tc.file, tc.imported, got, reason, tc.forbidden)
		}
	}
}

// within tells whether a slash path is dir or lies under it.
func within(p, dir string) bool { return p == dir || strings.HasPrefix(p, dir+"/") }

// goFiles parses the head of every Go file of the repository.
func goFiles(t *testing.T) []goFile {
	t.Helper()
	var files []goFile
	fileSet := token.NewFileSet()
	for _, name := range repositoryFiles(t) {
		if path.Ext(name) != ".go" {
			continue
		}
		head, err := parser.ParseFile(fileSet, filepath.Join(root, name), nil, parser.ImportsOnly|parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, goFile{name, head})
	}
	if len(files) == 0 {
		t.Fatal("no Go file found")
	}
	return files
}

// root is the repository's, seen from this package.
const root = ".."

// repositoryFiles lists the files of the repository by slashes from its root,
// without what tools leave behind.
func repositoryFiles(t *testing.T) []string {
	t.Helper()
	skipped := []string{".git", "target", "node_modules"}
	var names []string
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && slices.Contains(skipped, entry.Name()):
			return fs.SkipDir
		case entry.Type().IsRegular() && name != "weir" && name != ".git": // a work tree has a file of that name
			names = append(names, name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}
