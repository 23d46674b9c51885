package kafka

import (
	"hash/crc32"
	"math/rand/v2"

	"github.com/twmb/franz-go/pkg/kgo"
)

// The partitioners place keys exactly as librdkafka's of the same names do.
var partitionerNames = []string{"consistent_random", "consistent", "murmur2_random", "murmur2", "fnv1a_random", "fnv1a", "random"}

// Partitioner is the one that the options name. It looks at the key only.
func (o *Options) Partitioner() kgo.Partitioner {
	p := newPartitioner(o.String("partitioner"))
	p.scatter = o.Duration("sticky.partitioning.linger.ms") == 0
	return p
}

func newPartitioner(name string) keyed {
	null := func(key []byte) bool { return key == nil }
	empty := func(key []byte) bool { return len(key) == 0 }
	never := func([]byte) bool { return false }
	switch name {
	case "consistent":
		return keyed{hash: crc32.ChecksumIEEE, keyless: never}
	case "murmur2_random":
		return keyed{hash: maskedMurmur2, keyless: null}
	case "murmur2":
		return keyed{hash: maskedMurmur2, keyless: never}
	case "fnv1a_random":
		return keyed{hash: absoluteFNV1a, keyless: null}
	case "fnv1a":
		return keyed{hash: absoluteFNV1a, keyless: never}
	case "random":
		return keyed{keyless: func([]byte) bool { return true }}
	}
	return keyed{hash: crc32.ChecksumIEEE, keyless: empty}
}

// keyed hashes keys; records without one stick to a partition for a batch, or
// with scatter go anywhere.
type keyed struct {
	hash    func(key []byte) uint32
	keyless func(key []byte) bool
	scatter bool
}

func (k keyed) ForTopic(topic string) kgo.TopicPartitioner {
	return &keyedTopic{keyed: k, sticky: kgo.StickyPartitioner().ForTopic(topic)}
}

type keyedTopic struct {
	keyed
	sticky kgo.TopicPartitioner
}

// RequiresConsistency says that a key's partition counts even when it is not
// writable now.
func (k *keyedTopic) RequiresConsistency(r *kgo.Record) bool { return !k.keyless(r.Key) }

func (k *keyedTopic) Partition(r *kgo.Record, n int) int {
	switch {
	case k.keyless(r.Key) && k.scatter:
		return rand.IntN(n)
	case k.keyless(r.Key):
		return k.sticky.Partition(r, n)
	}
	return int(k.hash(r.Key) % uint32(n))
}

// OnNewBatch lets keyless records move on.
func (k *keyedTopic) OnNewBatch() {
	if s, ok := k.sticky.(kgo.TopicPartitionerOnNewBatch); ok {
		s.OnNewBatch()
	}
}

// maskedMurmur2 is the hash of Java's clients.
func maskedMurmur2(key []byte) uint32 { return murmur2(key) & 0x7fffffff }

func murmur2(key []byte) uint32 {
	const (
		seed = 0x9747b28c
		m    = 0x5bd1e995
	)
	h := seed ^ uint32(len(key))
	for ; len(key) >= 4; key = key[4:] {
		k := (uint32(key[0]) | uint32(key[1])<<8 | uint32(key[2])<<16 | uint32(key[3])<<24) * m
		k = (k ^ k>>24) * m
		h = h*m ^ k
	}
	switch len(key) {
	case 3:
		h ^= uint32(key[2]) << 16
		fallthrough
	case 2:
		h ^= uint32(key[1]) << 8
		fallthrough
	case 1:
		h = (h ^ uint32(key[0])) * m
	}
	h = (h ^ h>>13) * m
	return h ^ h>>15
}

// absoluteFNV1a is FNV-1a read as a signed number, without its sign.
func absoluteFNV1a(key []byte) uint32 {
	h := uint32(2166136261)
	for _, c := range key {
		h = (h ^ uint32(c)) * 16777619
	}
	if int32(h) < 0 {
		return -h
	}
	return h
}
