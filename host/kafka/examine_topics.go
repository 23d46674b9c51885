package kafka

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// The bits of rights in what brokers say of authorized operations.
const (
	mayRead  = 3
	mayWrite = 4
)

// allows tells whether a right is among those that brokers name. Old ones name
// none, and then nothing is known to be missing.
func allows(operations int32, right int) bool {
	return operations == math.MinInt32 || operations&(1<<right) != 0
}

func (e *examination) grant(operation, on string) string {
	return fmt.Sprintf("grant %s on %s to %s", operation, on, e.options.principal())
}

// topics looks at what is read and written: that it is there, has leaders and
// enough replicas, and that the rights are.
func (e *examination) topics(ctx context.Context, client *kgo.Client, uses Uses) {
	names := slices.Compact(slices.Sorted(slices.Values(slices.Concat(uses.Read, uses.Write))))
	if len(names) == 0 {
		return // the request would be for all topics
	}
	req := kmsg.NewPtrMetadataRequest()
	req.IncludeTopicAuthorizedOperations = true
	for _, name := range names {
		t := kmsg.NewMetadataRequestTopic()
		t.Topic = kmsg.StringPtr(name)
		req.Topics = append(req.Topics, t)
	}
	resp, err := req.RequestWith(ctx, client)
	if err != nil {
		e.bad("topics", err.Error(), reachRemedy(err))
		return
	}
	byName := make(map[string]*kmsg.MetadataResponseTopic)
	for i := range resp.Topics {
		if t := &resp.Topics[i]; t.Topic != nil {
			byName[*t.Topic] = t
		}
	}
	for _, name := range names {
		e.topic(name, byName[name], slices.Contains(uses.Read, name), slices.Contains(uses.Write, name))
	}
}

func (e *examination) topic(name string, t *kmsg.MetadataResponseTopic, read, write bool) {
	what := "topic " + name
	if t == nil {
		e.bad(what, "the brokers say nothing of it", "")
		return
	}
	switch err := kerr.ErrorForCode(t.ErrorCode); {
	case errors.Is(err, kerr.UnknownTopicOrPartition):
		e.bad(what, "does not exist", "weir topics apply makes it, as would topics.on_start: create")
	case errors.Is(err, kerr.TopicAuthorizationFailed):
		e.bad(what, "may not be seen", e.grant("DESCRIBE", what))
	case err != nil:
		e.bad(what, err.Error(), "")
	case read && !allows(t.AuthorizedOperations, mayRead):
		e.bad(what, "may not be read", e.grant("READ", what))
	case write && !allows(t.AuthorizedOperations, mayWrite):
		e.bad(what, "may not be written", e.grant("WRITE", what))
	default:
		e.replicas(what, t)
	}
}

func (e *examination) replicas(what string, t *kmsg.MetadataResponseTopic) {
	var leaderless, behind []int32
	for _, p := range t.Partitions {
		switch {
		case p.Leader < 0:
			leaderless = append(leaderless, p.Partition)
		case len(p.ISR) < len(p.Replicas):
			behind = append(behind, p.Partition)
		}
	}
	slices.Sort(leaderless)
	slices.Sort(behind)
	switch {
	case len(leaderless) > 0:
		e.bad(what, fmt.Sprintf("no broker leads partitions %d", leaderless), "bring back the brokers that hold them; until then nothing of them is read or written")
	case len(behind) > 0:
		e.doubt(what, fmt.Sprintf("replicas of partitions %d are missing or behind", behind), "look at the brokers: one more that is lost may stop these partitions")
	default:
		e.good(what, "%s", counted(len(t.Partitions), "partition"))
	}
}

func counted(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}
