package trial_test

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/weirhq/weir/host/event"
	"github.com/weirhq/weir/host/trial"
)

// TestRecordLine reads lines and writes the events back, as outputs.
func TestRecordLine(t *testing.T) {
	for _, tc := range []struct {
		name, in, want string
		err            string
	}{
		{name: "as kcat prints", in: `{"topic":"t","partition":1,"offset":5,"tstype":"create","ts":7,"broker":1,"headers":["h","1","h",null],"key":"k","payload":"a\u0000\ud83d\ude00"}`,
			want: `{"ts":7,"headers":["h","1","h",null],"key":"k","payload":"a\u0000😀"}`},
		{name: "other names", in: `{"timestamp":7,"headers":{"a":"1","b":null},"value":"<v>"}`,
			want: `{"timestamp":7,"headers":{"a":"1","b":null},"key":null,"value":"<v>"}`},
		{name: "nothing", in: `{}`, want: `{"ts":1700000000000,"key":null,"payload":null}`},
		{name: "JSON as value", in: `{"value": {"a": [1, 2]}, "key": 5, "timestamp": 1}`, want: `{"timestamp":1,"key":"5","value":"{\"a\":[1,2]}"}`},
		{name: "no text", in: `{"payload_base64":"/w==","key_base64":"","ts":1}`, want: `{"ts":1,"key":"","payload_base64":"/w=="}`},
		{name: "context", in: `{"ts":1,"context":{"a":null,"b":true,"c":-5,"d":1.5,"e":"x","f":{"k":[1]},"g":99999999999999999999}}`,
			want: `{"ts":1,"key":null,"payload":null,"context":{"a":null,"b":true,"c":-5,"d":1.5,"e":"x","f":{"k":[1]},"g":100000000000000000000}}`},
		{name: "no object", in: `[]`, err: "is no JSON object"},
		{name: "null", in: `null`, err: "is no JSON object"},
		{name: "not UTF-8", in: "{\"value\":{\"\x83\":1}}", err: "is not UTF-8: give bytes that are no text as value_base64 and key_base64"},
		{name: "types", in: `{"topic":5,"partition":"x","headers":["a"],"context":{"kafka_topic":"t"},"key_base64":"?"}`,
			err: "topic: 5 does not fit\npartition: \"x\" does not fit\nkey_base64: is not base64\nheaders: must be a list of names and values by turns, or an object\ncontext: the name \"kafka_topic\" cannot be given"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var line trial.RecordLine
			e, err := line.Parse([]byte(tc.in), 0, trial.DefaultNow)
			if err != nil || tc.err != "" {
				if err == nil || err.Error() != tc.err {
					t.Errorf("error %v, want %s", err, tc.err)
				}
				return
			}
			if diff := cmp.Diff(tc.want, string(line.Append(nil, &e))); diff != "" {
				t.Errorf("written (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRecordLineChosen(t *testing.T) {
	e := event.Event{Value: []byte("v"), Topic: "t", Partition: 0, Timestamp: 5, Stamped: true}
	want := `{"topic":"t","partition":0,"timestamp":5,"key":null,"value":"v"}`
	if diff := cmp.Diff(want, string(new(trial.RecordLine).Append(nil, &e))); diff != "" {
		t.Errorf("written (-want +got):\n%s", diff)
	}
}

// FuzzRecordLine reads what it has written as the same, and finds JSON there.
func FuzzRecordLine(f *testing.F) {
	f.Add(`{"topic":"t","ts":7,"headers":["h","1","h",null],"key":"k","payload":"a","context":{"a":[1],"b":1e400}}`)
	f.Add(`{"value":{"a":1},"headers":{"a":1}}`)
	f.Fuzz(func(t *testing.T, text string) {
		var line trial.RecordLine
		e, err := line.Parse([]byte(text), 0, time.Unix(0, 0))
		if err != nil {
			return
		}
		written := line.Append(nil, &e)
		if !json.Valid(written) {
			t.Fatalf("%s is not JSON", written)
		}
		again, err := line.Parse(written, 0, time.Unix(0, 0))
		if err != nil {
			t.Fatalf("%s: %v", written, err)
		}
		if !reflect.DeepEqual(e.Value, again.Value) || !reflect.DeepEqual(e.Key, again.Key) || len(e.Headers) != len(again.Headers) {
			t.Errorf("%s became %s", text, written)
		}
	})
}

func TestGiven(t *testing.T) {
	for _, tc := range []struct {
		name  string
		given trial.Given
		want  event.Event
		err   string
	}{
		{"nothing", trial.Given{}, event.Event{Timestamp: 1_700_000_000_000, Partition: event.AnyPartition, From: &event.Partition{Topic: trial.DefaultTopic}}, ""},
		{"all", trial.Given{
			Value: []byte{0xff}, Key: []byte("5"),
			Fields:  []trial.GivenText{{Name: "topic", Text: "t"}, {Name: "partition", Text: "3"}, {Name: "offset", Text: "9"}, {Name: "timestamp", Text: "7"}},
			Headers: []trial.GivenText{{Name: "h", Text: "1"}, {Name: "h", Text: "true"}},
			Context: []trial.GivenText{{Name: "i", Text: "5"}, {Name: "t", Text: "x: y: z"}, {Name: "j", Text: `{"a": 1}`}, {Name: "e"}, {Name: "kafka_topic", Text: "chosen"}},
		}, event.Event{
			Value: []byte{0xff}, Key: []byte("5"), Topic: "chosen", Timestamp: 7, Offset: 9, Partition: event.AnyPartition,
			From:    &event.Partition{Topic: "t", Number: 3},
			Headers: []event.Header{{Name: "h", Value: []byte("1")}, {Name: "h", Value: []byte("true")}},
			Context: []event.Pair{
				{Name: "i", Value: event.Value{Kind: event.Int, Num: 5}},
				{Name: "t", Value: event.Value{Kind: event.Text, Data: []byte("x: y: z")}},
				{Name: "j", Value: event.Value{Kind: event.JSON, Data: []byte(`{"a":1}`)}},
				{Name: "e", Value: event.Value{Kind: event.Text, Data: []byte{}}},
			},
		}, ""},
		{"wrong", trial.Given{
			Fields:  []trial.GivenText{{Name: "partition", Text: "x", Where: "--partition"}},
			Context: []trial.GivenText{{Name: "kafka_key", Text: "x", Where: "--context kafka_key=x"}},
		}, event.Event{}, "--context kafka_key=x: context.kafka_key: is not a name that an earlier processor can have set (give key, headers, topic, partition and offset of the record beside the context)\n" +
			`--partition: partition: "x" must be an integer`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := tc.given.Event(trial.DefaultNow)
			if tc.err != "" {
				if err == nil || err.Error() != tc.err {
					t.Errorf("error %v, want %s", err, tc.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("event (-want +got):\n%s", diff)
			}
		})
	}
}
