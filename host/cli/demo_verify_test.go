package cli

import (
	"errors"
	"strings"
	"testing"

	"github.com/weirhq/weir/host/broker"
)

// The demo's verdict is worth something only if it notices.
func TestVerifyNotices(t *testing.T) {
	sent := []order{
		{value: "anvil", arrives: topicHeavy}, {value: "lamp", arrives: topicLight}, {value: "?", arrives: topicDead},
	}
	at := func(topic, value string) broker.Record { return broker.Record{Topic: topic, Value: []byte(value)} }
	in := []broker.Record{at(topicOrders, "anvil"), at(topicOrders, "lamp"), at(topicOrders, "?")}
	for _, tt := range []struct {
		name    string
		records []broker.Record
		want    string // in what is printed; empty: all is well
	}{
		{"all is well", []broker.Record{at(topicHeavy, "anvil"), at(topicLight, "lamp"), at(topicDead, "?")}, ""},
		{"lost", []broker.Record{at(topicHeavy, "anvil"), at(topicDead, "?")}, "lamp never arrived in light"},
		{"twice", []broker.Record{at(topicHeavy, "anvil"), at(topicLight, "lamp"), at(topicLight, "lamp"), at(topicDead, "?")},
			"light[0]@1: lamp was never sent, or arrived before"},
		{"astray", []broker.Record{at(topicLight, "anvil"), at(topicLight, "lamp"), at(topicDead, "?")}, "anvil had to arrive in heavy"},
		{"invented", []broker.Record{at(topicHeavy, "anvil"), at(topicLight, "lamp"), at(topicDead, "?"), at(topicDead, "!")},
			"! was never sent"},
		{"input lost", []broker.Record{at(topicHeavy, "anvil"), at(topicLight, "lamp"), at(topicDead, "?"), at(topicOrders, "more")},
			"3 orders were sent, orders holds 4"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b, err := broker.Start(broker.Options{Listen: "127.0.0.1:0", Topics: []broker.Topic{
				{Name: topicOrders, Partitions: 1}, {Name: topicHeavy, Partitions: 1}, {Name: topicLight, Partitions: 1}, {Name: topicDead, Partitions: 1},
			}})
			if err != nil {
				t.Fatal(err)
			}
			defer b.Close()
			a, out, stderr := testApp()
			d := &demo{app: a}
			if d.client, err = b.Client(); err != nil {
				t.Fatal(err)
			}
			defer d.client.Close()
			if err := d.client.Produce(t.Context(), append(tt.records, in...)...); err != nil {
				t.Fatal(err)
			}
			err = d.verify(t.Context(), sent)
			if tt.want == "" {
				if err != nil || !strings.Contains(out.String(), "adds up: 3 in = 1 heavy + 1 light + 1 dead letters") {
					t.Errorf("error %v, output:\n%s", err, out)
				}
				return
			}
			if !errors.Is(err, errDemo) || exitCode(err) != exitFailure || !strings.Contains(stderr.String(), tt.want) {
				t.Errorf("error %v, complaints:\n%swant %q", err, stderr, tt.want)
			}
		})
	}
}
