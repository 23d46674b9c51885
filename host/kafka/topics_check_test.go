package kafka

import (
	"strings"
	"testing"
)

func TestCheckTopicName(t *testing.T) {
	for name, want := range map[string]string{
		"orders":                  "",
		"a.B-c_9":                 "",
		strings.Repeat("x", 249):  "",
		"":                        "needs a name",
		".":                       "cannot be",
		"..":                      "cannot be",
		"a b":                     "' ' is not allowed",
		"caf\u00e9":               "'\u00e9' is not allowed",
		"a/b":                     "'/' is not allowed",
		strings.Repeat("x", 250):  "at most 249",
		"${TOPIC}":                "'$' is not allowed",
		strings.Repeat("./", 200): "at most 249",
	} {
		checkError(t, name, CheckTopicName(name), want)
	}
}

func TestCheckTopicConfig(t *testing.T) {
	for _, tt := range []struct{ name, value, want string }{
		{"retention.ms", "604800000", ""},
		{"retention_ms", "-1", ""},
		{"retention.ms", "7d", `retention.ms: "7d" is not a whole number`},
		{"retention.ms", "-2", "out of range, from -1 to"},
		{"local.retention.ms", "-2", ""},
		{"max.message.bytes", "3000000000", "out of range"},
		{"cleanup.policy", "compact, delete", ""},
		{"cleanup.policy", "compct", `"compct" is none of compact, delete`},
		{"compression.type", "brotli", "none of uncompressed, zstd"},
		{"preallocate", "TRUE", ""},
		{"preallocate", "1", "neither true nor false"},
		{"min.cleanable.dirty.ratio", "0.5", ""},
		{"min.cleanable.dirty.ratio", "NaN", "not a number from 0 to 1"},
		{"message.timestamp.type", "LogAppendTime", ""},
		{"redpanda.remote.read", "true", ""},
		{"retention.mss", "1", "retention.mss: no such topic option"},
	} {
		checkError(t, tt.name+"="+tt.value, CheckTopicConfig(tt.name, tt.value), tt.want)
	}
}

func checkError(t *testing.T, what string, err error, want string) {
	t.Helper()
	switch {
	case want == "" && err != nil:
		t.Errorf("%.40s: error %v, want none", what, err)
	case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
		t.Errorf("%.40s: error %v, want one with %q", what, err, want)
	}
}

func TestCheckTogether(t *testing.T) {
	for _, tt := range []struct {
		topic Topic
		want  string
	}{
		{Topic{}, ""},
		{Topic{Replication: 2, Config: map[string]string{"min.insync.replicas": "2"}}, ""},
		{Topic{Replication: 2, Config: map[string]string{"min.insync.replicas": "3"}}, "more than the 2 replicas"},
		{Topic{Assignment: [][]int32{{1}}, Config: map[string]string{"min.insync.replicas": "2"}}, "more than the 1 replicas"},
		{Topic{Config: map[string]string{"min.compaction.lag.ms": "2", "max.compaction.lag.ms": "1"}}, "more than max.compaction.lag.ms"},
		{Topic{Partitions: 1, Replication: 2, Assignment: [][]int32{{1, 2}}}, ""},
		{Topic{Partitions: 2, Assignment: [][]int32{{1, 2}}}, "num_partitions says 2"},
		{Topic{Replication: 1, Assignment: [][]int32{{1, 2}}}, "replication_factor says 1"},
		{Topic{Assignment: [][]int32{{1, 2}, {1}}}, "partition 1 has 1 brokers"},
		{Topic{Assignment: [][]int32{{}}}, "has no broker"},
		{Topic{Assignment: [][]int32{{1, 1}}}, "broker 1 is given twice"},
	} {
		checkError(t, tt.topic.Name, tt.topic.CheckTogether(), tt.want)
	}
}
