package host

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/weirhq/weir/host/config"
	"github.com/weirhq/weir/host/deadletter"
	"github.com/weirhq/weir/host/kafka"
)

// redriveStep is the name of the step that makes events of dead letters.
const redriveStep = "redrive"

// RedriveGroup is the group that keeps how far the dead letters of a pipeline
// were redriven. Each selection has one of its own, since the letters that one
// passes over are left to others.
func RedriveGroup(pipeline string, selection *deadletter.Selection) string {
	group := groupOf("redrive", pipeline)
	if chosen := selection.String(); chosen != "" {
		sum := sha256.Sum256([]byte(chosen))
		group += "." + hex.EncodeToString(sum[:4])
	}
	return group
}

// Redrive gives a Spec of one pipeline, that of the name as it is now, which
// reads its own dead letters from where its redrive group has got to. The
// pipeline must have a dead-letter topic.
func (s *Spec) Redrive(p *PipelineSpec, selection deadletter.Selection) (*Spec, error) {
	letters, faults := p.letters(RedriveGroup(p.Name, &selection))
	if err := faults.Err(); err != nil {
		return nil, err
	}
	again := *p
	again.Sources = []SourceSpec{letters}
	again.Redrive = &deadletter.Redrive{Selection: selection}
	again.Breaker.Share = 0        // letters have failed before
	if p.Delivery == ExactlyOnce { // the pipeline itself may run meanwhile
		again.Sink.Options = p.Sink.Options.TransactAs(p.Sink.Options.String("transactional.id") + "-" + letters.Options.String("group.id"))
	}
	return &Spec{Connections: s.Connections, Pipelines: []*PipelineSpec{&again}, Tenants: s.Tenants}, nil
}

// Find gives the pipeline of a name.
func (s *Spec) Find(name string) (*PipelineSpec, error) {
	var names []string
	for _, p := range s.Pipelines {
		if p.Name == name {
			return p, nil
		}
		names = append(names, p.Name)
	}
	if near := config.Nearest(name, names); near != "" {
		return nil, fmt.Errorf("there is no pipeline %q (did you mean %q?)", name, near)
	}
	return nil, fmt.Errorf("there is no pipeline %q (there are: %s)", name, strings.Join(names, ", "))
}

// readLetters makes the source that reads a pipeline's dead letters through the
// sink's connection, which is where they are.
func (l *loader) readLetters(s *config.Section, p *PipelineSpec, group string) (SourceSpec, config.Faults) {
	m := config.NewMap(p.Pos)
	for name, value := range map[string]string{"topic": p.DeadLetterTopic, "group.id": group, "auto.offset.reset": "earliest"} {
		m.Put(name, p.Pos, &config.Node{Kind: config.Scalar, Value: value, Pos: p.Pos})
	}
	layer := kafka.ReadLayer("dead letters", s.Open(m, "dead_letter"), kafka.Consumer)
	layers := append(l.layers(p.Sink.Connection), layer)
	o, faults := kafka.Resolve(kafka.Consumer, "weir-"+p.Name+"-redrive", p.Pos, s.Path(), layers...)
	return SourceSpec{Connection: p.Sink.Connection, Topics: []string{p.DeadLetterTopic}, Options: o, Path: s.Path(), Pos: p.Pos}, faults
}
