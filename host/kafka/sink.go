package kafka

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/zap"

	"github.com/weirhq/weir/host/event"
)

type counter = atomic.Uint64

// SinkConfig is a sink as configured.
type SinkConfig struct {
	// Options are the effective producer options.
	Options *Options
	// Topic is the target of events for which no processor chose one.
	Topic string
	Log   *zap.Logger
	// Extra is added to the client's options; tests bring their network here.
	Extra []kgo.Opt
}

// Sink writes events asynchronously through one client. Order is kept for each
// source partition and target partition: the client is idempotent and never
// gives up a record in the middle, and after a write that failed nothing more is
// written, since it would stand before what failed once that is written again.
type Sink struct {
	cfg    SinkConfig
	reach  *reachHook
	client atomic.Pointer[kgo.Client]
	writes sync.Pool
	broken atomic.Pointer[error] // the first failure
	gate   *gate                 // nil without one
	waits  waits

	maxRecords, maxBytes int64        // that the client buffers
	handing              atomic.Int64 // records of writes that the client has not taken in full

	sizes      sizes
	partitions partitionCounts

	mu       sync.RWMutex
	produced map[string]*counter // by topic, records that the brokers have
}

// NewSink makes a sink. It starts nothing; Open does.
func NewSink(cfg SinkConfig) *Sink {
	s := &Sink{
		cfg: cfg, reach: newReachHook(cfg.Log), produced: map[string]*counter{}, sizes: sizesOf(cfg.Options),
		maxRecords: cfg.Options.maxBuffered(), maxBytes: cfg.Options.Int("queue.buffering.max.kbytes"),
	}
	s.gate = newGate(cfg.Options, &s.waits)
	return s
}

// Away says why no broker of the sink answers, or nothing while one does.
func (s *Sink) Away() string { return s.reach.away() }

// Open makes the sink's client, which connects when it first writes.
func (s *Sink) Open() error { return s.open() }

// open makes another client, which has more options, in place of one that was
// closed.
func (s *Sink) open(more ...kgo.Opt) error {
	opts, err := s.cfg.Options.ClientOpts()
	if err != nil {
		return err
	}
	opts = append(opts,
		kgo.RecordPartitioner(chosen{s.cfg.Options.Partitioner()}),
		// A broker that restarts accepts connections and hangs up at the first
		// request. The client would take that for a wrong set-up and fail what is
		// buffered; the log says so anyway, and the pipeline waits.
		kgo.AlwaysRetryEOF(),
		clientLog(s.cfg.Log, s.cfg.Options),
		kgo.WithHooks(s.reach),
	)
	client, err := kgo.NewClient(append(append(opts, more...), s.cfg.Extra...)...)
	if err != nil {
		return fmt.Errorf("kafka client: %w", err)
	}
	s.broken.Store(nil)
	s.client.Store(client)
	return nil
}

// write is the records of one batch until the last is acknowledged. Writes are
// pooled: the records and headers of one are the memory of the next.
type write struct {
	sink    *Sink
	records []kgo.Record
	headers []kgo.RecordHeader
	counts  []topicCount
	done    func(error)
	pending atomic.Int64
	failed  atomic.Pointer[error] // the first
	promise func(*kgo.Record, error)
}

type topicCount struct {
	topic   string
	counter *counter
	n       uint64
}

// Write implements pipeline.Sink.
func (s *Sink) Write(ctx context.Context, events []event.Event, done func(error)) {
	s.gate.enter(ctx, len(events))
	w := s.write()
	w.done = done
	w.fill(events, s.cfg.Topic)
	w.pending.Store(int64(len(events)))
	client := s.client.Load()
	// Of two that take the last room at once, neither sees the other in the client.
	handed := s.handing.Add(int64(len(events)))
	defer s.handing.Add(-int64(len(events)))
	if s.full(handed) {
		s.waits.begin()
		defer s.waits.end()
	}
	for i := range w.records {
		if broken := s.broken.Load(); broken != nil {
			w.fail(*broken)
			w.end()
			continue
		}
		client.Produce(ctx, &w.records[i], w.promise)
	}
}

func (s *Sink) write() *write {
	if w, ok := s.writes.Get().(*write); ok {
		return w
	}
	w := &write{sink: s}
	w.promise = w.acknowledged
	return w
}

// fill makes the records.
func (w *write) fill(events []event.Event, topic string) {
	if cap(w.records) < len(events) {
		w.records = make([]kgo.Record, len(events))
	}
	w.records = w.records[:len(events)]
	w.headers = w.headers[:0]
	for i := range events {
		e := &events[i]
		r := &w.records[i]
		r.Key, r.Value, r.Partition, r.Topic = e.Key, e.Value, e.Partition, topic
		if e.Topic != "" {
			r.Topic = e.Topic
		}
		if e.Stamped {
			r.Timestamp = time.UnixMilli(e.Timestamp)
		}
		if len(e.Headers) > 0 {
			r.Headers = w.convert(e.Headers)
		}
		w.count(r.Topic)
	}
}

// convert keeps all headers of a write in one array. When it grows, the slices
// given out before keep the old one.
func (w *write) convert(headers []event.Header) []kgo.RecordHeader {
	from := len(w.headers)
	for _, h := range headers {
		w.headers = append(w.headers, kgo.RecordHeader{Key: h.Name, Value: h.Value})
	}
	return w.headers[from:len(w.headers):len(w.headers)]
}

// count adds a record to its topic's count. A batch goes to few topics, mostly
// to the same few as the one before.
func (w *write) count(topic string) {
	for i := range w.counts {
		if w.counts[i].topic == topic {
			w.counts[i].n++
			return
		}
	}
	w.counts = append(w.counts, topicCount{topic, w.sink.counter(topic), 1})
}

// acknowledged is the promise of every record. The client calls promises one
// after the other, so it does next to nothing.
func (w *write) acknowledged(r *kgo.Record, err error) {
	if err != nil {
		w.fail(describeProduce(w.sink.cfg.Options, r.Topic, err))
	}
	w.end()
}

func (w *write) end() {
	if w.pending.Add(-1) == 0 {
		w.finish()
	}
}

// fail keeps the first error. It stands apart because taking an error's
// address moves it to the heap, which every acknowledgement would pay for.
func (w *write) fail(err error) {
	w.failed.CompareAndSwap(nil, &err)
	w.sink.broken.CompareAndSwap(nil, &err)
}

// maxCounts bounds the topics that a pooled write remembers.
const maxCounts = 64

func (w *write) finish() {
	var err error
	if failed := w.failed.Load(); failed != nil {
		err = *failed
	}
	for i := range w.counts {
		if err == nil {
			w.counts[i].counter.Add(w.counts[i].n)
		}
		w.counts[i].n = 0
	}
	if len(w.counts) > maxCounts {
		w.counts = nil
	}
	done := w.done
	w.sink.gate.leave(len(w.records))
	clear(w.records)
	clear(w.headers)
	w.done = nil
	w.failed.Store(nil)
	w.sink.writes.Put(w)
	done(err)
}

func (s *Sink) counter(topic string) *counter {
	s.mu.RLock()
	c := s.produced[topic]
	s.mu.RUnlock()
	if c != nil {
		return c
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if c = s.produced[topic]; c == nil {
		c = new(counter)
		s.produced[topic] = c
	}
	return c
}

// Produced gives the number of records that the brokers have acknowledged, by
// topic.
func (s *Sink) Produced() map[string]uint64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	counts := make(map[string]uint64, len(s.produced))
	for topic, c := range s.produced {
		counts[topic] = c.Load()
	}
	return counts
}

// Flush implements pipeline.Sink.
func (s *Sink) Flush(ctx context.Context) error { return s.client.Load().Flush(ctx) }

// Close ends the client. What is still buffered is given up; its writes are
// done with an error before Close returns.
func (s *Sink) Close() { s.client.Load().Close() }
