package host

import (
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/weirhq/weir/host/event"
	"github.com/weirhq/weir/host/kafka"
	"github.com/weirhq/weir/host/pipeline"
	"github.com/weirhq/weir/host/plugin"
	"github.com/weirhq/weir/host/telemetry"
)

// Samples reads every pipeline for telemetry.
func (h *Host) Samples() []telemetry.Sample {
	members := h.list()
	samples := make([]telemetry.Sample, len(members))
	for i, m := range members {
		samples[i] = m.sample()
	}
	return samples
}

func (m *member) sample() telemetry.Sample {
	stats := m.pipeline.Stats()
	s := telemetry.Sample{
		Pipeline:  m.name,
		State:     m.state(),
		Consumed:  stats.Consumed,
		Delivered: stats.Delivered,
		Abandoned: stats.Abandoned,
		InFlight:  int64(stats.InFlight),
		Batches:   stats.Batches,

		Processing: histogram(stats.Processing.Count, stats.Processing.Spent, stats.Processing.Within),
		Latency:    histogram(stats.Latency.Count, stats.Latency.Spent, stats.Latency.Within),
		SinkWaited: m.sink.Waited().Seconds(),
	}
	for _, source := range m.sources {
		s.Rebalances += source.Rebalances()
		s.SourceErrors += source.Errors()
		s.SkippedOffsets += source.Skipped()
		addLoads(&s, source)
	}
	made := m.made.Load()
	for i, step := range stats.Steps {
		p := telemetry.ProcessorSample{Name: step.Name, Dropped: step.Dropped, Filtered: step.Filtered, Retried: step.Retried}
		for _, class := range event.Classes {
			p.Failures = append(p.Failures, telemetry.FailureSample{
				Class: string(class), Failed: step.Failed[class], DeadLettered: step.DeadLettered[class],
			})
		}
		if i < len(stats.Steps)-1 {
			p.Timed, p.Seconds = true, step.Spent.Seconds()
		}
		if own := made.find(step.Name); own != nil {
			own.sample(&p)
		}
		s.Processors = append(s.Processors, p)
	}
	if m.transactions != nil {
		s.Transactions = transactionsSample(m.transactions.Stats())
	}
	for topic, n := range m.sink.Produced() {
		s.Topics = append(s.Topics, telemetry.TopicSample{Topic: topic, Produced: n})
	}
	return s
}

// addLoads adds what a source holds and how far it is behind.
func addLoads(s *telemetry.Sample, source *kafka.Source) {
	s.SourceWaited += source.Waited().Seconds()
	records, bytes := source.InFlight()
	s.Held.Records += records
	s.Held.Bytes += bytes
	records, bytes = source.Buffered()
	s.Ahead.Records += records
	s.Ahead.Bytes += bytes
	records, bytes = source.Limits()
	s.Limit.Records += records
	s.Limit.Bytes += bytes
	for _, l := range source.Lags() {
		s.Lags = append(s.Lags, telemetry.LagSample{Topic: l.Topic, Partition: l.Number, Records: l.Records, Seconds: l.Age.Seconds()})
	}
}

// account says what became of the pipeline's events, for the log at its end.
func (m *member) account() []zap.Field {
	stats := m.pipeline.Stats()
	totals := stats.Totals()
	return []zap.Field{
		zap.String("pipeline", m.name),
		zap.Uint64("consumed", stats.Consumed), zap.Uint64("delivered", stats.Delivered),
		zap.Uint64("dropped", totals.Dropped), zap.Uint64("filtered", totals.Filtered),
		zap.Uint64("dead_lettered", totals.DeadLettered), zap.Uint64("abandoned", stats.Abandoned),
	}
}

func transactionsSample(t kafka.TransactionStats) *telemetry.TransactionsSample {
	return &telemetry.TransactionsSample{Committed: t.Committed, Aborted: t.Aborted, Duration: histogram(t.Committed, t.Spent, t.Within)}
}

func histogram(count uint64, spent time.Duration, within map[time.Duration]uint64) telemetry.Histogram {
	h := telemetry.Histogram{Count: count, Sum: spent.Seconds(), Buckets: make(map[float64]uint64, len(within))}
	for bound, n := range within {
		h.Buckets[bound.Seconds()] = n
	}
	return h
}

// sample adds what the part counts itself.
func (own *part) sample(p *telemetry.ProcessorSample) {
	if own.module != nil {
		p.Module = true
		p.Instances = own.module.Instances.Load()
		p.Fuel = own.module.Fuel.Load()
		p.Recycled = own.module.Recycled.Load()
		p.Traps = []telemetry.TrapSample{
			{Cause: "trap", Count: own.module.Traps.Load()},
			{Cause: "abi", Count: own.module.Violations.Load()},
			{Cause: "fuel", Count: own.module.Exhausted.Load()},
			{Cause: "timeout", Count: own.module.Overdue.Load()},
		}
		p.Guest = guestSamples(&own.module.Metrics)
	}
	if own.slot != nil {
		p.Digest = "sha256:" + own.slot.module.Load().Digest()
		p.Reloads, p.RefusedReloads = own.slot.record.replaced.Load(), own.slot.record.refused.Load()
		if own.slot.beside != nil {
			p.Shadow = own.slot.beside.sample()
		}
	}
	if own.lookups != nil {
		p.Lookups = []telemetry.LookupSample{
			{Result: "hit", Count: own.lookups.Hits.Load()},
			{Result: "miss", Count: own.lookups.Misses.Load()},
			{Result: "error", Count: own.lookups.Errors.Load()},
		}
	}
	if own.filter != nil {
		for _, r := range own.filter.Matches() {
			p.Rules = append(p.Rules, telemetry.RuleSample(r))
		}
	}
}

func guestSamples(metrics *plugin.Metrics) []telemetry.GuestSample {
	var samples []telemetry.GuestSample
	for _, m := range metrics.Read() {
		s := telemetry.GuestSample{Name: m.Name, Counter: m.IsCounter(), Value: m.Value}
		if m.Buckets != nil {
			s.Histogram = &telemetry.Histogram{Count: m.Count, Sum: m.Value, Buckets: map[float64]uint64{}}
			for i, n := range m.Buckets {
				s.Histogram.Buckets[plugin.Bounds[i]] = n
			}
		}
		samples = append(samples, s)
	}
	return samples
}

// failureLog tells of failed events without drowning the log: for each
// processor and class the first one a second, with the number of those that
// were left out. Counters have them all.
type failureLog struct {
	log *zap.Logger

	mu   sync.Mutex
	last map[failureKind]*failureBurst
}

type failureKind struct {
	processor string
	class     event.Class
}

type failureBurst struct {
	at      time.Time
	leftOut int
}

func newFailureLog(log *zap.Logger) *failureLog {
	return &failureLog{log: log, last: map[failureKind]*failureBurst{}}
}

func (l *failureLog) report(r pipeline.Report) {
	l.mu.Lock()
	defer l.mu.Unlock()
	kind := failureKind{r.Processor, r.Failure.Class}
	burst := l.last[kind]
	if burst == nil {
		burst = new(failureBurst)
		l.last[kind] = burst
	}
	now := time.Now()
	if now.Sub(burst.at) < time.Second {
		burst.leftOut++
		return
	}
	l.log.Warn("event failed",
		zap.String("processor", r.Processor), zap.String("class", string(r.Failure.Class)),
		zap.String("on_error", string(r.Policy)), zap.String("message", r.Failure.Message),
		zap.String("topic", r.From.Topic), zap.Int32("partition", r.From.Number), zap.Int64("offset", r.Offset),
		zap.Int("left_out_since_last", burst.leftOut))
	*burst = failureBurst{at: now}
}
