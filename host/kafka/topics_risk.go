package kafka

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// lowerRisks are the options whose lowering can cost something, with what.
var lowerRisks = map[string]string{
	"retention.ms":          "records that are older are deleted",
	"retention.bytes":       "records beyond that size are deleted",
	"delete.retention.ms":   "a slow reader can miss deletions",
	"min.compaction.lag.ms": "overwritten records vanish sooner",
	"min.insync.replicas":   "acknowledged records have fewer copies, and can be lost with them",
}

// switchRisks are the switches of which one position can cost something.
var switchRisks = map[string]struct{ at, risk string }{
	"unclean.leader.election.enable": {"true", "a replica that lags may lead, and acknowledged records are lost"},
	"remote.storage.enable":          {"false", "records in remote storage may be deleted"},
	"remote.log.delete.on.disable":   {"true", "records in remote storage may be deleted"},
}

// optionRisk says what a change of a topic option can cost, or "". A value
// that the broker does not tell counts as the worst.
func optionRisk(name string, c Change) string {
	if risk, ok := lowerRisks[name]; ok && lowered(name, c.Have, c.Want) {
		return risk
	}
	if s, ok := switchRisks[name]; ok && (c.Want == "" || strings.EqualFold(c.Want, s.at)) {
		return s.risk
	}
	if name == "cleanup.policy" {
		return cleanupRisk(c.Have, c.Want)
	}
	return ""
}

// lowered compares two numbers; -1 is without limit where it has that meaning.
func lowered(name, have, want string) bool {
	number := func(text string) (int64, bool) {
		n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
		if err == nil && n == -1 && topicOptions[name].min == -1 {
			n = math.MaxInt64
		}
		return n, err == nil
	}
	before, known := number(have)
	after, told := number(want)
	return !known || !told || after < before
}

// cleanupRisk looks for a way of deletion that the topic does not have yet.
func cleanupRisk(have, want string) string {
	before, after := splitList(have), splitList(want)
	gains := func(policy string) bool {
		return (want == "" || slices.Contains(after, policy)) && !slices.Contains(before, policy)
	}
	switch {
	case gains("delete"):
		return "records beyond retention.ms and retention.bytes are deleted"
	case gains("compact"):
		return "of each key only the last record is kept, and records without a key are refused"
	}
	return ""
}
