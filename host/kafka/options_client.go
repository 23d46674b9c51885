package kafka

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

func seedOpts(o *Options) ([]kgo.Opt, error) {
	seeds := o.List("bootstrap.servers")
	if len(seeds) == 0 {
		return nil, nil
	}
	clean := make([]string, len(seeds))
	for i, seed := range seeds {
		if _, rest, ok := strings.Cut(seed, "://"); ok {
			seed = rest
		}
		host, port := seed, "9092"
		if h, p, err := net.SplitHostPort(seed); err == nil {
			host, port = h, p
		}
		if _, err := strconv.ParseUint(port, 10, 16); err != nil || host == "" || strings.ContainsAny(host, "/@") {
			return nil, fmt.Errorf("%q is not host or host:port", seeds[i])
		}
		clean[i] = seed
	}
	return []kgo.Opt{kgo.SeedBrokers(clean...)}, nil
}

// metadataOpts is both ages of the metadata: the older may not be below the
// younger.
func metadataOpts(o *Options) ([]kgo.Opt, error) {
	const most = time.Hour
	age := o.Duration("topic.metadata.refresh.interval.ms")
	if !o.Set("topic.metadata.refresh.interval.ms") && o.Set("metadata.max.age.ms") {
		age = o.Duration("metadata.max.age.ms")
	}
	if age < 0 {
		age = most
	}
	if o.role == Consumer {
		if refresh := o.Duration("refresh_topics"); refresh > 0 {
			age = min(age, refresh)
		}
	}
	least := o.Duration("topic.metadata.refresh.fast.interval.ms")
	return []kgo.Opt{kgo.MetadataMinAge(least), kgo.MetadataMaxAge(max(age, least))}, nil
}

func backoffOpts(o *Options) ([]kgo.Opt, error) {
	first := min(o.Duration("reconnect.backoff.ms"), o.Duration("retry.backoff.ms"))
	most := max(o.Duration("reconnect.backoff.max.ms"), o.Duration("retry.backoff.max.ms"))
	return []kgo.Opt{kgo.RetryBackoffFn(func(tries int) time.Duration { return backoff(first, most, tries) })}, nil
}

// backoff doubles from first up to most and spreads clients by a fifth to
// either side.
func backoff(first, most time.Duration, tries int) time.Duration {
	pause := most
	if shift := max(tries-1, 0); shift < 32 && first<<shift < most {
		pause = first << shift
	}
	return time.Duration(float64(pause) * (0.8 + 0.4*rand.Float64()))
}

// offsetOpts sets the start and the reset, which are two options of the client.
// After a broker lost data, earliest rewinds a minute instead of reading
// everything again.
func offsetOpts(o *Options) ([]kgo.Opt, error) {
	start, reset := kgo.NewOffset().AtStart(), kgo.RewindOffset(time.Minute)
	switch o.String("auto.offset.reset") {
	case "latest":
		start, reset = kgo.NewOffset().AtEnd(), kgo.NewOffset().AtEnd()
	case "error":
		start, reset = kgo.NewOffset().AtCommitted(), kgo.NoResetOffset()
	}
	return []kgo.Opt{kgo.ConsumeStartOffset(start), kgo.ConsumeResetOffset(reset)}, nil
}

func isolationOpts(o *Options) ([]kgo.Opt, error) {
	level := kgo.ReadCommitted()
	if o.String("isolation.level") == "read_uncommitted" {
		level = kgo.ReadUncommitted()
	}
	return []kgo.Opt{kgo.FetchIsolationLevel(level)}, nil
}

// fetchOpts keeps a record of the largest size readable.
func fetchOpts(o *Options) ([]kgo.Opt, error) {
	return []kgo.Opt{kgo.FetchMaxBytes(int32(o.fetchBytes()))}, nil
}

// fetchBytes is the most bytes of one answer to a fetch.
func (o *Options) fetchBytes() int64 {
	fetch := o.Int("fetch.max.bytes")
	if o.Set("queued.max.messages.kbytes") {
		fetch = min(fetch, o.Int("queued.max.messages.kbytes"))
	}
	return min(max(fetch, o.Int("message.max.bytes")), clientLimit)
}

func decompressedOpts(o *Options) ([]kgo.Opt, error) {
	return []kgo.Opt{kgo.MaxDecompressBatchBytes(int(o.Int("max_decompressed_batch_bytes")))}, nil
}

// readOpts believes answers of the size that is asked for.
func readOpts(o *Options) ([]kgo.Opt, error) {
	read := o.Int("receive.message.max.bytes")
	if o.role == Consumer {
		read = min(max(read, o.fetchBytes()+512), clientLimit)
		return []kgo.Opt{kgo.BrokerMaxReadBytes(int32(read))}, nil
	}
	// The client compares the two even where it fetches nothing.
	return []kgo.Opt{kgo.BrokerMaxReadBytes(int32(read)), kgo.FetchMaxBytes(int32(min(read, 50<<20)))}, nil
}

// acksOpts is acks, idempotence and what it allows in flight.
func acksOpts(o *Options) ([]kgo.Opt, error) {
	acks := map[string]kgo.Acks{"all": kgo.AllISRAcks(), "1": kgo.LeaderAck(), "0": kgo.NoAck()}[o.String("acks")]
	opts := []kgo.Opt{kgo.RequiredAcks(acks)}
	if o.idempotent() {
		return opts, nil
	}
	inFlight := max(o.Int("max.in.flight.requests.per.connection"), 1)
	return append(opts, kgo.DisableIdempotentWrite(), kgo.MaxProduceRequestsInflightPerBroker(int(inFlight))), nil
}

// idempotent is on unless it was switched off or cannot be.
func (o *Options) idempotent() bool {
	if o.Set("enable.idempotence") {
		return o.Bool("enable.idempotence")
	}
	return o.String("acks") == "all"
}

// batchOpts gives the client its one bound for batches and records.
func batchOpts(o *Options) ([]kgo.Opt, error) {
	batch := o.batchBytes()
	write := min(max(batch, 100<<20), clientLimit)
	return []kgo.Opt{kgo.ProducerBatchMaxBytes(int32(batch)), kgo.BrokerMaxWriteBytes(int32(write))}, nil
}

// batchBytes bounds a batch, and so the largest record.
func (o *Options) batchBytes() int64 { return max(o.Int("message.max.bytes"), o.Int("batch.size")) }

func compressionOpts(o *Options) ([]kgo.Opt, error) {
	codec, most := kgo.NoCompression(), int64(-1)
	switch o.String("compression.type") {
	case "gzip":
		codec, most = kgo.GzipCompression(), 9
	case "snappy":
		codec = kgo.SnappyCompression()
	case "lz4":
		codec, most = kgo.Lz4Compression(), 12
	case "zstd":
		codec, most = kgo.ZstdCompression(), 22
	}
	level := o.Int("compression.level")
	if level > most {
		return nil, optionError{"compression.level", fmt.Errorf("compression.type %s has no level %d", o.String("compression.type"), level)}
	}
	if level >= 0 {
		codec = codec.WithLevel(int(level))
	}
	return []kgo.Opt{kgo.ProducerBatchCompression(codec)}, nil
}

// maxBuffered is how many records may wait in the sink.
func (o *Options) maxBuffered() int64 {
	records := o.Int("queue.buffering.max.messages")
	if records == 0 {
		records = unlimited
	}
	if o.Set("watermark.high") {
		high := o.Int("watermark.high")
		if !o.Set("queue.buffering.max.messages") {
			return high
		}
		records = min(records, high)
	}
	return records
}

func bufferOpts(o *Options) ([]kgo.Opt, error) {
	return []kgo.Opt{
		kgo.MaxBufferedRecords(int(o.maxBuffered())),
		kgo.MaxBufferedBytes(int(o.Int("queue.buffering.max.kbytes"))),
	}, nil
}

func retryOpts(o *Options) ([]kgo.Opt, error) {
	if n := o.Int("retries"); n < unlimited {
		return []kgo.Opt{kgo.RecordRetries(int(n))}, nil
	}
	return nil, nil
}

// propagationOpts counts looks at the metadata, which is what the client can
// bound, instead of time.
func propagationOpts(o *Options) ([]kgo.Opt, error) {
	if !o.Set("topic.metadata.propagation.max.ms") {
		return nil, nil
	}
	wait, pause := o.Duration("topic.metadata.propagation.max.ms"), o.Duration("topic.metadata.refresh.fast.interval.ms")
	return []kgo.Opt{kgo.UnknownTopicRetries(int((wait + pause - 1) / pause))}, nil
}
