// Package brokertest starts development brokers for tests.
package brokertest

import (
	"testing"

	"github.com/weirhq/weir/host/broker"
)

// Start runs a broker with topics and a client of it until the test ends.
func Start(tb testing.TB, topics ...broker.Topic) (*broker.Broker, *broker.Client) {
	tb.Helper()
	b, err := broker.Start(broker.Options{Listen: "127.0.0.1:0", Topics: topics})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := b.Close(); err != nil {
			tb.Error(err)
		}
	})
	client, err := b.Client()
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(client.Close)
	return b, client
}
