package host

import (
	"bytes"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/weirhq/weir/host/config"
	"github.com/weirhq/weir/host/kafka"
	"github.com/weirhq/weir/host/store"
	"github.com/weirhq/weir/plugins"
)

// Converted is a BSPump configuration in the form of YAML.
type Converted struct {
	YAML []byte
	// Secrets are what the configuration has in clear and the YAML has not. It
	// reads them from files.
	Secrets []LeftOut
	// Notes are what weir has against the configuration; they stand in the YAML
	// too, as comments. What depends on references is not among them: it is
	// other where the configuration runs.
	Notes config.Faults
}

// LeftOut is a secret that a configuration has in clear.
type LeftOut struct {
	Pos config.Pos
	// File is the path that the YAML names, relative to its own folder.
	File  string
	Value config.Secret
}

// ConvertINI turns a BSPump configuration with all that it includes into YAML
// of equal effect, to be put beside it. References stay references; secrets
// become references to files in a folder. It fails when the files themselves
// cannot be understood; what weir has against their content is a note.
func ConvertINI(file, secrets string, environ []string) (*Converted, config.Faults) {
	var faults config.Faults
	sections := config.ReadINI(file, environ, &faults)
	if faults.Err() != nil {
		faults.Sort()
		return nil, faults
	}
	c := converter{root: config.NewMap(sections.Pos), faults: &faults, draft: true}
	root := c.all(sections)
	if faults.Err() != nil {
		faults.Sort()
		return nil, faults
	}
	_, found := loadSpec(config.Load{Files: []string{file}, Environ: environ}, plugins.Names())

	e := emitter{dir: filepath.Dir(file), secrets: secrets, known: map[config.Pos]bool{}, keys: map[config.Pos]string{}}
	e.top(root)
	out := &Converted{Secrets: e.left}
	comments := map[config.Pos][]string{}
	head := []string{filepath.Base(file) + " as YAML. Comments say what is to be known about a setting."}
	for _, f := range found {
		referred, placed := e.known[f.Pos]
		switch {
		case referred:
			continue
		case placed:
			comments[f.Pos] = append(comments[f.Pos], comment(e.whom(f), f))
		default:
			head = append(head, comment(f.Path+": ", f))
		}
		out.Notes.Add(f)
	}
	for _, f := range e.inClear {
		comments[f.Pos] = append(comments[f.Pos], comment("", f))
		out.Notes.Add(f)
	}
	text, err := config.WriteYAML(root, comments)
	if err != nil {
		return nil, config.Faults{{Pos: config.Pos{File: file}, Message: err.Error()}}
	}
	var b bytes.Buffer
	for _, line := range head {
		b.WriteString(config.Comment(line) + "\n")
	}
	b.WriteByte('\n')
	b.Write(text)
	out.YAML = b.Bytes()
	return out, nil
}

// whom names what a fault is about where that is not the setting at its place:
// what is missing has none.
func (e *emitter) whom(f config.Fault) string {
	key := e.keys[f.Pos]
	if key == "" || strings.HasSuffix(f.Path, key) || strings.HasPrefix(f.Path, "[") {
		return ""
	}
	return f.Path[strings.LastIndexByte(f.Path, '.')+1:] + ": "
}

func comment(place string, f config.Fault) string {
	text := place + f.Message
	if f.Hint != "" {
		text += " (" + f.Hint + ")"
	}
	return text
}

// emitter brings the tree of a BSPump configuration into the form in which
// people write YAML: lists as lists, the keys of docs/configuration.md in their
// order, no secrets.
type emitter struct {
	dir, secrets string
	// known are the places of the tree; the value says that references stand
	// there.
	known map[config.Pos]bool
	// keys are the names of settings by their places.
	keys map[config.Pos]string
	left []LeftOut
	// inClear are warnings of secrets that could not be left out.
	inClear config.Faults
}

var (
	topOrder      = []string{"kafka", "connections", "topics", "pipelines"}
	pipelineOrder = []string{"source", "processors", "sink", "on_error", "circuit_breaker", "dead_letter", "ordering", "lanes", "provenance_header", "delivery", "transaction_interval"}
	stepOrder     = []string{"name", "module", "config", "config_file", "key_filter", "on_error"}
)

func (e *emitter) top(root *config.Node) {
	inOrder(root, topOrder)
	for i, item := range root.Items {
		if item.Key == "connections" || item.Key == "pipelines" {
			nowhere(&root.Items[i])
		}
		e.know(item.Pos, item.Node)
		switch item.Key {
		case "kafka":
			e.options(item.Node, "kafka")
		case "connections":
			for _, c := range item.Node.Items {
				e.options(c.Node, "connection."+c.Key)
			}
		case "topics":
			e.topics(item.Node)
		case "pipelines":
			for _, p := range item.Node.Items {
				e.pipeline(p)
			}
		}
	}
	e.sweep(root, "")
	delete(e.known, config.Pos{})
}

// nowhere takes the place of a map that no section of its own made: it is that
// of the first section in it, where comments belong.
func nowhere(item *config.Item) {
	item.Pos, item.Node.Pos = config.Pos{}, config.Pos{}
	for i := range item.Node.Items {
		if item.Key == "pipelines" {
			item.Node.Items[i].Pos, item.Node.Items[i].Node.Pos = config.Pos{}, config.Pos{}
		}
	}
}

// inOrder sorts the keys of a map that an order names to its front.
func inOrder(n *config.Node, order []string) {
	rank := func(i config.Item) int {
		if at := slices.Index(order, i.Key); at >= 0 {
			return at
		}
		return len(order)
	}
	slices.SortStableFunc(n.Items, func(a, b config.Item) int { return rank(a) - rank(b) })
}

// know notes the places of a tree and moves its paths to the folder of the file
// that is converted.
func (e *emitter) know(pos config.Pos, n *config.Node) {
	referred := n.Kind == config.Scalar && strings.Contains(n.Value, "${")
	e.known[pos] = e.known[pos] || referred
	e.known[n.Pos] = e.known[n.Pos] || referred
	for _, item := range n.Items {
		e.keys[item.Pos], e.keys[item.Node.Pos] = item.Key, item.Key
		e.know(item.Pos, item.Node)
		switch item.Key {
		case "module", "topics_file", "file", "keys_file":
			e.path(item.Node)
		}
	}
	for _, element := range n.List {
		e.know(element.Pos, element)
	}
	n.Value = config.Rebase(n.Value, filepath.Dir(n.Pos.File), e.dir)
}

func (e *emitter) path(n *config.Node) {
	r, err := store.Parse(n.Value)
	if from := filepath.Dir(n.Pos.File); from != e.dir && err == nil && r.Kind == store.File && !strings.HasPrefix(n.Value, "${") {
		path, isURL := strings.CutPrefix(n.Value, "file:")
		n.Value = config.RebasePath(path, from, e.dir)
		if isURL {
			n.Value = "file:" + n.Value
		}
	}
}

func (e *emitter) pipeline(p config.Item) {
	inOrder(p.Node, pipelineOrder)
	for i, item := range p.Node.Items {
		switch item.Key {
		case "source", "sink":
			e.options(item.Node, p.Key+"."+item.Key)
			for n, source := range item.Node.List {
				p.Node.Items[i].Pos, item.Node.Pos = config.Pos{}, config.Pos{} // those of the first source
				e.options(source, fmt.Sprintf("%s.source.%d", p.Key, n+1))
			}
		case "processors":
			p.Node.Items[i].Pos, item.Node.Pos = config.Pos{}, config.Pos{} // those of the first processor
			for _, step := range item.Node.List {
				e.step(step, p.Key)
			}
		default:
			config.Loosen(item.Node)
		}
	}
}

func (e *emitter) step(step *config.Node, pipeline string) {
	inOrder(step, stepOrder)
	for _, item := range step.Items {
		switch item.Key {
		case "config": // whose types the module sees
			e.settings(item.Node, pipeline+"."+step.Find("name").Value)
		case "key_filter":
			if keys := item.Node.Find("keys"); keys != nil {
				split(keys)
			}
			config.Loosen(item.Node)
		default:
			config.Loosen(item.Node)
		}
	}
}

// secretName matches settings of modules that had better not be shown.
var secretName = regexp.MustCompile(`(?i)passw|secret|token|credential|api_?key`)

func (e *emitter) settings(n *config.Node, place string) {
	for _, item := range n.Items {
		if item.Node.Kind == config.Scalar && item.Node.Type == config.Text && secretName.MatchString(item.Key) {
			e.leaveOut(item.Node, place+"."+item.Key)
		}
		e.settings(item.Node, place+"."+item.Key)
	}
}

// sweep leaves out what came from [passwords], wherever it stands.
func (e *emitter) sweep(n *config.Node, place string) {
	for _, item := range n.Items {
		e.sweep(item.Node, place+"."+item.Key)
	}
	for i, element := range n.List {
		e.sweep(element, fmt.Sprintf("%s.%d", place, i+1))
	}
	if n.Kind == config.Scalar && n.Secret {
		e.leaveOut(n, strings.TrimPrefix(place, "."))
	}
}

func (e *emitter) options(n *config.Node, place string) {
	for i, item := range n.Items {
		if plain := strings.NewReplacer(".", "_", "-", "_").Replace(item.Key); oddly(item.Key) && n.Find(plain) == nil {
			n.Items[i].Key = plain
		}
		switch {
		case item.Node.Secret || kafka.IsSecret(item.Key):
			e.leaveOut(item.Node, place+"."+item.Key)
		case kafka.IsList(item.Key):
			split(item.Node)
		}
	}
	config.Loosen(n)
}

// oddly tells whether an option is in a spelling that nobody reads with ease:
// neither linger.ms nor linger_ms.
func oddly(key string) bool {
	mixed := strings.Contains(key, "-") || strings.Contains(key, ".") && strings.Contains(key, "_")
	return mixed && kafka.CanonicalName(key) != ""
}

func (e *emitter) topics(n *config.Node) {
	for _, item := range n.Items {
		if item.Key == "topics" || item.Key == "list" {
			split(item.Node)
		}
	}
	config.Loosen(n)
}

var (
	// reference matches a value that is nothing but a reference.
	reference  = regexp.MustCompile(`^\$\{([^}:]*(:-)?|file:[^}]*)\}$`)
	noFileName = regexp.MustCompile(`[^A-Za-z0-9._-]`)
)

// leaveOut puts a reference to a file where a secret stands in clear.
func (e *emitter) leaveOut(n *config.Node, place string) {
	switch {
	case n.Value == "", reference.MatchString(n.Value):
		return
	case strings.Contains(n.Value, "${"):
		e.inClear = append(e.inClear, config.Fault{
			Pos: n.Pos, Path: place, Warning: true,
			Message: "a part of the secret stands here in clear", Hint: "write all of it into a file, and ${file:PATH}",
		})
		return
	}
	name := noFileName.ReplaceAllString(place, "-")
	left := LeftOut{Pos: n.Pos, File: filepath.ToSlash(filepath.Join(e.secrets, name))}
	left.Value = config.NewSecret(strings.ReplaceAll(n.Value, "$$", "$"))
	e.left = append(e.left, left)
	n.Value, n.Secret = "${file:"+left.File+"}", true
}

// split makes a list of text that holds several elements. Where a reference
// with a default stands, parts of the text may be parts of that.
func split(n *config.Node) {
	if n.Kind != config.Scalar || n.Secret || strings.Contains(n.Value, ":-") {
		return
	}
	elements := config.SplitList(n.Value)
	if len(elements) < 2 {
		n.Value = strings.TrimSpace(n.Value)
		return
	}
	n.Kind = config.List
	for _, element := range elements {
		n.List = append(n.List, textNode(element, config.Pos{}))
	}
	n.Value = ""
}
