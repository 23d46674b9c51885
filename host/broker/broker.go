// Package broker runs a Kafka broker inside the process, for development, the
// demo and tests: one node or a few, on loopback, with nothing to install.
//
// It is a fake: it has no replication, one goroutine does all its work, and
// its promises end with the disk's. Topics are made only on request, never by
// being used, so that a misspelt name shows as it would on a careful cluster.
package broker

import (
	"errors"
	"fmt"
	"math"
	"net"
	"os"
	"strconv"
	"syscall"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// DefaultListen is where the broker listens unless told otherwise: where
// every Kafka client looks first.
const DefaultListen = "127.0.0.1:9092"

// ErrPortTaken says that another process listens on the wanted address.
var ErrPortTaken = errors.New("the port is taken")

// Topic is one topic to make.
type Topic struct {
	Name       string
	Partitions int32
}

// Options say how to run a broker. The zero value listens on DefaultListen,
// keeps its data until Close, and has no topics.
type Options struct {
	// Listen is a concrete host:port; clients are sent back to it, so a
	// wildcard host is refused. Port 0 takes a free one, which Addr tells.
	Listen string
	// DataDir keeps records, offsets and topics over restarts. Empty means a
	// directory of its own that Close removes: in memory the broker would be
	// slower and hold two bytes for each one stored.
	DataDir string
	// Topics are made unless they exist.
	Topics []Topic
	// Brokers is how many brokers there are, of which the first listens on
	// Listen; 0 is one. Others need a Listen with port 0.
	Brokers int
}

// Broker is a running broker.
type Broker struct {
	cluster *kfake.Cluster
	addr    string
	scratch string
}

// Start runs a broker until Close.
func Start(opts Options) (*Broker, error) {
	if opts.Listen == "" {
		opts.Listen = DefaultListen
	}
	if err := checkListen(opts.Listen); err != nil {
		return nil, err
	}
	b := &Broker{}
	if opts.DataDir == "" {
		dir, err := os.MkdirTemp("", "weir-broker-")
		if err != nil {
			return nil, fmt.Errorf("broker: temporary data directory: %w", err)
		}
		b.scratch, opts.DataDir = dir, dir
	}
	if err := b.start(opts); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return b, nil
}

func (b *Broker) start(opts Options) error {
	if err := os.MkdirAll(opts.DataDir, 0o700); err != nil {
		return fmt.Errorf("broker: data directory: %w", err)
	}
	cluster, err := kfake.NewCluster(
		kfake.NumBrokers(max(opts.Brokers, 1)),
		kfake.ClusterID("weir-dev"),
		kfake.DataDir(opts.DataDir),
		kfake.ListenFn(func(network, _ string) (net.Listener, error) {
			return net.Listen(network, opts.Listen)
		}),
	)
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("broker: %s: %w by another process; stop it or choose another with --listen (port 0 takes a free one)", opts.Listen, ErrPortTaken)
	}
	if err != nil {
		return fmt.Errorf("broker: listen on %s with data in %s: %w", opts.Listen, opts.DataDir, err)
	}
	if opts.Brokers > 1 {
		cluster.ControlKey(int16(kmsg.OffsetForLeaderEpoch), func(r kmsg.Request) (kmsg.Response, error, bool) {
			cluster.KeepControl()
			return logsAgree(r.(*kmsg.OffsetForLeaderEpochRequest)), nil, true
		})
	}
	b.cluster = cluster
	b.addr = cluster.ListenAddrs()[0]
	return b.createTopics(opts.Topics)
}

// logsAgree tells readers that a leader before had nothing that the present one
// has not: there is one log. By itself the fake says so only once something was
// written after the move, and before it that all is lost.
func logsAgree(asked *kmsg.OffsetForLeaderEpochRequest) kmsg.Response {
	answer := asked.ResponseKind().(*kmsg.OffsetForLeaderEpochResponse)
	for _, topic := range asked.Topics {
		t := kmsg.NewOffsetForLeaderEpochResponseTopic()
		t.Topic = topic.Topic
		for _, partition := range topic.Partitions {
			p := kmsg.NewOffsetForLeaderEpochResponseTopicPartition()
			p.Partition, p.LeaderEpoch, p.EndOffset = partition.Partition, partition.LeaderEpoch, math.MaxInt64
			t.Partitions = append(t.Partitions, p)
		}
		answer.Topics = append(answer.Topics, t)
	}
	return answer
}

func checkListen(listen string) error {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return fmt.Errorf("broker: listen address %q: want host:port, such as %s", listen, DefaultListen)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fmt.Errorf("broker: listen address %q: port %q is not a number from 0 to 65535", listen, port)
	} else if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		return fmt.Errorf("broker: listen address %q: name one address, such as 127.0.0.1:%d: clients are sent back to it", listen, n)
	}
	return nil
}

// Addr is the host:port for bootstrap_servers.
func (b *Broker) Addr() string { return b.addr }

// Close stops the broker after it has written its state, and removes the data
// directory if it was its own.
func (b *Broker) Close() error {
	if b.cluster != nil {
		b.cluster.Close()
	}
	if b.scratch == "" {
		return nil
	}
	if err := os.RemoveAll(b.scratch); err != nil {
		return fmt.Errorf("broker: temporary data directory: %w", err)
	}
	return nil
}
