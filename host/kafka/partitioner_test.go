package kafka

import (
	"hash/crc32"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
)

// TestHashes has the vectors that librdkafka publishes for its hashes.
func TestHashes(t *testing.T) {
	tests := []struct {
		name string
		hash func([]byte) uint32
		key  string
		want uint32
	}{
		{"murmur2", murmur2, "kafka", 0xd067cf64},
		{"murmur2", murmur2, "giberish123456789", 0x8f552b0c},
		{"murmur2", murmur2, "1234", 0x9fc97b14},
		{"murmur2", murmur2, "234", 0xe7c009ca},
		{"murmur2", murmur2, "34", 0x873930da},
		{"murmur2", murmur2, "4", 0x5a4b5ca1},
		{"murmur2", murmur2, "", 0x106e08d9},
		{"fnv1a", absoluteFNV1a, "kafka", 0x0d33c4e1},
		{"fnv1a", absoluteFNV1a, "giberish123456789", 0x77a58295},
		{"fnv1a", absoluteFNV1a, "1234", 0x100000000 - 0xfdc422fd},
		{"fnv1a", absoluteFNV1a, "", 0x7ee3623b},
		{"crc32", crc32.ChecksumIEEE, "123456789", 0xcbf43926},
	}
	for _, test := range tests {
		if got := test.hash([]byte(test.key)); got != test.want {
			t.Errorf("%s(%q) = %#08x, want %#08x", test.name, test.key, got, test.want)
		}
	}
}

func TestPartitioners(t *testing.T) {
	tests := []struct {
		name             string
		kafka, empty, no uint32 // the hash that places the key "kafka", an empty key and none
		stickEmpty       bool
		stickNo          bool
	}{
		{name: "consistent_random", kafka: crc32.ChecksumIEEE([]byte("kafka")), stickEmpty: true, stickNo: true},
		{name: "consistent", kafka: crc32.ChecksumIEEE([]byte("kafka"))},
		{name: "murmur2_random", kafka: 0x5067cf64, empty: 0x106e08d9, stickNo: true},
		{name: "murmur2", kafka: 0x5067cf64, empty: 0x106e08d9, no: 0x106e08d9},
		{name: "fnv1a_random", kafka: 0x0d33c4e1, empty: 0x7ee3623b, stickNo: true},
		{name: "fnv1a", kafka: 0x0d33c4e1, empty: 0x7ee3623b, no: 0x7ee3623b},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for _, n := range []int{1, 7, 12, 100} {
				check := func(key []byte, hash uint32, sticks bool) {
					p := newPartitioner(test.name).ForTopic("topic")
					r := &kgo.Record{Key: key}
					if p.RequiresConsistency(r) == sticks {
						t.Errorf("key %q: must the partition be consistent? got %t", key, !sticks)
					}
					got := p.Partition(r, n)
					if sticks {
						if again := p.Partition(r, n); again != got || got < 0 || got >= n {
							t.Errorf("key %q does not stick: %d, then %d", key, got, again)
						}
						return
					}
					if want := int(hash % uint32(n)); got != want {
						t.Errorf("key %q of %d partitions: got %d, want %d", key, n, got, want)
					}
				}
				check([]byte("kafka"), test.kafka, false)
				check([]byte{}, test.empty, test.stickEmpty)
				check(nil, test.no, test.stickNo)
			}
		})
	}
	t.Run("random", func(t *testing.T) {
		p := newPartitioner("random").ForTopic("topic")
		seen := map[int]bool{}
		for range 200 {
			seen[p.Partition(&kgo.Record{Key: []byte("kafka")}, 4)] = true
			p.(kgo.TopicPartitionerOnNewBatch).OnNewBatch()
		}
		if len(seen) != 4 {
			t.Errorf("one key reached %d of 4 partitions over 200 batches, want all", len(seen))
		}
	})
}
