package kafka

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"
)

// brokersAssign tells whether the brokers share the partitions of the group.
func (o *Options) brokersAssign() bool { return o.String("group.protocol") == "consumer" }

var balancers = map[string]func() kgo.GroupBalancer{
	"cooperative-sticky": kgo.CooperativeStickyBalancer,
	"range":              kgo.RangeBalancer,
	"roundrobin":         kgo.RoundRobinBalancer,
}

// balancerOpts is how partitions are shared. With the brokers' protocol the
// client wants their assignor in the form of a balancer of its own.
func balancerOpts(o *Options) ([]kgo.Opt, error) {
	if o.brokersAssign() {
		balancer := kgo.StickyBalancer()
		if o.String("group.remote.assignor") == "range" {
			balancer = kgo.RangeBalancer()
		}
		return []kgo.Opt{kgo.ServerSideBalancer(), kgo.Balancers(balancer)}, nil
	}
	var out []kgo.GroupBalancer
	eager := 0
	for _, name := range o.List("partition.assignment.strategy") {
		balancer := balancers[strings.ToLower(name)]
		if balancer == nil {
			return nil, fmt.Errorf("%q must be one of cooperative-sticky, range, roundrobin", name)
		}
		if strings.ToLower(name) != "cooperative-sticky" {
			eager++
		}
		out = append(out, balancer())
	}
	if eager > 0 && eager < len(out) {
		return nil, fmt.Errorf("cooperative-sticky does not mix with range and roundrobin")
	}
	return []kgo.Opt{kgo.Balancers(out...)}, nil
}

// heartbeatOpts keeps an unset heartbeat below a short session.
func heartbeatOpts(o *Options) ([]kgo.Opt, error) {
	beat := o.Duration("heartbeat.interval.ms")
	if !o.Set("heartbeat.interval.ms") {
		beat = min(beat, o.Duration("session.timeout.ms")/3)
	}
	return []kgo.Opt{kgo.HeartbeatInterval(beat)}, nil
}

// excludeOpts leaves topics out of what regular expressions match. A topic that
// is named is not one to leave out.
func excludeOpts(o *Options) ([]kgo.Opt, error) {
	patterns := o.List("topic.blacklist")
	if len(patterns) == 0 {
		return nil, nil
	}
	for _, pattern := range patterns {
		if _, err := regexp.Compile(pattern); err != nil {
			return nil, err
		}
	}
	expressions := false
	for _, topic := range o.List("topic") {
		if strings.HasPrefix(topic, "^") {
			expressions = true
		} else if o.Excludes(topic) {
			return nil, fmt.Errorf("leaves out %s, which topic names", topic)
		}
	}
	if !expressions {
		return nil, nil
	}
	return []kgo.Opt{kgo.ConsumeRegex(), kgo.ConsumeExcludeTopics(patterns...)}, nil
}

// Excludes tells whether topic.blacklist leaves out a topic.
func (o *Options) Excludes(topic string) bool {
	return slices.ContainsFunc(o.List("topic.blacklist"), func(pattern string) bool {
		ok, err := regexp.MatchString(pattern, topic)
		return err == nil && ok
	})
}
