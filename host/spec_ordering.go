package host

import (
	"github.com/weirhq/weir/host/config"
	"github.com/weirhq/weir/host/pipeline"
)

// The lanes of a partition. Each has instances of all modules.
const (
	defaultLanes = 4
	mostLanes    = 64
)

// readOrdering takes how the events of a partition share its lanes.
func readOrdering(s *config.Section, p *PipelineSpec) {
	p.Ordering = pipeline.Ordering(s.Enum("ordering", string(pipeline.ByPartition), orderings()...))
	lanes := s.Get("lanes")
	n := s.Int("lanes", defaultLanes, 1, mostLanes)
	if p.Ordering != pipeline.ByPartition {
		p.Lanes = int(n)
		return
	}
	p.Lanes = 1
	if lanes != nil && n != 1 {
		s.Fault(lanes.Pos, "lanes", "a partition has one lane when all its events stay in order", "set ordering: key, or ordering: none, on the pipeline")
	}
}

func orderings() []string {
	return []string{string(pipeline.ByPartition), string(pipeline.ByKey), string(pipeline.Unordered)}
}
