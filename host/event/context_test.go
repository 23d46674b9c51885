package event

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestLookup: reads of kafka_* names fall through to the facts of the source
// until a processor wrote them; the facts stay under their own names.
func TestLookup(t *testing.T) {
	read := Event{
		Key: []byte("k"), Timestamp: 1700000000000, Offset: 42,
		From: &Partition{Topic: "in", Number: 3}, Partition: AnyPartition,
		Context: []Pair{{Name: "user", Value: Value{Kind: Text, Data: []byte("x")}}},
	}
	routed := read
	routed.Topic, routed.Partition, routed.Key = "heavy", 7, nil
	made := Event{Partition: AnyPartition}

	in, seven := Value{Kind: Text, Data: []byte("in")}, Value{Kind: Int, Num: 7}
	three, offset := Value{Kind: Int, Num: 3}, Value{Kind: Int, Num: 42}
	for _, test := range []struct {
		event string
		name  string
		want  Value
		found bool
	}{
		{"read", NameTopic, in, true},
		{"read", NameSourceTopic, in, true},
		{"read", NamePartition, three, true},
		{"read", NameSourcePartition, three, true},
		{"read", NameOffset, offset, true},
		{"read", NameSourceOffset, offset, true},
		{"read", NameTimestamp, Value{Kind: Int, Num: 1700000000000}, true},
		{"read", NameKey, Value{Kind: Bytes, Data: []byte("k")}, true},
		{"read", "user", Value{Kind: Text, Data: []byte("x")}, true},
		{"read", "nobody", Value{}, false},
		{"read", NameHeaders, Value{}, false},
		{"routed", NameTopic, Value{Kind: Text, Data: []byte("heavy")}, true},
		{"routed", NameSourceTopic, in, true},
		{"routed", NamePartition, seven, true},
		{"routed", NameSourcePartition, three, true},
		{"routed", NameOffset, offset, true},
		{"routed", NameKey, Value{}, true},
		{"made", NameTopic, Value{}, false},
		{"made", NamePartition, Value{}, false},
		{"made", NameOffset, Value{}, false},
	} {
		e := map[string]*Event{"read": &read, "routed": &routed, "made": &made}[test.event]
		got, found := e.Lookup(test.name)
		if found != test.found || found && !cmp.Equal(got, test.want) {
			t.Errorf("%s event, %s: %+v, %v; want %+v, %v", test.event, test.name, got, found, test.want, test.found)
		}
	}
}

func TestReserved(t *testing.T) {
	for name, want := range map[string]bool{
		"kafka_topic": true, "_kafka_offset": true, "kafka_anything": true,
		"kafka": false, "my_kafka_topic": false, "": false,
	} {
		if Reserved(name) != want {
			t.Errorf("Reserved(%q) is %v", name, !want)
		}
	}
}

func TestClassesAreListed(t *testing.T) {
	for i, class := range Classes {
		if class.Index() != i {
			t.Errorf("%s: index %d, want %d", class, class.Index(), i)
		}
	}
}
