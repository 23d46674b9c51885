package host

import "github.com/weirhq/weir/host/kafka"

// Uses is what the pipelines read and write through a connection. Topics that
// only a regular expression or a processor names are not known before.
func (s *Spec) Uses(connection string) kafka.Uses {
	var uses kafka.Uses
	for _, p := range s.Pipelines {
		for _, source := range p.Sources {
			if source.Connection != connection {
				continue
			}
			if !source.Regex {
				uses.Read = append(uses.Read, source.Topics...)
			}
			if group := source.Options.String("group.id"); group != "" {
				uses.Groups = append(uses.Groups, group)
			}
		}
		if p.Sink.Connection != connection {
			continue
		}
		for _, topic := range []string{p.Sink.Topic, p.DeadLetterTopic} {
			if topic != "" {
				uses.Write = append(uses.Write, topic)
			}
		}
	}
	return uses
}
