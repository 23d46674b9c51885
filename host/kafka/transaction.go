package kafka

import (
	"context"
	"errors"
	"time"

	"github.com/weirhq/weir/host/event"
)

// TransactionsConfig says how a pipeline delivers exactly once.
type TransactionsConfig struct {
	// Sink is where the pipeline writes. Its options have been made
	// transactional by Options.Transact.
	Sink SinkConfig
	// Group are the options of the source.
	Group *Options
	// Interval is how long a transaction stays open: readers see what was
	// written about that much later.
	Interval time.Duration
}

// Transactions is the sink of a pipeline that delivers exactly once, and what
// its source commits through: outputs and the offsets of the inputs that they
// derive from become visible together or not at all.
//
// A session of the source has one incarnation of the producer. Whatever makes
// the end of a transaction doubtful ends both: the next session asks the brokers
// for a new incarnation, which settles whatever was left of the old one, and only
// then joins the group and reads on from what the group has committed. Nothing of
// an incarnation that ended is used again: no client, no buffer, no lane.
type Transactions struct {
	*Sink
	group    *Options
	interval time.Duration
	lost     lostConnections
	// version is that of the brokers' transactions; 0 when not asked yet. It
	// belongs to the goroutine that runs sessions.
	version int
	// fruitless counts the incarnations in a row that committed nothing.
	fruitless counter
	stats     transactionStats
}

// NewTransactions makes the sink of one pipeline and one source. It connects to
// nothing.
func NewTransactions(cfg TransactionsConfig) *Transactions {
	return &Transactions{Sink: NewSink(cfg.Sink), group: cfg.Group, interval: cfg.Interval}
}

// Open does nothing: sessions of the source make the clients.
func (t *Transactions) Open() error { return nil }

// Close does nothing: a session closes its client.
func (t *Transactions) Close() {}

// incarnationKey is the key of a lane's incarnation in the lane's context.
type incarnationKey struct{}

// lane is the context of the lanes of an incarnation, by which their writes find
// it: a lane may outlive the session that opened it.
func (n *incarnation) lane(ctx context.Context) context.Context {
	return context.WithValue(ctx, incarnationKey{}, n)
}

var errOutside = errors.New("a write of a lane that has no transaction")

// Write implements pipeline.Sink. Events of one call are in one transaction. It
// waits while a transaction ends.
func (t *Transactions) Write(ctx context.Context, events []event.Event, done func(error)) {
	n, ok := ctx.Value(incarnationKey{}).(*incarnation)
	if !ok {
		done(errOutside)
		return
	}
	if err := n.enter(ctx); err != nil {
		done(err)
		return
	}
	t.Sink.Write(ctx, events, func(err error) { n.leave(err, done) })
}
