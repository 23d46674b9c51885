package relay

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

const topic = "records"

// world is three brokers, a relay, and a client of each.
type world struct {
	relay            *Relay
	through, outside *kgo.Client
}

func start(t *testing.T) *world {
	t.Helper()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(3), kfake.SeedTopics(3, topic))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	r, err := Start(cluster.ListenAddrs()[:1])
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return &world{relay: r, through: client(t, r.Addrs()), outside: client(t, cluster.ListenAddrs())}
}

func client(t *testing.T, addrs []string) *kgo.Client {
	t.Helper()
	c, err := kgo.NewClient(kgo.SeedBrokers(addrs...), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerLinger(0), kgo.ProducerBatchCompression(kgo.NoCompression()),
		kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchMaxWait(100*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// send writes a record to a partition, and tells what came of it.
func (w *world) send(t *testing.T, partition int32, size int) <-chan error {
	t.Helper()
	done := make(chan error, 1)
	w.through.Produce(t.Context(), &kgo.Record{Topic: topic, Partition: partition, Value: make([]byte, size)}, func(_ *kgo.Record, err error) { done <- err })
	return done
}

// stored is how many records the brokers have.
func (w *world) stored(t *testing.T) (sum int64) {
	t.Helper()
	ends, err := kadm.NewClient(w.outside).ListEndOffsets(t.Context(), topic)
	if err != nil {
		t.Fatal(err)
	}
	ends.Each(func(o kadm.ListedOffset) { sum += o.Offset })
	return sum
}

func within[T any](t *testing.T, what string, c <-chan T) (value T) {
	t.Helper()
	select {
	case value = <-c:
	case <-time.After(30 * time.Second):
		t.Fatalf("waited 30 s for %s", what)
	}
	return value
}

// TestClientsStayWithTheRelay begins at one of three brokers and writes to all.
func TestClientsStayWithTheRelay(t *testing.T) {
	w := start(t)
	for p := range int32(3) {
		if err := within(t, "a write", w.send(t, p, 10)); err != nil {
			t.Fatal(err)
		}
	}
	var own []string
	for _, l := range w.relay.fronts {
		own = append(own, l.Addr().String())
	}
	if len(own) != 3 {
		t.Errorf("the relay stands before %d brokers, want 3", len(own))
	}
	brokers, err := kadm.NewClient(w.through).ListBrokers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range brokers {
		if addr := net.JoinHostPort(b.Host, port(b.Port)); !slices.Contains(own, addr) {
			t.Errorf("the client knows a broker at %s, which is none of the relay's %v", addr, own)
		}
	}
	n := 0
	for n < 3 {
		fetches := w.through.PollFetches(t.Context())
		if err := fetches.Err(); err != nil {
			t.Fatal(err)
		}
		n += fetches.NumRecords()
	}
}

func port(n int32) string { return (&net.TCPAddr{Port: int(n)}).String()[1:] }

// TestTrapHoldsEverythingAtAStage wants what was asked, answered and told to be
// just that when a trap springs.
func TestTrapHoldsEverythingAtAStage(t *testing.T) {
	for _, tc := range []struct {
		name   string
		stage  Stage
		stored int64
		told   bool
	}{
		{"asked", Asked, 0, false},
		{"answered", Answered, 1, false},
		{"told", Told, 1, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := start(t)
			sprung := w.relay.Set(Trap{Request: Produce, Stage: tc.stage})
			done := w.send(t, 0, 10)
			within(t, "the trap", sprung)
			if got := w.stored(t); got != tc.stored {
				t.Errorf("%d records are stored, want %d", got, tc.stored)
			}
			if tc.told {
				if err := within(t, "the answer", done); err != nil {
					t.Error(err)
				}
			}
			next := w.send(t, 1, 10)
			select {
			case err := <-done:
				t.Errorf("the client was told %v", err)
			case err := <-next:
				t.Errorf("a request got through, and ended with %v", err)
			case <-time.After(100 * time.Millisecond): // nothing can show that nothing comes
			}
			w.relay.Release()
			if !tc.told {
				if err := within(t, "the answer after the release", done); err != nil {
					t.Error(err)
				}
			}
			if err := within(t, "what came behind the trap", next); err != nil {
				t.Error(err)
			}
			if got := w.stored(t); got != 2 {
				t.Errorf("%d records are stored in the end, want 2", got)
			}
		})
	}
}

// TestTrapWaitsForRecords wants empty answers to Fetch to pass.
func TestTrapWaitsForRecords(t *testing.T) {
	w := start(t)
	sprung := w.relay.Set(Trap{Request: Fetch, Stage: Told})
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	if n := w.through.PollFetches(ctx).NumRecords(); n != 0 {
		t.Fatalf("%d records before any was sent", n)
	}
	select {
	case <-sprung:
		t.Fatal("the trap sprang at an answer without records")
	default:
	}
	written := w.send(t, 0, 2*full) // whose answer may come behind the trap
	within(t, "the trap", sprung)
	w.relay.Release()
	if err := within(t, "a write", written); err != nil {
		t.Error(err)
	}
}

// TestConnectionsThatDoNotLive wants all writes to come through in spite of it,
// and connections to last again afterwards.
func TestConnectionsThatDoNotLive(t *testing.T) {
	w := start(t)
	lives := 0
	w.relay.Churn(func() time.Duration { lives++; return 20 * time.Millisecond })
	for i := range 20 {
		if err := within(t, "a write", w.send(t, int32(i%3), 10)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Millisecond) // so that connections die idle, too
	}
	w.relay.Churn(nil)
	if got := w.stored(t); got != 20 {
		t.Errorf("%d records are stored, want 20", got)
	}
	w.relay.mu.Lock()
	defer w.relay.mu.Unlock()
	if lives < 4 {
		t.Errorf("%d connections were made, want more than one for each broker", lives)
	}
}

func TestHoldAndDelay(t *testing.T) {
	w := start(t)
	if err := within(t, "a write", w.send(t, 0, 10)); err != nil {
		t.Fatal(err)
	}
	w.relay.Hold()
	held := w.send(t, 0, 10)
	select {
	case err := <-held:
		t.Errorf("a write through a held relay ended with %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	w.relay.Release()
	if err := within(t, "what was held", held); err != nil {
		t.Error(err)
	}
	w.relay.Delay(50 * time.Millisecond)
	began := time.Now()
	if err := within(t, "a slow write", w.send(t, 0, 10)); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took < 50*time.Millisecond {
		t.Errorf("a write took %v, and its answer was 50 ms late", took)
	}
	w.relay.Hold()
	w.send(t, 0, 10)
	w.relay.Cut() // which what is held does not survive, nor hold up
}

// TestNoBroker wants the client's connection to end when there is no broker.
func TestNoBroker(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := Start([]string{gone})
	if err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("tcp", r.Addrs()[0])
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if n, err := c.Read(make([]byte, 1)); n > 0 || err == nil {
		t.Errorf("read %d bytes, %v", n, err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

// answer is an answer as a broker frames it.
func answer(a kmsg.Response, version int16) []byte {
	a.SetVersion(version)
	frame := make([]byte, 8)
	if a.IsFlexible() {
		frame = append(frame, 0)
	}
	frame = a.AppendTo(frame)
	binary.BigEndian.PutUint32(frame, uint32(len(frame)-4))
	return frame
}

// TestRewrite puts brokers into each answer that can name some.
func TestRewrite(t *testing.T) {
	r, err := Start(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	metadata := kmsg.NewPtrMetadataResponse()
	metadata.Brokers = []kmsg.MetadataResponseBroker{{NodeID: 1, Host: "kafka", Port: 9092}}
	coordinator := kmsg.NewPtrFindCoordinatorResponse()
	coordinator.Host, coordinator.Port = "kafka", 9092
	coordinators := kmsg.NewPtrFindCoordinatorResponse()
	coordinators.Coordinators = []kmsg.FindCoordinatorResponseCoordinator{{Key: "group", Host: "kafka", Port: 9092}, {Key: "none"}}
	described := kmsg.NewPtrDescribeClusterResponse()
	described.Brokers = []kmsg.DescribeClusterResponseBroker{{Host: "kafka", Port: 9092}}
	produced := kmsg.NewPtrProduceResponse()
	produced.Brokers = []kmsg.ProduceResponseBroker{{Host: "kafka", Port: 9092}}
	fetched := kmsg.NewPtrFetchResponse()
	fetched.Brokers = []kmsg.FetchResponseBroker{{Host: "kafka", Port: 9092}}
	for _, tc := range []struct {
		name    string
		answer  kmsg.Response
		version int16
	}{
		{"metadata", metadata, 1},
		{"flexible metadata", metadata, 12},
		{"coordinator", coordinator, 2},
		{"coordinators", coordinators, 4},
		{"cluster", described, 0},
		{"produce", produced, 10},
		{"fetch", fetched, 16},
	} {
		t.Run(tc.name, func(t *testing.T) {
			frame := answer(tc.answer, tc.version)
			out, err := r.rewrite(question{Request(tc.answer.Key()), tc.version}, frame)
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(out, []byte("kafka")) || !bytes.Contains(out, []byte("127.0.0.1")) {
				t.Errorf("%q still names the broker, or nothing", out)
			}
			if got := int(binary.BigEndian.Uint32(out)); got != len(out)-4 {
				t.Errorf("the frame says %d bytes and has %d", got, len(out)-4)
			}
		})
	}
	if len(r.fronts) != 1 {
		t.Errorf("%d fronts for one broker", len(r.fronts))
	}
	plain := answer(kmsg.NewPtrHeartbeatResponse(), 4)
	if out, err := r.rewrite(question{Request(12), 4}, plain); err != nil || !bytes.Equal(out, plain) {
		t.Errorf("an answer without brokers became %q, %v", out, err)
	}
	if _, err := r.rewrite(question{Request(3), 12}, answer(metadata, 12)[:20]); !errors.Is(err, errFrame) {
		t.Errorf("half an answer: %v, want %v", err, errFrame)
	}
}

func TestReadFrame(t *testing.T) {
	frame := func(size uint32, body int) []byte {
		return append(binary.BigEndian.AppendUint32(nil, size), make([]byte, body)...)
	}
	big := frame(3*step, 3*step)
	got, err := readFrame(bytes.NewReader(big), make([]byte, 0, 100))
	if err != nil || !bytes.Equal(got, big) {
		t.Errorf("a frame of 3 MiB: %d bytes, %v", len(got), err)
	}
	for _, tc := range []struct {
		name string
		in   []byte
		want error
	}{
		{"nothing", nil, io.EOF},
		{"cut off", frame(10, 9), io.ErrUnexpectedEOF},
		{"too large", frame(maxFrame+1, 9), errFrame},
	} {
		if _, err := readFrame(bytes.NewReader(tc.in), nil); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v, want %v", tc.name, err, tc.want)
		}
	}
	if diff := cmp.Diff([]byte{0, 0, 0, 0}, must(readFrame(bytes.NewReader(frame(0, 0)), nil))); diff != "" {
		t.Error(diff)
	}
}

func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}

// TestRewriteOfDamagedAnswers wants an error or a frame of whatever is left of
// an answer, with any byte changed.
func TestRewriteOfDamagedAnswers(t *testing.T) {
	r, err := Start(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	metadata := kmsg.NewPtrMetadataResponse()
	metadata.Topics = []kmsg.MetadataResponseTopic{{Topic: kmsg.StringPtr("topic"), Partitions: make([]kmsg.MetadataResponseTopicPartition, 2)}}
	produced := kmsg.NewPtrProduceResponse()
	produced.Topics = []kmsg.ProduceResponseTopic{{Topic: "topic", Partitions: make([]kmsg.ProduceResponseTopicPartition, 2)}}
	for _, a := range []kmsg.Response{metadata, produced, kmsg.NewPtrFindCoordinatorResponse()} {
		version := a.MaxVersion() - 2
		frame := answer(a, version)
		for at := 8; at < len(frame); at++ {
			for _, damaged := range [][]byte{slices.Clone(frame[:at]), slices.Clone(frame)} {
				if at < len(damaged) {
					damaged[at] ^= 0x81
				}
				out, err := r.rewrite(question{Request(a.Key()), version}, damaged)
				if err == nil && len(out) < 8 {
					t.Errorf("%d bytes came of %d", len(out), len(damaged))
				}
			}
		}
	}
}
