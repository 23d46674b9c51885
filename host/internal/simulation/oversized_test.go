package simulation

import (
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/weirhq/weir/host/verify"
)

// bomb writes a batch to an input partition that takes 4 MiB decompressed and next
// to nothing on its way.
func (s *stage) bomb(partition int32) {
	s.Helper()
	client, err := s.client(kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerBatchCompression(kgo.GzipCompression()), kgo.ProducerBatchMaxBytes(8<<20))
	if err != nil {
		s.Fatal(err)
	}
	defer client.Close()
	if err := client.ProduceSync(s.ctx, &kgo.Record{Topic: inputTopic, Partition: partition, Value: make([]byte, 4<<20)}).FirstErr(); err != nil {
		s.Fatal(err)
	}
}

// writeTo produces n inputs of a partition.
func (s *stage) writeTo(partition int32, n int) {
	s.Helper()
	for range n {
		o := verify.Origin{Partition: partition, Seq: s.load.next[partition]}
		s.load.next[partition]++
		if err := s.load.client.ProduceSync(s.ctx, &kgo.Record{Topic: inputTopic, Partition: partition, Value: verify.Value(runName, o, 50)}).FirstErr(); err != nil {
			s.Fatal(err)
		}
	}
}

// oversizedWorld has two partitions and takes batches of 1 MiB.
func oversizedWorld(policy string) World {
	w := quiet()
	w.Options = []string{"source.max_decompressed_batch_bytes=1MiB"}
	if policy != "" {
		w.Options = append(w.Options, "source.on_oversized_batch="+policy)
	}
	return w
}

// TestOversizedBatchStops: by default the pipeline stops, with all before it
// committed, and says what helps.
func TestOversizedBatchStops(t *testing.T) {
	bothWays(t, oversizedWorld(""), func(s *stage) {
		s.writeTo(0, 30)
		s.bomb(0)
		s.writeTo(0, 5)
		s.writeTo(1, 20)
		m := s.start()
		s.fails(m, time.Minute, "topic in partition 0", "offsets 30 to 30", "1MiB decompressed", "on_oversized_batch")
		if got := s.committed(0); got > 30 {
			s.Errorf("committed %d, past the batch", got)
		}
	})
}

// TestOversizedBatchHolds: the partition stays at the batch, the other one goes on.
func TestOversizedBatchHolds(t *testing.T) {
	bothWays(t, oversizedWorld("hold"), func(s *stage) {
		m := s.start()
		s.writeTo(0, 30)
		s.bomb(0)
		s.writeTo(0, 5)
		s.writeTo(1, 20)
		s.consumed(m, 50)
		s.writeTo(1, 20)
		s.consumed(m, 70)
		if a, b, errors := s.committed(0), s.committed(1), m.source.Errors(); a != 30 || b != 40 || errors != 1 {
			s.Errorf("committed %d and %d after %d errors, want 30, 40 and 1", a, b, errors)
		}
		m.leave()
		if err := s.ended(m, time.Minute); err != nil {
			s.Error(err)
		}
	})
}

// TestOversizedBatchSkipped: batches are passed over, wherever they are: first of
// all, in the middle, in a row, and last of all. Nothing else comes twice.
func TestOversizedBatchSkipped(t *testing.T) {
	for _, exactly := range []bool{false, true} {
		name, w := "at least once", oversizedWorld("skip")
		if exactly {
			name, w.ExactlyOnce, w.Interval, w.Timeout = "exactly once", true, 200*time.Millisecond, time.Minute
		}
		script := func(s *stage) {
			s.bomb(0)
			s.writeTo(0, 30)
			s.bomb(0)
			s.bomb(0)
			m := s.start()
			s.consumed(m, 30)
			s.writeTo(1, 20)
			s.writeTo(0, 30)
			s.bomb(0)
			s.consumed(m, 80)
			if a, b, skipped := s.committed(0), s.committed(1), m.source.Skipped(); a != 64 || b != 20 || skipped != 4 {
				s.Errorf("committed %d and %d, skipped %d; want 64, 20 and 4", a, b, skipped)
			}
			m.leave()
			if err := s.ended(m, time.Minute); err != nil {
				s.Error(err)
			}
		}
		t.Run(name, func(t *testing.T) {
			if exactly {
				aside(t, w, script)
				return
			}
			bothWays(t, w, script)
		})
	}
}
