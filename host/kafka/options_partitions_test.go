package kafka

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPartitions(t *testing.T) {
	for _, test := range []struct {
		source string
		want   map[string][]int32
	}{
		{"topic: a", nil},
		{"topic: a, partitions: []", nil},
		{"topic: a, partitions: 3", map[string][]int32{"a": {3}}},
		{"topic: a, partitions: [5, 0-2, 1]", map[string][]int32{"a": {0, 1, 2, 5}}},
		{"topic: a, partitions: '0 1,2\n4'", map[string][]int32{"a": {0, 1, 2, 4}}},
		{"topic: [a, b], partitions: {b: 1, a: [0, 7-8]}", map[string][]int32{"a": {0, 7, 8}, "b": {1}}},
		{"topic: [a, b], partitions: 'a:0 b:1-2 a:3'", map[string][]int32{"a": {0, 3}, "b": {1, 2}}},
		{"topic: a.b-c_d, partitions: {a.b-c_d: 00}", map[string][]int32{"a.b-c_d": {0}}},
		{"topic: 'a,b,c', user_defined_partitions: '2,0,1'", map[string][]int32{"a": {2}, "b": {0}, "c": {1}}},
		{"topic: 'a,b,a', user_defined_partitions: '2,0,1'", map[string][]int32{"a": {1, 2}, "b": {0}}},
		{"topic: a, user.defined.partitions: '2,0'", map[string][]int32{"a": {0, 2}}},
	} {
		o, faults := resolve(t, Consumer, "bootstrap_servers: seed", "group_id: g, "+test.source)
		if len(faults) > 0 {
			t.Errorf("%s: %v", test.source, faults)
		}
		if diff := cmp.Diff(test.want, o.Partitions()); diff != "" {
			t.Errorf("%s (-want +got)\n%s", test.source, diff)
		}
	}
}

func TestPartitionFaults(t *testing.T) {
	for source, want := range map[string]string{
		"group_id: g, topic: a, partitions: -1":                          `f:2:48: component.partitions: "-1" is not a number such as 0, a range such as 3-5, or one of a topic such as orders:3-5`,
		"group_id: g, topic: a, partitions: [1, x]":                      `f:2:48: component.partitions: has "x", which is not a number such as 0, a range such as 3-5, or one of a topic such as orders:3-5`,
		"group_id: g, topic: a, partitions: [x]":                         `f:2:48: component.partitions: "x" is not a number such as 0, a range such as 3-5, or one of a topic such as orders:3-5`,
		"group_id: g, topic: a, partitions: [[1]]":                       `f:2:48: component.partitions: must be a list of numbers`,
		"group_id: g, topic: a, partitions: {a: }":                       `f:2:48: component.partitions: names no partition of a`,
		"group_id: g, topic: a, partitions: 3-1":                         `f:2:48: component.partitions: "3-1" ends before it begins`,
		"group_id: g, topic: a, partitions: 0-999999999":                 `f:2:48: component.partitions: "0-999999999" is above 99999, more than a topic has`,
		"group_id: g, topic: ^a, partitions: 1":                          `f:2:49: component.partitions: cannot be chosen of topics that a regular expression finds (name the topics)`,
		"group_id: g, topic: [a, b], partitions: [1, 2]":                 `f:2:53: component.partitions: does not say of which topic 1 is (write partitions: {a: [0, 1]}, or a source for each topic)`,
		"group_id: g, topic: [a, b], user_defined_partitions: 1":         `f:2:66: component.user_defined_partitions: has 1 numbers for 2 topics; the first is of the first topic, and so on (give each topic its own: partitions: {a: [0, 1]})`,
		"group_id: g, topic: [orders, b], partitions: {order: 1, b: 2}":  `f:2:58: component.partitions: names "order", which the source does not read (did you mean "orders"?)`,
		"group_id: g, topic: [orders, b], partitions: {other: 1, b: 2}":  `f:2:58: component.partitions: names "other", which the source does not read (topic: names orders, b)`,
		"group_id: g, topic: [a, b], partitions: {a: 1}":                 `f:2:53: component.partitions: names no partition of topic b (choose some, or read it by another source)`,
		"group_id: g, topic: a, partitions: 1, session_timeout_ms: 6000": `f:2:71: warning: component.session_timeout_ms: has no effect: the source reads chosen partitions, so it is no member of its group (remove it)`,
		"topic: a, partitions: 1":                                        `f:2:12: warning: component: group.id is not set: offsets are committed to the shared default bspump, as are those of whoever else uses it (give the source its own group_id)`,
	} {
		_, faults := resolve(t, Consumer, "bootstrap_servers: seed", source)
		if got := faults.Error(); got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", source, got, want)
		}
	}
}

// FuzzPartitions reads what it accepts as what it says it read.
func FuzzPartitions(f *testing.F) {
	for _, seed := range []string{"0", "3-5", "orders:0", "a:0-99999", "a:b:1", "-1", "5-3", ":1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, entry string) {
		topic, numbers, err := readPartitions(entry)
		if err != nil {
			return
		}
		if len(numbers) == 0 || len(numbers) > lastPartition+1 || numbers[0] < 0 || numbers[len(numbers)-1] > lastPartition {
			t.Fatalf("%q: topic %q, %d numbers from %d", entry, topic, len(numbers), numbers[0])
		}
		for i, n := range numbers {
			if n != numbers[0]+int32(i) {
				t.Fatalf("%q: number %d is %d", entry, i, n)
			}
		}
	})
}
