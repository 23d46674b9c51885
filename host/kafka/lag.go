package kafka

import (
	"context"
	"maps"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.uber.org/zap"

	"github.com/weirhq/weir/host/event"
)

// Lag is how far a source is behind in a partition that it owns.
type Lag struct {
	event.Partition
	// Records that have not ended, by offsets.
	Records int64
	// Age of the oldest of them, by its timestamp. One that was not read yet is
	// as old as the record before it, or as it has been known to be there.
	Age time.Duration
}

// Lags is how far the source is behind now, in each partition that it owns and
// of which that is known. It asks nobody.
func (s *Source) Lags() []Lag {
	r := s.current.Load()
	if r == nil {
		return nil
	}
	owned, now := r.owned(), time.Now()
	lags := make([]Lag, 0, len(owned))
	for name, p := range owned {
		p.mu.Lock()
		records, age, ok := p.progress.lag(now)
		p.mu.Unlock()
		if ok {
			lags = append(lags, Lag{name, records, age})
		}
	}
	return lags
}

// owned copies what is owned now: the lock of a session is no place to wait for
// that of an account.
func (r *session) owned() map[event.Partition]*partition {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.partitions)
}

// InFlight is what the source holds that has not ended, or that ended behind
// something that has not.
func (s *Source) InFlight() (records, bytes int) {
	if r := s.current.Load(); r != nil {
		return r.credit.held()
	}
	return 0, 0
}

// Buffered is what the client has fetched ahead for the next polls: at most one
// answer of each broker, decompressed.
func (s *Source) Buffered() (records, bytes int) {
	if r := s.current.Load(); r != nil {
		return int(r.client.BufferedFetchRecords()), int(r.client.BufferedFetchBytes())
	}
	return 0, 0
}

// Limits bound what InFlight tells: the source reads on only below both.
func (s *Source) Limits() (records, bytes int) {
	return int(s.cfg.Options.Int("max_in_flight_records")), int(s.cfg.Options.Int("max_in_flight_bytes"))
}

const (
	// endsEvery is how often ends of logs are asked for that no fetch tells: of
	// partitions without news, and while nothing is read.
	endsEvery = 10 * time.Second
	// endsFresh is how long the news of a fetch makes asking needless.
	endsFresh = 5 * time.Second
	// endsFirst leaves the first fetches of new partitions the time to tell.
	endsFirst = time.Second
)

// followEnds learns of records that are not read, until ctx ends.
func (r *session) followEnds(ctx context.Context) {
	next := time.NewTimer(endsFirst)
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.placed:
			next.Reset(endsFirst)
			continue
		case <-next.C:
		}
		r.tellPassed()
		r.askEnds(ctx)
		next.Reset(endsEvery)
	}
}

// begins notes where partitions are read from, as far as that is known.
func (r *session) begins(offsets map[string]map[int32]kgo.Offset) {
	owned := r.owned()
	for topic, partitions := range offsets {
		for number, o := range partitions {
			if p := owned[event.Partition{Topic: topic, Number: number}]; p != nil {
				p.mu.Lock()
				p.progress.begin(o.EpochOffset().Offset)
				p.mu.Unlock()
			}
		}
	}
	select {
	case r.placed <- struct{}{}:
	default:
	}
}

// askEnds asks for the ends of the logs of which there was no news lately, and
// for the starts of those that are read from there and have given nothing yet.
func (r *session) askEnds(ctx context.Context) {
	stale, unread := map[event.Partition]*partition{}, map[event.Partition]*partition{}
	for name, p := range r.owned() {
		p.mu.Lock()
		if time.Since(p.progress.told) >= endsFresh {
			stale[name] = p
			if p.progress.done == atStart {
				unread[name] = p
			}
		}
		p.mu.Unlock()
	}
	starts := r.listOffsets(ctx, unread, atStart)
	ends := r.listOffsets(ctx, stale, atEnd)
	now := time.Now()
	for name, end := range ends {
		start, ok := starts[name]
		if !ok {
			start = unknown
		}
		p := stale[name]
		p.mu.Lock()
		p.progress.learn(start, end, now)
		p.mu.Unlock()
	}
}

// listOffsets asks for the starts or ends of logs. What a broker does not tell
// is missing.
func (r *session) listOffsets(ctx context.Context, of map[event.Partition]*partition, place int64) map[event.Partition]int64 {
	if len(of) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, endsEvery)
	defer cancel()
	resp, err := listRequest(r.cfg.Options, of, place).RequestWith(ctx, r.client)
	if err != nil && ctx.Err() == nil {
		r.cfg.Log.Debug("lag: some ends of logs are not known anew", zap.Error(err))
	}
	if resp == nil {
		return nil
	}
	offsets := map[event.Partition]int64{}
	for _, t := range resp.Topics {
		for _, p := range t.Partitions {
			name := event.Partition{Topic: t.Topic, Number: p.Partition}
			if _, asked := of[name]; asked && p.ErrorCode == 0 && p.Offset >= 0 {
				offsets[name] = p.Offset
			}
		}
	}
	return offsets
}

// listRequest asks for what a reader with the options may have: without the
// records of open transactions where it reads committed ones.
func listRequest(o *Options, of map[event.Partition]*partition, place int64) *kmsg.ListOffsetsRequest {
	req := kmsg.NewPtrListOffsetsRequest()
	req.ReplicaID = -1
	if o.readCommitted() {
		req.IsolationLevel = 1
	}
	topics := map[string][]kmsg.ListOffsetsRequestTopicPartition{}
	for name := range of {
		p := kmsg.NewListOffsetsRequestTopicPartition()
		p.Partition, p.Timestamp = name.Number, place
		topics[name.Topic] = append(topics[name.Topic], p)
	}
	for topic, partitions := range topics {
		t := kmsg.NewListOffsetsRequestTopic()
		t.Topic, t.Partitions = topic, partitions
		req.Topics = append(req.Topics, t)
	}
	return req
}

// readable is how far a fetch has seen the log, for a reader with the options.
func readable(o *Options, f *kgo.FetchTopicPartition) int64 {
	if f.LastStableOffset >= 0 && o.readCommitted() {
		return f.LastStableOffset
	}
	return f.HighWatermark
}

func (o *Options) readCommitted() bool { return o.String("isolation.level") != "read_uncommitted" }
