package host

import (
	"cmp"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/weirhq/weir/host/config"
	"github.com/weirhq/weir/host/kafka"
)

// Delivery says what becomes of an event's outputs when something goes wrong.
type Delivery string

// The ways to deliver.
const (
	// AtLeastOnce: nothing is lost, and some of it may come twice.
	AtLeastOnce Delivery = "at_least_once"
	// ExactlyOnce: outputs and offsets are committed together, in transactions.
	ExactlyOnce Delivery = "exactly_once"
)

// How long a transaction stays open. Less costs brokers more, longer makes
// readers wait.
const (
	defaultInterval = 200 * time.Millisecond
	leastInterval   = 10 * time.Millisecond
	mostInterval    = time.Minute
)

// readDelivery takes how a pipeline delivers and sees that its ends can.
func (l *loader) readDelivery(s *config.Section, p *PipelineSpec) {
	p.Delivery = Delivery(s.Enum("delivery", string(AtLeastOnce), string(AtLeastOnce), string(ExactlyOnce)))
	p.TransactionInterval = s.Duration("transaction_interval", defaultInterval, time.Millisecond)
	interval := s.Get("transaction_interval")
	if given := s.Get("delivery"); p.Delivery == AtLeastOnce {
		if given != nil && !strings.EqualFold(given.Value, string(AtLeastOnce)) {
			return // which was reported, and what was meant is not known
		}
		if id := p.Sink.Options; id.Set("transactional.id") {
			s.Fault(id.Pos("transactional.id"), "sink.transactional_id", "asks for transactions, but delivery is at_least_once", "set delivery: exactly_once on the pipeline, or remove it")
		}
		if interval != nil {
			s.Warn(interval.Pos, "transaction_interval", "has no effect: delivery is at_least_once", "set delivery: exactly_once, or remove it")
		}
		return
	}
	if d := p.TransactionInterval; d < leastInterval || d > mostInterval {
		s.Fault(interval.Pos, "transaction_interval", fmt.Sprintf("%q must be between %v and %v", interval.Shown(), leastInterval, mostInterval), fmt.Sprintf("the default is %v", defaultInterval))
		return
	}
	l.checkExactlyOnce(s, p)
}

// transactionalID is the default of a pipeline that runs on a host. A tenant's
// begins with its group, so that rules for one go for the other.
func transactionalID(group, pipeline, host string) string {
	if name, short, ok := strings.Cut(pipeline, slash); ok {
		return fmt.Sprintf("%s-weir-%s-%s-%s", group, name, short, host)
	}
	return fmt.Sprintf("weir-%s-%s-%s", group, pipeline, host)
}

// checkExactlyOnce refuses what no transaction can do.
func (l *loader) checkExactlyOnce(s *config.Section, p *PipelineSpec) {
	pos := s.Get("delivery").Pos
	source := &p.Sources[0]
	switch {
	case len(p.Sources) > 1:
		s.Fault(p.Sources[1].Pos, "source", "there are several sources, but delivery: exactly_once commits the offsets of one", "name all topics in one source, or make a pipeline of each")
		return
	case source.Connection == "" || p.Sink.Connection == "": // which was reported
		return
	case !kafka.SameCluster(source.Options, p.Sink.Options):
		s.Fault(p.Sink.Pos, "sink", "is on another cluster than the source, and delivery: exactly_once needs both on one", "use one connection for both, or set delivery: at_least_once")
		return
	}
	host, err := os.Hostname()
	if err != nil && !p.Sink.Options.Set("transactional.id") {
		s.Fault(pos, "delivery", "the host has no name to make a transactional id of: "+err.Error(), "set transactional_id in the sink")
	}
	p.Sink.Options.Transact(transactionalID(source.Options.String("group.id"), p.Name, host))
	if l.tenant != nil {
		id := p.Sink.Options.String("transactional.id")
		l.allowed(s, cmp.Or(p.Sink.Options.Pos("transactional.id"), pos), "sink.transactional_id", "allow.transactional_ids", l.tenant.Rules.TransactionalIDs, "use the transactional id", id)
	}
	for _, f := range kafka.CheckTransactions(source.Options, p.Sink.Options, p.TransactionInterval) {
		if f.Pos == (config.Pos{}) {
			f.Pos, f.Path = pos, s.Path()+".delivery"
		}
		s.Report(f)
	}
}
