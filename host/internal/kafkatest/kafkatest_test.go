package kafkatest

import (
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kgo"
)

func TestMain(m *testing.M) { os.Exit(Main(m)) }

func TestReadAllGivesEveryRecordInOrder(t *testing.T) {
	for _, tc := range []struct {
		name   string
		broker func(testing.TB) *Broker
	}{
		{"fake", func(tb testing.TB) *Broker { return Fake(tb) }},
		{"real", Real},
	} {
		t.Run(tc.name, func(t *testing.T) {
			broker := tc.broker(t)
			broker.CreateTopics(t, 3, "read-all", "read-all-empty")
			client := broker.Client(t, kgo.RecordPartitioner(kgo.ManualPartitioner()))
			want := make(map[int32][]string)
			for i := range 300 {
				value, partition := time.Duration(i).String(), int32(i%2)
				want[partition] = append(want[partition], value)
				Produce(t, client, &kgo.Record{Topic: "read-all", Partition: partition, Value: []byte(value)})
			}
			got := make(map[int32][]string)
			broker.ReadAll(t, func(r *kgo.Record) {
				got[r.Partition] = append(got[r.Partition], string(r.Value))
			}, "read-all", "read-all-empty")
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("values by partition (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(map[int32]int64{0: 150, 1: 150, 2: 0}, broker.EndOffsets(t, "read-all")); diff != "" {
				t.Errorf("end offsets (-want +got):\n%s", diff)
			}
		})
	}
}

func TestProcess(t *testing.T) {
	t.Run("killed", func(t *testing.T) {
		p := Start(t, "/bin/sh", "-c", "echo begun; exec cat /dev/zero >/dev/null")
		p.Kill(t)
		if code := p.Wait(t, time.Second); code != -1 {
			t.Errorf("exit code %d, want -1 for a signal", code)
		}
	})
	t.Run("terminated", func(t *testing.T) {
		p := Start(t, "/bin/sh", "-c", "trap 'echo drained; exit 7' TERM; echo begun; while :; do sleep 0.01; done")
		for p.Output() != "begun\n" {
			time.Sleep(time.Millisecond)
		}
		p.Terminate(t)
		if code := p.Wait(t, 5*time.Second); code != 7 {
			t.Errorf("exit code %d, want 7", code)
		}
		if got := p.Output(); got != "begun\ndrained\n" {
			t.Errorf("output %q", got)
		}
	})
}
