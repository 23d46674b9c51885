package kafka

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/zap"

	"github.com/weirhq/weir/host/event"
)

// SourceConfig is a source as configured.
type SourceConfig struct {
	// Options are the effective consumer options.
	Options *Options
	// Topics are names, or with Regex regular expressions.
	Topics []string
	Regex  bool
	// From is where to begin without an offset; it beats the options. The zero
	// Start leaves it to them.
	From Start
	// ExitAtEnd ends Run once the group has committed everything up to the end
	// offsets seen at the start.
	ExitAtEnd bool
	// To is a place before those, at which a run with ExitAtEnd ends: of an offset
	// or a time, the first record that is not read any more. The zero Start is none.
	To Start
	// DrainTimeout bounds the drain of a stop. Default 30 s. A revoke is
	// bounded by half of the rebalance timeout instead.
	DrainTimeout time.Duration
	// Transactions, when set, is the sink of the pipeline, and what is done is
	// committed in its transactions.
	Transactions *Transactions
	// Quota bounds what is read, beside the credit; nil bounds nothing.
	Quota Quota
	Log   *zap.Logger
	// Extra is added to the client's options; tests bring their network here.
	Extra []kgo.Opt

	// partitions are those to read, by topic, as the options say. Without any the
	// source is a member of the group.
	partitions map[string][]int32
}

// Quota bounds what sources read, which may share one.
type Quota interface {
	// Await waits until a source may read on, and returns how many records at most,
	// 0 when ctx ended.
	Await(ctx context.Context) (records int)
	// Took books what was read.
	Took(records, bytes int)
}

// Source reads topics, as a member of a consumer group or by partitions that were
// chosen, and feeds a lane a partition. It commits what its lanes acknowledged,
// and nothing else.
type Source struct {
	cfg        SourceConfig
	start      Start
	reach      *reachHook
	pause      *pause
	rebalances counter
	errors     counter
	skipped    counter
	waits      waits
	current    atomic.Pointer[session] // nil between sessions

	// known counts the partitions of topics when the source first joined.
	known map[string]int
	// recreated topics are others by now than at the start.
	recreated map[string]bool
	// over are the last batches that were passed over.
	over map[event.Partition]stretchOver
	// began is where earlier sessions began to read partitions: a group that has
	// committed nothing of one begins there again, and not at the end of the log.
	began map[event.Partition]int64
}

// NewSource makes a source. It connects to nothing.
func NewSource(cfg SourceConfig) *Source {
	if cfg.DrainTimeout <= 0 {
		cfg.DrainTimeout = 30 * time.Second
	}
	if cfg.Log == nil {
		cfg.Log = zap.NewNop()
	}
	cfg.partitions = cfg.Options.Partitions()
	s := &Source{cfg: cfg, start: cfg.Options.start(), reach: newReachHook(cfg.Log), pause: newPause(), recreated: map[string]bool{}, over: map[event.Partition]stretchOver{}, began: map[event.Partition]int64{}}
	if cfg.From.word != "" {
		s.start = cfg.From
	}
	return s
}

// Rebalances counts the assignments and revocations so far.
func (s *Source) Rebalances() uint64 { return s.rebalances.Load() }

// Errors counts the errors after which reading went on.
func (s *Source) Errors() uint64 { return s.errors.Load() }

// Skipped counts the offsets that were gone before they were read.
func (s *Source) Skipped() uint64 { return s.skipped.Load() }

// Away says why no broker of the source answers, or nothing while one does.
func (s *Source) Away() string { return s.reach.away() }

// session is one Run, or the part of it up to where a topic is replaced: a
// client, the partitions that it owns, and the reason to end.
type session struct {
	*Source
	ctx    context.Context // of Run; call-backs of the client outlive any call
	lanes  context.Context // of the lanes, ends with ctx
	in     event.Intake
	client *kgo.Client
	credit *credit
	bounds *bounds      // nil unless the run is bounded
	own    *ownCommits  // nil when the client, a member of the group, commits
	writer *incarnation // nil unless delivery is exactly once
	stop   context.CancelCauseFunc

	mu         sync.Mutex
	partitions map[event.Partition]*partition
	ending     bool          // no lane is opened any more
	placed     chan struct{} // holds a token after partitions came whose ends nobody has asked for
}

var (
	errDrain = errors.New("drain")
	errAtEnd = errors.New("at the end")
)

// Run implements pipeline.Source. It can be called again after it returned.
func (s *Source) Run(ctx context.Context, drain <-chan struct{}, in event.Intake) error {
	for {
		err := s.session(ctx, drain, in)
		var replaced *errRecreated
		var aborted *errAborted
		var passed *errPassOver
		switch {
		case errors.As(err, &replaced):
			s.recreated[replaced.topic] = true
			maps.DeleteFunc(s.over, func(p event.Partition, _ stretchOver) bool { return p.Topic == replaced.topic })
			s.cfg.Log.Warn("a topic was deleted and created again; it is read anew", zap.String("topic", replaced.topic),
				zap.String("from", s.cfg.Options.String("on_topic_recreated")), zap.Error(err))
		case errors.As(err, &passed):
			s.over[passed.partition] = passed.batch
			s.skipped.Add(uint64(passed.count))
			s.cfg.Log.Warn("a batch is passed over", zap.Error(err))
		case errors.As(err, &aborted):
			s.cfg.Log.Warn("a transaction was not committed; what it held is read again", zap.Error(err))
			if !s.cfg.Transactions.pause(ctx, drain) {
				return ctx.Err()
			}
		default:
			return err
		}
	}
}

func (s *Source) session(ctx context.Context, drain <-chan struct{}, in event.Intake) error {
	polling, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	r := &session{
		Source:     s,
		ctx:        ctx,
		lanes:      ctx,
		in:         in,
		credit:     newCredit(int(s.cfg.Options.Int("max_in_flight_records")), int(s.cfg.Options.Int("max_in_flight_bytes")), &s.waits),
		stop:       stop,
		partitions: map[event.Partition]*partition{},
		placed:     make(chan struct{}, 1),
	}
	if s.cfg.ExitAtEnd {
		r.bounds = newBounds(s.cfg, s.start)
	}
	if len(s.cfg.partitions) > 0 {
		r.own = newOwnCommits(s.cfg.Options)
	}
	var relay sync.WaitGroup
	defer relay.Wait()
	ended := make(chan struct{})
	defer close(ended)
	relay.Go(func() {
		select {
		case <-drain:
			stop(errDrain)
		case <-ended:
		}
	})
	if err := r.incarnate(polling); err != nil {
		return r.verdict(err)
	}
	connected, hangUp := context.WithCancel(ctx)
	defer hangUp()
	err := r.connect(connected)
	if err == nil {
		defer r.close(hangUp)
	}
	defer r.endWriter() // before the group is left: nobody has to wait then
	if err != nil {
		return err
	}
	if r.own != nil {
		relay.Go(func() { r.readAlone(polling) })
	} else {
		relay.Go(func() { r.seek(polling) })
	}
	relay.Go(func() { r.followEnds(polling) })
	defer r.endTransactions()()
	s.current.Store(r)
	defer s.current.Store(nil)
	r.poll(polling)
	if err = r.verdict(context.Cause(polling)); ctx.Err() != nil {
		return err
	}
	left := r.leave()
	if err != nil && r.writerFailed() { // which is all that leave could say
		return err
	}
	return errors.Join(err, left)
}

// verdict is what is left of the reason to end a session.
func (r *session) verdict(cause error) error {
	switch {
	case r.ctx.Err() != nil:
		return r.ctx.Err()
	case errors.Is(cause, errDrain), errors.Is(cause, errAtEnd):
		return nil
	}
	return cause
}

// boundedCheck is how often a bounded run looks at what the group has
// committed; other members' commits come with no event to wait for.
const boundedCheck = 200 * time.Millisecond

// seekEvery is how often a missing topic is looked for, only to tell of it.
const seekEvery = time.Minute

// seek tells of topics that do not exist: the client waits for them without a
// word. A bounded run has nothing to wait for and ends.
func (r *session) seek(ctx context.Context) {
	if r.cfg.Regex {
		return
	}
	for ctx.Err() == nil {
		missing := missingTopics(ctx, r.client, r.cfg.Topics)
		if len(missing) == 0 {
			return
		}
		if r.bounds != nil {
			r.stop(fmt.Errorf("topic %s does not exist (create it, for instance by weir topics apply, or mend the name)", strings.Join(missing, ", ")))
			return
		}
		r.cfg.Log.Warn("a topic to read does not exist; it is waited for", zap.Strings("topics", missing),
			zap.String("remedy", "create it, for instance by weir topics apply, or mend the name"))
		select {
		case <-ctx.Done():
		case <-time.After(seekEvery):
		}
	}
}

// poll is the one goroutine that takes records from the client, until ctx ends.
func (r *session) poll(ctx context.Context) {
	most := int(r.cfg.Options.Int("max_poll_records"))
	for {
		records, bytes := r.credit.await(ctx)
		if records > 0 && r.cfg.Quota != nil {
			records = min(records, r.cfg.Quota.Await(ctx))
		}
		if records == 0 {
			return
		}
		r.pollOnce(ctx, min(records, r.credit.fit(bytes, r.waiting()), most))
		if r.bounds != nil {
			r.checkEnd(ctx)
		}
	}
}

// waiting is the size of the records that the client has for a poll, on average.
func (r *session) waiting() int {
	return int(r.client.BufferedFetchBytes() / max(r.client.BufferedFetchRecords(), 1))
}

// pollOnce waits for records and hands them on. A bounded run waits for a moment
// only.
func (r *session) pollOnce(ctx context.Context, most int) {
	if r.bounds != nil {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, boundedCheck)
		defer cancel()
	}
	polling, end, ok := r.pause.begin(ctx)
	if !ok {
		return
	}
	defer end()
	fetches := r.client.PollRecords(polling, most)
	if r.cfg.Quota != nil {
		r.cfg.Quota.Took(amount(fetches))
	}
	r.dispatch(fetches)
	r.client.AllowRebalance()
}

// amount is how much was fetched: keys, values and headers.
func amount(fetches kgo.Fetches) (records, bytes int) {
	fetches.EachRecord(func(r *kgo.Record) {
		records++
		bytes += len(r.Key) + len(r.Value)
		for i := range r.Headers {
			bytes += len(r.Headers[i].Key) + len(r.Headers[i].Value)
		}
	})
	return records, bytes
}

// dispatch hands each partition's records to its lane.
func (r *session) dispatch(fetches kgo.Fetches) {
	fetches.EachError(func(topic string, number int32, err error) {
		switch {
		case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded), errors.Is(err, kgo.ErrClientClosed):
		case r.oversized(err):
		case recreatedTopic(err):
			r.replaced(topic, describeFetch(r.cfg.Options, topic, number, err))
		case fatalFetch(err) && !(damaged(err) && r.fetchedAgain(topic, number)):
			r.stop(describeFetch(r.cfg.Options, topic, number, err))
		default:
			r.errors.Add(1)
			log := r.cfg.Log
			if topic != "" { // else it is the group's
				log = log.With(zap.String("topic", topic), zap.Int32("partition", number))
			}
			log.Warn("reading goes on after an error", zap.Error(err))
		}
	})
	r.mu.Lock()
	defer r.mu.Unlock()
	fetches.EachPartition(func(f kgo.FetchTopicPartition) {
		if len(f.Records) == 0 {
			return
		}
		p := r.partitions[event.Partition{Topic: f.Topic, Number: f.Partition}]
		if p == nil {
			return // taken away; its new owner reads the records
		}
		if p.ended {
			return
		}
		p.damaged = 0
		from := p.next
		r.skipped(p, &f)
		first := f.Records[0].Offset
		polled := newPolled(p.name, f.Records, p.end)
		if p.end >= 0 && p.next >= p.end {
			r.atEnd(p, from, polled)
		}
		if polled.last.Next > 0 {
			p.feedPassed()
			p.feed(polled, first, readable(r.cfg.Options, &f))
		}
	})
}

// checkEnd ends a bounded run once the group has committed all of it.
func (r *session) checkEnd(ctx context.Context) {
	if records, _ := r.credit.held(); records > 0 || ctx.Err() != nil {
		return
	}
	if err := r.commit(ctx, r.client); err != nil && ctx.Err() == nil {
		r.commitFailed(err)
		return
	}
	switch done, err := r.bounds.done(ctx, r.client); {
	case ctx.Err() != nil:
	case err != nil:
		r.stop(err)
	case done:
		r.stop(errAtEnd)
	}
}

// assigned opens lanes. It runs in the client's goroutine, never during a
// dispatch, or before a source without membership reads anything.
func (r *session) assigned(ctx context.Context, client *kgo.Client, topics map[string][]int32) {
	r.rebalances.Add(1)
	r.count(ctx, client)
	if r.bounds != nil {
		if err := r.bounds.load(ctx, client); err != nil {
			r.stop(err)
			return
		}
		client.ResumeFetchPartitions(topics) // which may have been at their ends here before
	}
	r.in.Ready()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ending {
		return
	}
	if r.writer != nil {
		r.writer.joined(client, len(r.partitions) > 0)
	}
	for topic, numbers := range topics {
		for _, number := range numbers {
			name := &event.Partition{Topic: topic, Number: number}
			p := &partition{name: name, credit: r.credit, mark: r.marker(client), end: -1, next: -1, progress: newProgress()}
			if r.bounds != nil {
				p.begin, p.end = r.bounds.begin(name), r.bounds.end(name)
			}
			p.lane = r.in.Open(r.lanes, name, p)
			r.partitions[*name] = p
		}
	}
	r.cfg.Log.Info("partitions assigned", zap.Any("partitions", topics))
}

// revoked gives partitions back in good order: what has started is drained
// while the group waits, then committed.
func (r *session) revoked(ctx context.Context, client *kgo.Client, topics map[string][]int32) {
	r.rebalances.Add(1)
	parts := r.take(topics)
	if len(parts) == 0 || r.ctx.Err() != nil {
		return
	}
	r.cfg.Log.Info("partitions revoked", zap.Any("partitions", topics))
	within := r.cfg.Options.Duration("max_poll_interval_ms") / 2
	if err := r.release(ctx, client, parts, within); err != nil {
		r.cfg.Log.Warn("partitions were given back before all their events were done; the new owner reads those again", zap.Error(err))
	}
}

// lost drops partitions that already belong to somebody else: a commit for
// them would fail.
func (r *session) lost(_ context.Context, _ *kgo.Client, topics map[string][]int32) {
	r.rebalances.Add(1)
	parts := r.take(topics)
	for _, p := range parts {
		p.revoke()
	}
	gone, cancel := context.WithCancel(r.ctx)
	cancel()
	_ = r.in.Drain(gone, lanesOf(parts)) // closes the lanes; there is nothing to wait for
	if len(parts) > 0 {
		if r.writer != nil {
			r.writer.fail(errPartitionsLost)
		}
		r.cfg.Log.Warn("partitions lost; events in flight are read again by their new owner", zap.Any("partitions", topics))
	}
}
