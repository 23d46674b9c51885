package host

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/weirhq/weir/host/config"
	"github.com/weirhq/weir/host/kafka"
)

// fromINI turns the sections of a BSPump configuration into the shape of the
// YAML files:
//
//	[kafka]                  kafka
//	[connection:X]           connections.X
//	[pipeline:P]             pipelines.P
//	[pipeline:P:C]           the source, the sink or a processor of P, by C or
//	                         by class=
//	[KafkaTopicInitializer]  topics
//
// Sections of other parts of BSPump have no meaning here and are warned of.
func fromINI(sections *config.Node, faults *config.Faults) *config.Node {
	c := converter{root: config.NewMap(sections.Pos), faults: faults}
	return c.all(sections)
}

type converter struct {
	root   *config.Node
	faults *config.Faults
	// draft makes modules of processors that have none yet, for a file to be
	// completed by hand.
	draft bool
}

func (c *converter) all(sections *config.Node) *config.Node {
	for _, s := range sections.Items {
		c.section(s)
	}
	c.apart()
	return c.root
}

// apart warns of connections that BSPump keeps apart from [kafka].
func (c *converter) apart() {
	connections := c.root.Find("connections")
	if connections == nil || c.root.Find("kafka") == nil {
		return
	}
	for _, connection := range connections.Items {
		own := func(i config.Item) bool { return kafka.CanonicalName(i.Key) == "bootstrap.servers" }
		if slices.ContainsFunc(connection.Node.Items, own) {
			c.faults.Add(config.Fault{
				Pos: connection.Pos, Path: "[connection:" + connection.Key + "]", Warning: true,
				Message: "what it does not say itself comes from [kafka]; BSPump passes [kafka] over where a connection has bootstrap_servers",
				Hint:    "say in the connection what shall differ",
			})
		}
	}
}

func (c *converter) fault(s config.Item, message, hint string) {
	c.faults.Add(config.Fault{Pos: s.Pos, Path: "[" + s.Key + "]", Message: message, Hint: hint})
}

func (c *converter) section(s config.Item) {
	kind, rest, named := strings.Cut(s.Key, ":")
	kind, rest = strings.TrimSpace(kind), strings.TrimSpace(rest)
	switch {
	case s.Key == "kafka":
		c.root.Put("kafka", s.Pos, brokers(s.Node))
	case !named && isA(kind, "TopicInitializer"):
		c.initializer(s)
	case named && kind == "connection" && rest != "" && noKafka(s.Node):
		c.faults.Add(config.Fault{
			Pos: s.Pos, Path: "[" + s.Key + "]", Warning: true,
			Message: "is no connection to Kafka and is passed over", Hint: "weir reads and writes Kafka only",
		})
	case named && kind == "connection" && rest != "":
		c.below("connections", s.Pos).Put(rest, s.Pos, brokers(s.Node))
	case named && kind == "pipeline" && rest != "":
		name, component, _ := strings.Cut(rest, ":")
		c.component(c.pipeline(strings.TrimSpace(name), s.Pos), s, strings.TrimSpace(component))
	default:
		c.foreign(s, kind)
	}
}

// noKafka tells whether nothing that a connection says is meant for Kafka.
func noKafka(n *config.Node) bool {
	meant := func(i config.Item) bool {
		return kafka.CanonicalName(i.Key) != "" || config.Nearest(i.Key, kafka.Spellings()) != ""
	}
	return len(n.Items) > 0 && !slices.ContainsFunc(n.Items, meant)
}

// brokers lets semicolons part brokers, as BSPump did until 2022.
func brokers(n *config.Node) *config.Node {
	for _, item := range n.Items {
		if kafka.CanonicalName(item.Key) == "bootstrap.servers" {
			item.Node.Value = strings.ReplaceAll(item.Node.Value, ";", ",")
		}
	}
	return n
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
	if s.Node.Used {
		return // others refer to what it says
	}
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
	if id == "" {
		c.options(pipeline, s)
		return
	}
	module, class := s.Node.Find("module"), id
	if given := s.Node.Find("class"); given != nil && module == nil {
		class, s.Node = given.Value, without(s.Node, "class")
	}
	switch {
	case module != nil:
		c.processor(pipeline, s, c.module(s, id))
	case isA(class, "KafkaSource"):
		addSource(pipeline, s)
	case isA(class, "KafkaSink"):
		c.sink(pipeline, s)
	case isA(class, "KafkaKeyFilter"):
		entry := config.NewMap(s.Node.Pos)
		entry.Put("name", s.Pos, textNode(id, s.Pos))
		if onError := s.Node.Find("on_error"); onError != nil {
			entry.Put("on_error", onError.Pos, onError)
		}
		entry.Put("key_filter", s.Pos, patternLists(without(s.Node, "on_error")))
		c.processor(pipeline, s, entry)
	default:
		c.python(pipeline, s, id)
	}
}

// patternLists makes lists of a key filter's patterns, each of which has a line
// of its own: blanks and commas may belong to it.
func patternLists(n *config.Node) *config.Node {
	for i, item := range n.Items {
		if !slices.Contains([]string{"prefix", "glob", "regex"}, item.Key) || !strings.Contains(item.Node.Value, "\n") {
			continue
		}
		list := config.NewList(item.Node.Pos)
		for line := range strings.SplitSeq(item.Node.Value, "\n") {
			if line != "" {
				list.List = append(list.List, textNode(line, item.Node.Pos))
			}
		}
		n.Items[i].Node = list
	}
	return n
}

// python is for a component that only Python knows.
func (c *converter) python(pipeline *config.Node, s config.Item, id string) {
	c.faults.Add(config.Fault{
		Pos: s.Pos, Path: "[" + s.Key + "]", Warning: c.draft,
		Message: "is neither a KafkaSource, KafkaSink or KafkaKeyFilter nor a module",
		Hint:    "a processor written in Python does not run here: build it as WebAssembly and write module=FILE.wasm. A source, sink or key filter of another name says so by class=KafkaSource, KafkaSink or KafkaKeyFilter",
	})
	if c.draft {
		s.Node.Put("module", s.Pos, textNode(id+".wasm", s.Pos))
		c.processor(pipeline, s, c.module(s, id))
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

// addSource makes a list of the sources as soon as there are two.
func addSource(pipeline *config.Node, s config.Item) {
	i := slices.IndexFunc(pipeline.Items, func(i config.Item) bool { return i.Key == "source" })
	if i < 0 {
		pipeline.Put("source", s.Pos, s.Node)
		return
	}
	list := pipeline.Items[i].Node
	if list.Kind == config.Map {
		first := list
		list = config.NewList(first.Pos)
		list.List = []*config.Node{first}
		pipeline.Items[i].Node = list
	}
	list.List = append(list.List, s.Node)
}

func (c *converter) sink(pipeline *config.Node, s config.Item) {
	if first := pipeline.Find("sink"); first != nil {
		c.fault(s, fmt.Sprintf("the pipeline has a sink already, at %s", first.Pos), "a pipeline has one; make two pipelines")
		return
	}
	pipeline.Put("sink", s.Pos, s.Node)
}

func (c *converter) initializer(s config.Item) {
	if first := c.root.Find("topics"); first != nil {
		c.fault(s, fmt.Sprintf("there is a topic initializer already, at %s", first.Pos), "put their keys into one")
		return
	}
	c.root.Put("topics", s.Pos, s.Node)
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
		into.Items = append(into.Items, moved(root, item.Node).Items...)
	}
}

// moved sets the place of a whole tree that stands in one value, and the secrecy
// of its texts.
func moved(n, value *config.Node) *config.Node {
	n.Pos, n.Secret = value.Pos, value.Secret && n.Kind == config.Scalar && n.Type == config.Text
	for i := range n.Items {
		n.Items[i].Pos = value.Pos
		moved(n.Items[i].Node, value)
	}
	for _, e := range n.List {
		moved(e, value)
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
