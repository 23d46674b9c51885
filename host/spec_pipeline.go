package host

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/weirhq/weir/host/config"
	"github.com/weirhq/weir/host/kafka"
	"github.com/weirhq/weir/host/pipeline"
	"github.com/weirhq/weir/host/plugin"
)

func (l *loader) readPipelines() config.Pos {
	all := l.root.Section("pipelines")
	for _, e := range all.Entries() {
		all.Take(e)
		s := all.Open(e.Node, e.Key)
		checkName(s, e)
		l.spec.Pipelines = append(l.spec.Pipelines, l.readPipeline(s, e, plugin.DefaultLimits))
	}
	return all.Pos()
}

// readPipeline takes a pipeline under its full name. limits are those of its
// modules where it says nothing.
func (l *loader) readPipeline(s *config.Section, e config.Entry, limits plugin.Limits) *PipelineSpec {
	p := &PipelineSpec{Name: e.Key, Pos: e.Pos, OnError: onError(s, pipeline.Rules{}, false), Breaker: breaker(s)}
	sink := s.Section("sink")
	l.readSources(s, p)
	p.Steps = l.readSteps(s, p.OnError, readLimits(s, limits))
	p.Sink = l.readSink(sink, p)
	l.bindRegistries(s, p)
	l.readDeadLetter(s, p)
	l.readDelivery(s, p)
	readOrdering(s, p)
	readProvenance(s, p)
	if !sink.Present() {
		s.Fault(e.Pos, "sink", "is missing", "write sink: {topic: NAME}")
	}
	return p
}

// component reads what source and sink have in common.
func (l *loader) component(s *config.Section, role kafka.Role, pipelineName string) (connection string, o *kafka.Options, topic topicSettings) {
	if !s.Present() { // which was reported
		o, _ = kafka.Resolve(role, "", s.Pos(), s.Path())
		return "", o, topicSettings{}
	}
	connection = l.connection(s)
	topic = readTopicSettings(s)
	layer := kafka.ReadLayer(role.String(), s, role)
	id := "weir-" + pipelineName + "-" + role.String()
	l.checkPrincipal(s, connection, layer)
	layers := append(l.layers(connection), l.groupLayer(s, role, pipelineName)...)
	o, faults := kafka.Resolve(role, id, s.Pos(), s.Path(), append(layers, layer)...)
	report(s, faults)
	return connection, o, topic
}

// readSources takes source, which is one or a list of them.
func (l *loader) readSources(s *config.Section, p *PipelineSpec) {
	n := s.Get("source")
	if n == nil {
		n = s.Get("sources")
	} else if more := s.Get("sources"); more != nil {
		s.Fault(more.Pos, "sources", "is there beside source", "write one list of them")
	}
	switch {
	case n == nil || n.Kind == config.List && len(n.List) == 0:
		s.Fault(p.Pos, "source", "is missing", "write source: {topic: NAME}")
		p.Sources = []SourceSpec{l.readSource(s.Open(nil, "source"), p.Name)}
	case n.Kind == config.List:
		for i, one := range n.List {
			p.Sources = append(p.Sources, l.readSource(s.Open(one, fmt.Sprintf("source[%d]", i)), p.Name))
		}
	default:
		p.Sources = []SourceSpec{l.readSource(s.Open(n, "source"), p.Name)}
	}
}

func (l *loader) readSource(s *config.Section, pipelineName string) SourceSpec {
	connection, o, topic := l.component(s, kafka.Consumer, pipelineName)
	source := SourceSpec{Connection: connection, Options: o, Path: s.Path(), Pos: s.Pos()}
	names := o.List("topic")
	if s.Present() && (len(names) == 0 || slices.Contains(names, unconfigured)) {
		s.Fault(topicPos(s, o), "topic", "no topic is configured", "name the topics to read")
	}
	for _, name := range names {
		if strings.HasPrefix(name, "^") {
			source.Regex = true
			if _, err := regexp.Compile(name); err != nil {
				s.Fault(topicPos(s, o), "topic", err.Error(), "regular expressions are those of Go (RE2)")
			}
		} else if name != unconfigured {
			l.checkTopic(s, o, name)
			l.topics.add(l, s, connection, topic.named(name, topicPos(s, o)))
		}
	}
	l.checkRead(s, &source, names)
	source.Topics = names
	if source.Regex {
		source.Topics = patterns(names)
	}
	return source
}

// patterns makes a regular expression of every name: the client takes either
// names or expressions.
func patterns(names []string) []string {
	out := make([]string, len(names))
	for i, name := range names {
		out[i] = name
		if !strings.HasPrefix(name, "^") {
			out[i] = "^" + regexp.QuoteMeta(name) + "$"
		}
	}
	return out
}

func topicPos(s *config.Section, o *kafka.Options) config.Pos {
	if o.Set("topic") {
		return o.Pos("topic")
	}
	return s.Pos()
}

func (l *loader) checkTopic(s *config.Section, o *kafka.Options, name string) bool {
	if err := kafka.CheckTopicName(name); err != nil {
		s.Fault(topicPos(s, o), "topic", err.Error(), "blanks and commas part topics")
		return false
	}
	return true
}

func (l *loader) readSink(s *config.Section, p *PipelineSpec) SinkSpec {
	connection, o, topic := l.component(s, kafka.Producer, p.Name)
	sink := SinkSpec{Connection: connection, Options: o, Pos: s.Pos()}
	names, pos := o.List("topic"), topicPos(s, o)
	modules := slices.ContainsFunc(p.Steps, func(step StepSpec) bool { return step.Module != "" })
	switch {
	case len(names) > 1:
		s.Fault(pos, "topic", "a sink has one topic, not "+fmt.Sprint(len(names)), "let a processor choose others by kafka_topic")
	case slices.Contains(names, unconfigured), len(names) == 0 && s.Present() && !modules:
		s.Fault(pos, "topic", "no topic is configured", "name the topic to write to")
	case len(names) == 1 && l.checkTopic(s, o, names[0]):
		sink.Topic = names[0]
		l.checkWrite(s, pos, "topic", sink.Topic)
		l.topics.add(l, s, connection, topic.named(sink.Topic, pos))
		l.checkLoop(s, p, sink)
	}
	return sink
}

// checkLoop refuses a pipeline that feeds itself.
func (l *loader) checkLoop(s *config.Section, p *PipelineSpec, sink SinkSpec) {
	reads := func(source SourceSpec) bool {
		return source.Connection == sink.Connection && source.reads(sink.Topic)
	}
	if slices.ContainsFunc(p.Sources, reads) && !sink.Options.Bool("allow_loop") {
		s.Fault(topicPos(s, sink.Options), "topic", fmt.Sprintf("the pipeline reads %q too: it would feed itself for ever", sink.Topic), "write to another topic, or set allow_loop: true")
	}
}

// reads tells whether a topic is one of the source's.
func (s *SourceSpec) reads(topic string) bool {
	return !s.Options.Excludes(topic) && slices.ContainsFunc(s.Topics, func(name string) bool {
		if !s.Regex {
			return name == topic
		}
		re, err := regexp.Compile(name)
		return err == nil && re.MatchString(topic)
	})
}

// readDeadLetter takes {topic: NAME}, or NAME alone, and sees that whoever
// needs the topic has it.
func (l *loader) readDeadLetter(s *config.Section, p *PipelineSpec) {
	n := s.Get("dead_letter")
	pos, settings := s.Pos(), topicSettings{}
	switch {
	case n != nil && n.Kind == config.Scalar:
		p.DeadLetterTopic, pos = n.Value, n.Pos
	case n != nil:
		d := s.Open(n, "dead_letter")
		settings = readTopicSettings(d)
		p.DeadLetterTopic, pos, _ = d.Text("topic")
	}
	if p.DeadLetterTopic != "" {
		if err := kafka.CheckTopicName(p.DeadLetterTopic); err != nil {
			s.Fault(pos, "dead_letter", err.Error(), "")
		} else {
			l.checkWrite(s, pos, "dead_letter", p.DeadLetterTopic)
			l.topics.add(l, s, p.Sink.Connection, settings.named(p.DeadLetterTopic, pos))
		}
	}
	l.checkDeadLetter(s, p, pos)
	p.letters = func(group string) (SourceSpec, config.Faults) { return l.readLetters(s, p, group) }
}

func (l *loader) checkDeadLetter(s *config.Section, p *PipelineSpec, pos config.Pos) {
	used := p.OnError.Use(pipeline.DeadLetter)
	for _, step := range p.Steps {
		used = used || step.OnError.Use(pipeline.DeadLetter)
	}
	switch {
	case used && p.DeadLetterTopic == "":
		s.Fault(p.Pos, "dead_letter", "is missing: on_error says dead_letter", "write dead_letter: {topic: NAME}")
	case !used && p.DeadLetterTopic != "":
		s.Warn(pos, "dead_letter", "has no effect: no on_error says dead_letter", "write on_error: dead_letter into the pipeline or a processor")
	}
}

func (l *loader) readSteps(s *config.Section, def pipeline.Rules, limits plugin.Limits) []StepSpec {
	nodes := s.List("processors")
	steps := make([]StepSpec, 0, len(nodes))
	names := map[string]config.Pos{}
	for i, n := range nodes {
		e := s.Open(n, fmt.Sprintf("processors[%d]", i))
		step := StepSpec{Path: e.Path(), Pos: n.Pos, OnError: onError(e, def, true)}
		l.readStep(e, &step, limits)
		name, pos, ok := e.Text("name")
		if first, twice := names[name]; ok && twice {
			e.Fault(pos, "name", fmt.Sprintf("another processor is called %q, at %s", name, first), "names tell processors apart in metrics")
		}
		if ok {
			step.Name = name
		} else {
			step.Name = free(step.Name, names)
		}
		names[step.Name] = n.Pos
		steps = append(steps, step)
	}
	return steps
}

// free makes a name that was made up unlike the others.
func free(name string, taken map[string]config.Pos) string {
	try := name
	for i := 2; ; i++ {
		if _, ok := taken[try]; !ok {
			return try
		}
		try = fmt.Sprintf("%s-%d", name, i)
	}
}

// readStep takes what makes the step: a module or a key filter.
func (l *loader) readStep(s *config.Section, step *StepSpec, limits plugin.Limits) {
	module := s.Get("module")
	filter := s.Get("key_filter")
	schema := s.Get("schema")
	switch {
	case schema != nil && (module != nil || filter != nil):
		s.Fault(schema.Pos, "schema", "a processor is a module, a key filter or a schema step", "make two processors of it")
	case schema != nil:
		step.Name = "schema"
		step.Schema = readSchema(s, schema)
	case module != nil && filter != nil:
		s.Fault(filter.Pos, "key_filter", "a processor is either a module or a key filter", "make two processors of it")
	case filter != nil:
		step.Name = "key_filter"
		step.KeyFilter = readKeyFilter(s, filter)
	case module != nil && module.Kind == config.Scalar:
		step.Module = l.module(s, module)
		l.checkModule(s, module, step.Module)
		step.Name = moduleName(step.Module)
		step.Limits = readLimits(s, limits)
		step.ConfigNode = moduleConfig(s)
		step.Config = s.NodeJSON(step.ConfigNode, "config")
		step.Capture = readCapture(s)
		step.Shadow = l.readShadow(s, step)
	case module != nil:
		s.Fault(module.Pos, "module", "must be the name of a module", `write module: path.wasm or module: "builtin:NAME"`)
	case s.Pos().Line != 0:
		s.Fault(s.Pos(), "", "a processor needs a module, a key_filter or a schema", `write {module: path.wasm}, {key_filter: {keys: [...]}} or {schema: {decode: {}}}`)
	}
}

func readKeyFilter(s *config.Section, n *config.Node) *kafka.KeyFilterConfig {
	if n.Kind != config.Map { // the keys alone
		keys := n
		n = config.NewMap(keys.Pos)
		n.Put("keys", keys.Pos, keys)
	}
	return kafka.ReadKeyFilter(s.Open(n, "key_filter"))
}
