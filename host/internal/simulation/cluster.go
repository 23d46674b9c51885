package simulation

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"github.com/weirhq/weir/host/event"
)

const group = "weir"

// Cluster is the brokers of a world with everything that is observed in it.
type Cluster struct {
	*kfake.Cluster
	world   World
	network *network
	history *History
	alter   Mutation
	hostile atomic.Bool   // the nemesis is at work and hostile
	stuck   chan struct{} // while open, no processor comes back
	crowded bool          // all members run on one host, as far as their transactional ids go

	mu       sync.Mutex
	members  []*Member // all that ever ran, in order of their start
	commits  []commit
	sessions map[*event.Partition]*session
	admitted map[string]time.Time // when a member id was first heard
}

// commit is one partition of an OffsetCommit request at the moment when the
// brokers looked at it.
type commit struct {
	at        time.Time
	member    string
	partition int32
	offset    int64
	// current says that the member belongs to the group's generation; before
	// is what the group had committed, owner who else has the partition.
	current bool
	before  int64
	owner   string
	// ends are the ends of the output partitions.
	ends map[place]int64
}

// place is a partition of an output topic.
type place struct {
	topic     string
	partition int32
}

// session is one partition's time with one member.
type session struct {
	name      []byte
	member    *Member
	partition int32
	opened    time.Time
	begun     []begun
}

// begun is a record that entered the processors.
type begun struct {
	offset int64
	at     time.Time
}

func newCluster(w World, h *History, alter Mutation) (*Cluster, error) {
	c := &Cluster{
		world:    w,
		network:  newNetwork(rand.New(rand.NewPCG(w.Seed, 2))),
		history:  h,
		alter:    alter,
		sessions: map[*event.Partition]*session{},
		admitted: map[string]time.Time{},
	}
	ports := make([]int, w.Brokers)
	for i := range ports {
		ports[i] = 9092 + i
	}
	var err error
	opts := []kfake.Opt{
		kfake.Ports(ports...),
		kfake.ListenFn(c.network.Listen),
		kfake.GroupMinSessionTimeout(time.Second),
		kfake.SeedTopics(int32(w.Inputs), inputTopic),
		kfake.SeedTopics(int32(w.Outputs), heavyTopic, lightTopic),
		kfake.SeedTopics(1, deadTopic),
	}
	if w.Version != "" {
		opts = append(opts, kfake.MaxVersions(kversion.FromString(w.Version)))
	}
	c.Cluster, err = kfake.NewCluster(opts...)
	if err != nil {
		return nil, err
	}
	c.ControlKey(int16(kmsg.OffsetCommit), c.observeCommit)
	c.ControlKey(int16(kmsg.OffsetForLeaderEpoch), c.answerEpochs)
	return c, nil
}

// observeCommit notes a commit and lets it pass. The brokers do nothing else
// meanwhile, so what it reads is the state that the commit meets.
func (c *Cluster) observeCommit(r kmsg.Request) (kmsg.Response, error, bool) {
	req := r.(*kmsg.OffsetCommitRequest)
	if req.Group != group {
		return nil, nil, false
	}
	seen := commit{at: time.Now(), member: req.MemberID, ends: map[place]int64{}}
	for _, topic := range outputTopics {
		for _, p := range c.PartitionInfos(topic) {
			seen.ends[place{topic, p.Partition}] = p.HighWatermark
		}
	}
	info := c.GroupInfo(group)
	id := c.TopicInfo(inputTopic).TopicID
	for _, t := range req.Topics {
		if t.Topic != inputTopic && t.TopicID != id {
			continue
		}
		for _, p := range t.Partitions {
			one := seen
			one.partition, one.offset = p.Partition, p.Offset
			one.before = -1
			if info != nil {
				one.describe(info, req)
			}
			c.history.add("commit of %s: %d@%d (committed %d, current %v%s)", req.MemberID, p.Partition, p.Offset, one.before, one.current, one.owned())
			c.mu.Lock()
			c.commits = append(c.commits, one)
			c.mu.Unlock()
		}
	}
	return nil, nil, false
}

func (s *commit) describe(info *kfake.GroupInfo, req *kmsg.OffsetCommitRequest) {
	if old, ok := info.Commits[inputTopic][s.partition]; ok {
		s.before = old.Offset
	}
	s.current = req.MemberID == "" && len(info.Members) == 0 // of chosen partitions
	for _, m := range info.Members {
		if m.MemberID == req.MemberID {
			s.current = info.Epoch == req.Generation
			continue
		}
		for _, p := range m.Assignment[inputTopic] {
			if p == s.partition {
				s.owner = m.MemberID
			}
		}
	}
}

func (s *commit) owned() string {
	if s.owner == "" {
		return ""
	}
	return ", belongs to " + s.owner
}

// began notes the records of a batch that enters the processors.
func (c *Cluster) began(m *Member, in []event.Event) {
	if len(in) == 0 {
		return
	}
	now := time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	from := in[0].From
	s := c.sessions[from]
	if s == nil {
		s = &session{name: fmt.Appendf(nil, "%s/%d", m.name, len(c.sessions)), member: m, partition: from.Number, opened: now}
		c.sessions[from] = s
	}
	for i := range in {
		s.begun = append(s.begun, begun{in[i].Offset, now})
	}
}

// session names the session of a partition that has begun.
func (c *Cluster) session(from *event.Partition) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sessions[from].name
}

// client makes a client of the test itself, on a way that nobody hurts.
func (c *Cluster) client(opts ...kgo.Opt) (*kgo.Client, error) {
	l := c.network.link("test")
	l.delay(0, 100*time.Microsecond)
	return kgo.NewClient(append([]kgo.Opt{
		kgo.SeedBrokers(c.addresses()...),
		kgo.Dialer(l.dial),
		kgo.MetadataMinAge(250 * time.Millisecond),
		kgo.RetryBackoffFn(func(int) time.Duration { return 100 * time.Millisecond }),
	}, opts...)...)
}

func (c *Cluster) addresses() []string {
	out := make([]string, c.world.Brokers)
	for i := range out {
		out[i] = c.address(i)
	}
	return out
}

func (*Cluster) address(node int) string { return fmt.Sprintf("localhost:%d", 9092+node) }

// lag is how far the group is from the ends of the input.
func (c *Cluster) lag() int64 {
	var committed map[int32]kfake.GroupCommit
	if info := c.GroupInfo(group); info != nil {
		committed = info.Commits[inputTopic]
	}
	var lag int64
	for _, p := range c.PartitionInfos(inputTopic) {
		lag += p.HighWatermark - committed[p.Partition].Offset
	}
	return lag
}

// readAll reads topics from their beginning to the ends that they have now, in
// offset order for each partition, committed records only.
func (c *Cluster) readAll(ctx context.Context, visit func(*kgo.Record), topics ...string) error {
	ends := map[place]int64{}
	starts := map[string]map[int32]kgo.Offset{}
	for _, topic := range topics {
		starts[topic] = map[int32]kgo.Offset{}
		for _, p := range c.PartitionInfos(topic) {
			if p.HighWatermark > 0 {
				ends[place{topic, p.Partition}] = p.HighWatermark
				starts[topic][p.Partition] = kgo.NewOffset().At(0)
			}
		}
	}
	// Control records are kept because the last record may be one.
	client, err := c.client(kgo.ConsumePartitions(starts), kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords())
	if err != nil {
		return err
	}
	defer client.Close()
	for len(ends) > 0 {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err0(); err != nil {
			return fmt.Errorf("read %v: %w", topics, err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			at := place{r.Topic, r.Partition}
			if end, wanted := ends[at]; wanted && r.Offset < end {
				if !r.Attrs.IsControl() {
					visit(r)
				}
				if r.Offset == end-1 {
					delete(ends, at)
				}
			}
		})
	}
	return nil
}
