package campaign

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"slices"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/weirhq/weir/host/verify"
)

// mutantVariable names the mutant that a process of the test binary is.
const mutantVariable = "WEIR_VERIFY_MUTANT"

// gap is what a kill falls into.
const gap = 60 * time.Millisecond

// host is a small host that does what the pipeline of a campaign has to do, but
// for its mutation. It writes what it has read, then commits it.
type host struct {
	mutant string
	client *kgo.Client
	admin  *kadm.Client
	topic  map[string]string // by what the configuration says before it
	group  string
	next   kadm.Offsets
	read   int64
	// committed is when it last committed.
	committed time.Time
}

var setting = regexp.MustCompile(`(bootstrap_servers|topic|group_id|above|below|dead_letter): (?:\{topic: )?"?([^\s",}]+)`)

// runHost is "weir run" of a mutant.
func runHost(mutant string, args []string) error {
	text, err := os.ReadFile(args[slices.Index(args, "--config")+1])
	if err != nil {
		return err
	}
	h := &host{mutant: mutant, topic: make(map[string]string), next: make(kadm.Offsets), committed: time.Now()}
	for _, match := range setting.FindAllStringSubmatch(string(text), -1) {
		h.topic[match[1]] = match[2]
	}
	h.group = h.topic["group_id"]
	// The least of signals: the batch that was begun is ended.
	ctx, release := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer release()
	if err := h.open(); err != nil {
		return err
	}
	defer h.client.Close()
	for ctx.Err() == nil {
		fetches, err := h.poll(ctx)
		if err != nil {
			return err
		}
		if err := h.handle(fetches.Records()); err != nil {
			return err
		}
	}
	return h.end()
}

// poll reads a batch, an empty one when there is nothing for a moment.
func (h *host) poll(ctx context.Context) (kgo.Fetches, error) {
	ctx, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
	defer cancel()
	fetches := h.client.PollRecords(ctx, 50) // few, so that kills find some left
	if err := fetches.Err(); err != nil && ctx.Err() == nil {
		return nil, err
	}
	return fetches, nil
}

// open goes on where the group has committed.
func (h *host) open() error {
	plain, err := kgo.NewClient(kgo.SeedBrokers(h.topic["bootstrap_servers"]))
	if err != nil {
		return err
	}
	defer plain.Close()
	starts := make(map[int32]kgo.Offset)
	for p := range int32(partitions) {
		starts[p] = kgo.NewOffset().At(0)
	}
	if committed, err := kadm.NewClient(plain).FetchOffsets(context.Background(), h.group); err == nil {
		committed.Each(func(o kadm.OffsetResponse) { starts[o.Partition] = kgo.NewOffset().At(o.At) })
	}
	h.client, err = kgo.NewClient(kgo.SeedBrokers(h.topic["bootstrap_servers"]), kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{h.topic["topic"]: starts}), kgo.FetchMaxWait(50*time.Millisecond), kgo.ProducerLinger(0))
	if err != nil {
		return err
	}
	h.admin = kadm.NewClient(h.client)
	return nil
}

// handle writes the outputs of a batch and commits it.
func (h *host) handle(in []*kgo.Record) error {
	ctx := context.Background()
	h.read += int64(len(in))
	var out []*kgo.Record
	for _, r := range in {
		h.next.AddOffset(r.Topic, r.Partition, r.Offset+1, -1)
		out = append(out, h.outputs(r)...)
	}
	switch {
	case h.mutant == "writes in another order":
		slices.Reverse(out)
	case h.mutant == "ends by itself" && h.read > 500:
		return errors.New("on purpose")
	case h.mutant == "processes no more" && h.read > 500:
		return nil
	case h.mutant == "commits first":
		if err := h.commit(); err != nil {
			return err
		}
		time.Sleep(gap)
	}
	if err := h.client.ProduceSync(ctx, out...).FirstErr(); err != nil {
		return err
	}
	if h.mutant == "has no transactions" {
		time.Sleep(gap)
	}
	if h.mutant == "takes back what was read" && len(out) > 0 {
		last := out[len(out)-1]
		if _, err := h.admin.DeleteRecords(ctx, kadm.Offsets{last.Topic: {last.Partition: {Topic: last.Topic, Partition: last.Partition, At: last.Offset}}}); err != nil {
			return err
		}
	}
	if h.mutant == "stops without a commit" && time.Since(h.committed) < 500*time.Millisecond {
		return nil
	}
	return h.commit()
}

func (h *host) commit() error {
	h.committed = time.Now()
	return h.admin.CommitAllOffsets(context.Background(), h.group, h.next)
}

// outputs are those of one input.
func (h *host) outputs(r *kgo.Record) []*kgo.Record {
	out := &kgo.Record{Partition: r.Partition, Key: r.Key, Value: r.Value, Headers: r.Headers, Topic: h.topic["below"]}
	_, origin, err := verify.Parse(r.Value)
	if err == nil && verify.Weight(origin) > 10 && h.mutant != "routes wrongly" {
		out.Topic = h.topic["above"]
	}
	switch rare := r.Offset%250 == 10; {
	case err != nil:
		out.Topic = h.topic["dead_letter"]
		if h.mutant == "drops dead letters" {
			return nil
		}
		if h.mutant == "makes null empty" && out.Value == nil {
			out.Value = []byte{}
		}
	case rare && h.mutant == "drops":
		return nil
	case rare && h.mutant == "writes twice":
		again := *out
		return []*kgo.Record{out, &again}
	case rare && h.mutant == "changes values":
		out.Value = append(slices.Clone(out.Value), ' ')
	case rare && h.mutant == "drops keys":
		out.Key = nil
	case rare && h.mutant == "drops headers":
		out.Headers = nil
	}
	return []*kgo.Record{out}
}

// end says what a pipeline says at its end.
func (h *host) end() error {
	delivered := h.read
	if h.mutant == "miscounts" {
		delivered--
	}
	fmt.Fprintf(os.Stderr, `{"msg":"pipeline ended","consumed":%d,"delivered":%d}`+"\n", h.read, delivered)
	if h.mutant == "ends badly" {
		return errors.New("on purpose")
	}
	return nil
}
