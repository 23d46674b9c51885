package host

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/weirhq/weir/host/config"
)

// fromINI turns the sections of a BSPump configuration into the shape of the
// YAML files:
//
//	[kafka]                  kafka
//	[connection:X]           connections.X
//	[pipeline:P]             pipelines.P
//	[pipeline:P:C]           the source, the sink or a processor of P, by C
//	[KafkaTopicInitializer]  topics
//
// Sections of other parts of BSPump have no meaning here and are warned of.
func fromINI(sections *config.Node, faults *config.Faults) *config.Node {
	c := converter{root: config.NewMap(sections.Pos), faults: faults}
	for _, s := range sections.Items {
		c.section(s)
	}
	return c.root
}

type converter struct {
	root   *config.Node
	faults *config.Faults
}

func (c *converter) fault(s config.Item, message, hint string) {
	c.faults.Add(config.Fault{Pos: s.Pos, Path: "[" + s.Key + "]", Message: message, Hint: hint})
}

func (c *converter) section(s config.Item) {
	kind, rest, named := strings.Cut(s.Key, ":")
	kind, rest = strings.TrimSpace(kind), strings.TrimSpace(rest)
	switch {
	case s.Key == "kafka":
		c.root.Put("kafka", s.Pos, s.Node)
	case s.Key == "KafkaTopicInitializer":
		c.root.Put("topics", s.Pos, s.Node)
	case named && kind == "connection" && rest != "":
		c.below("connections", s.Pos).Put(rest, s.Pos, s.Node)
	case named && kind == "pipeline" && rest != "":
		name, component, _ := strings.Cut(rest, ":")
		c.component(c.pipeline(name, s.Pos), s, component)
	default:
		c.foreign(s, kind)
	}
}

// below is a map at the top, made when it is not there.
func (c *converter) below(key string, pos config.Pos) *config.Node { return child(c.root, key, pos) }

func child(n *config.Node, key string, pos config.Pos) *config.Node {
	next := n.Find(key)
	if next == nil {
		next = config.NewMap(pos)
		n.Put(key, pos, next)
	}
	return next
}

func (c *converter) pipeline(name string, pos config.Pos) *config.Node {
	return child(c.below("pipelines", pos), name, pos)
}

// ours are the words that begin our sections, for a misspelt one.
var ours = []string{"connection", "pipeline", "kafka", "KafkaTopicInitializer"}

func (c *converter) foreign(s config.Item, kind string) {
	if near := config.Nearest(kind, ours); near != "" {
		hint := fmt.Sprintf("did you mean [%s]?", near)
		if near == "connection" || near == "pipeline" {
			hint = fmt.Sprintf("did you mean [%s:NAME]?", near)
		}
		c.fault(s, "unknown section", hint)
		return
	}
	c.faults.Add(config.Fault{
		Pos: s.Pos, Path: "[" + s.Key + "]", Warning: true,
		Message: "has no meaning here and is passed over", Hint: "flags of weir run do what [web] and [logging] did",
	})
}

// pipelineOptions are BSPump's own that nothing here needs.
var pipelineOptions = []string{"async_concurency_limit", "reset_profiler", "stop_on_errors", "alert_id"}

// component puts one section of a pipeline where it belongs in the chain.
func (c *converter) component(pipeline *config.Node, s config.Item, id string) {
	module := s.Node.Find("module")
	switch {
	case id == "":
		c.options(pipeline, s)
	case module != nil:
		c.processor(pipeline, s, c.module(s, id))
	case isA(id, "KafkaSource"):
		c.end(pipeline, s, "source")
	case isA(id, "KafkaSink"):
		c.end(pipeline, s, "sink")
	case isA(id, "KafkaKeyFilter"):
		entry := config.NewMap(s.Node.Pos)
		entry.Put("name", s.Pos, textNode(id, s.Pos))
		if onError := s.Node.Find("on_error"); onError != nil {
			entry.Put("on_error", onError.Pos, onError)
		}
		entry.Put("key_filter", s.Pos, without(s.Node, "on_error"))
		c.processor(pipeline, s, entry)
	default:
		c.fault(s, "is neither a KafkaSource, KafkaSink or KafkaKeyFilter nor a module",
			"a processor written in Python does not run here: build it as WebAssembly and write module=FILE.wasm")
	}
}

func isA(id, class string) bool {
	return strings.Contains(strings.ToLower(id), strings.ToLower(class))
}

// options takes what [pipeline:P] itself says.
func (c *converter) options(pipeline *config.Node, s config.Item) {
	for _, item := range s.Node.Items {
		switch {
		case slices.Contains(pipelineOptions, item.Key):
			c.faults.Add(config.Fault{
				Pos: item.Pos, Path: "[" + s.Key + "] " + item.Key, Warning: true,
				Message: "has no effect here", Hint: "remove it",
			})
		default:
			pipeline.Items = append(pipeline.Items, item)
		}
	}
}

func (c *converter) end(pipeline *config.Node, s config.Item, key string) {
	if first := pipeline.Find(key); first != nil {
		c.fault(s, fmt.Sprintf("the pipeline has a %s already, at %s", key, first.Pos), "a pipeline has one; make two pipelines")
		return
	}
	pipeline.Put(key, s.Pos, s.Node)
}

func (c *converter) processor(pipeline *config.Node, s config.Item, entry *config.Node) {
	list := pipeline.Find("processors")
	if list == nil {
		list = config.NewList(s.Pos)
		pipeline.Put("processors", s.Pos, list)
	}
	list.List = append(list.List, entry)
}

// module makes a processor's entry: what is not the host's is the module's
// configuration, as text; config= may hold more as JSON.
func (c *converter) module(s config.Item, id string) *config.Node {
	entry := config.NewMap(s.Node.Pos)
	entry.Put("name", s.Pos, textNode(id, s.Pos))
	settings := config.NewMap(s.Node.Pos)
	for _, item := range s.Node.Items {
		switch item.Key {
		case "module", "on_error":
			entry.Items = append(entry.Items, item)
		case "config":
			c.config(s, item, settings)
		}
	}
	for _, item := range without(s.Node, "module", "on_error", "config").Items {
		if settings.Find(item.Key) != nil {
			c.fault(config.Item{Key: s.Key, Pos: item.Pos}, item.Key+" is in config= already", "keep one")
			continue
		}
		settings.Items = append(settings.Items, item)
	}
	if len(settings.Items) > 0 {
		entry.Put("config", s.Pos, settings)
	}
	return entry
}

// config reads JSON, which is YAML, at the place of its key.
func (c *converter) config(s config.Item, item config.Item, into *config.Node) {
	text := item.Node.Value
	var object map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &object); err != nil {
		c.fault(config.Item{Key: s.Key, Pos: item.Node.Pos}, "config is not a JSON object: "+err.Error(), `write config={"key": "value"}`)
		return
	}
	var faults config.Faults
	root := config.ParseYAML(item.Pos.File, []byte(text), &faults)
	for _, f := range faults {
		f.Pos, f.Path = item.Node.Pos, "["+s.Key+"] config"
		c.faults.Add(f)
	}
	if root != nil {
		into.Items = append(into.Items, moved(root, item.Node.Pos).Items...)
	}
}

// moved sets the place of a whole tree.
func moved(n *config.Node, pos config.Pos) *config.Node {
	n.Pos = pos
	for i := range n.Items {
		n.Items[i].Pos = pos
		moved(n.Items[i].Node, pos)
	}
	for _, e := range n.List {
		moved(e, pos)
	}
	return n
}

func textNode(text string, pos config.Pos) *config.Node { return &config.Node{Pos: pos, Value: text} }

// without copies a map but for some keys.
func without(n *config.Node, keys ...string) *config.Node {
	out := config.NewMap(n.Pos)
	for _, item := range n.Items {
		if !slices.Contains(keys, item.Key) {
			out.Items = append(out.Items, item)
		}
	}
	return out
}
