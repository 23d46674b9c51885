package simulation

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/weirhq/weir/host/verify"
)

// loadID is the transactional id of a load that writes in transactions.
const loadID = "load"

// load writes the inputs of a run. What the brokers have of them is read back
// at the end: a write of unknown fate needs no guess.
type load struct {
	*Cluster
	random *rand.Rand
	client *kgo.Client
	next   []int64 // sequence number by partition
}

func (c *Cluster) newLoad() (*load, error) {
	l := &load{Cluster: c, random: rand.New(rand.NewPCG(c.world.Seed, 3)), next: make([]int64, c.world.Inputs)}
	opts := []kgo.Opt{kgo.RecordPartitioner(kgo.ManualPartitioner())}
	if c.world.Transactions {
		opts = append(opts, kgo.TransactionalID(loadID))
	}
	var err error
	l.client, err = c.client(opts...)
	return l, err
}

// records makes n inputs of random partitions, keys and sizes.
func (l *load) records(n int) []*kgo.Record {
	out := make([]*kgo.Record, n)
	for i := range out {
		p := l.random.IntN(len(l.next))
		o := verify.Origin{Partition: int32(p), Seq: l.next[p]}
		l.next[p]++
		out[i] = &kgo.Record{Topic: inputTopic, Partition: o.Partition, Value: verify.Value(runName, o, l.random.IntN(200))}
		if l.random.IntN(4) > 0 {
			out[i].Key = fmt.Appendf(nil, "key-%d", l.random.IntN(20))
		}
	}
	return out
}

// write produces n inputs, in transactions where the world says so.
func (l *load) write(ctx context.Context, n int) error {
	for n > 0 {
		count := min(n, 1+l.random.IntN(30))
		n -= count
		if !l.world.Transactions {
			if err := l.client.ProduceSync(ctx, l.records(count)...).FirstErr(); err != nil {
				return err
			}
			continue
		}
		if err := l.transaction(ctx, count, l.random.IntN(4) > 0); err != nil {
			return err
		}
	}
	return nil
}

// transaction writes n inputs and commits or aborts.
func (l *load) transaction(ctx context.Context, n int, keep bool) error {
	if err := l.client.BeginTransaction(); err != nil {
		return err
	}
	err := l.client.ProduceSync(ctx, l.records(n)...).FirstErr()
	commit := kgo.TransactionEndTry(err == nil && keep)
	if err != nil {
		l.history.add("load: a transaction failed: %v", err)
	}
	for tries := 0; ; tries++ {
		err := l.client.EndTransaction(ctx, commit)
		if err == nil || ctx.Err() != nil {
			return err
		}
		if tries == 5 {
			return fmt.Errorf("end transaction: %w", err)
		}
		l.history.add("load: the end of a transaction failed: %v", err)
		commit = kgo.TryAbort
		time.Sleep(100 * time.Millisecond)
	}
}

// trickle writes n inputs over about a time.
func (l *load) trickle(ctx context.Context, n int, over time.Duration) error {
	pause := over / time.Duration(max(n/20, 1))
	for n > 0 {
		count := min(n, 1+l.random.IntN(40))
		n -= count
		if err := l.write(ctx, count); err != nil {
			return fmt.Errorf("load: %w", err)
		}
		time.Sleep(pause)
	}
	return nil
}
