package host

import (
	"strings"

	"github.com/weirhq/weir/host/config"
)

// errorHeaders begin the names of the headers that dead letters have.
const errorHeaders = "weir.error."

// readProvenance takes the header by which outputs say which modules made them.
func readProvenance(s *config.Section, p *PipelineSpec) {
	name, pos, _ := s.Text("provenance_header")
	if strings.HasPrefix(name, errorHeaders) {
		s.Fault(pos, "provenance_header", "names one of the headers of dead letters", "write another name, such as weir-module")
	}
	p.Provenance = name
}
