package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/weirhq/weir/host/internal/kafkatest"
)

// TestChosenPartitions reads two of four partitions, stops, and goes on where it
// was: the group has the offsets, though nobody is its member. A member that
// comes, of either protocol, ends it with the reason.
func TestChosenPartitions(t *testing.T) {
	const each = 500
	broker := kafkatest.Real(t)
	broker.CreateTopics(t, 4, "chosen-in")
	broker.CreateTopics(t, 1, "chosen-out", "chosen-by-member")
	config := writeFile(t, "weir.yaml", pipelineConfig(broker, "chosen", "chosen-in", "chosen-out", "partitions: [1, 3]"))
	fill := func() {
		for partition := range int32(4) {
			produce(t, broker, "chosen-in", partition, each)
		}
	}
	fill()
	first := startWeir(t, config)
	first.awaitDelivered(t, 2*each)
	first.stop(t)
	fill()
	second := startWeir(t, config)
	second.awaitDelivered(t, 2*each)
	eventually(t, "the commit", func() bool {
		return cmp.Equal(broker.Committed(t, "chosen", "chosen-in"), map[int32]int64{1: 2 * each, 3: 2 * each})
	})
	values := placementOfValues(t, broker, "chosen-out")
	for _, from := range []string{"chosen-in/1", "chosen-in/3"} {
		for i := range each {
			if got := values[fmt.Sprintf("%s/%d", from, i)]; got != 2 {
				t.Fatalf("%s/%d came out %d times, want 2", from, i, got)
			}
		}
	}
	if len(values) != 2*each {
		t.Errorf("%d values came out, want %d", len(values), 2*each)
	}
	for _, protocol := range []string{"classic", "consumer"} {
		member := startWeir(t, writeFile(t, "weir.yaml", pipelineConfig(broker, "chosen", "chosen-in", "chosen-by-member", "group.protocol: "+protocol)))
		fill() // the member before may have left nothing
		member.awaitDelivered(t, 1)
		if protocol == "consumer" {
			second = startWeir(t, config)
		}
		fill()
		if code := second.Wait(t, patience); code == 0 || !strings.Contains(second.Output(), "commits to a group without members only") {
			t.Errorf("beside a member of the %s protocol, weir ended with %d:\n%s", protocol, code, second.Output())
		}
		member.stop(t)
	}
}
