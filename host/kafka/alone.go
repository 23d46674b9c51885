package kafka

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/zap"
)

// A source of chosen partitions is no member of its group. It asks the group
// once for its offsets, reads on from there, and commits what its lanes have
// done as brokers let anybody do while the group has no members.

// beginAgain is the pause between two tries to begin.
const beginAgain = 2 * time.Second

// readAlone begins to read the chosen partitions, when brokers and topics are
// there to do so, and commits from then on. It ends with ctx.
func (r *session) readAlone(ctx context.Context) {
	offsets, ok := r.retry(ctx, r.committedOffsets)
	if !ok {
		return
	}
	r.assigned(ctx, r.client, r.cfg.partitions)
	offsets, ok = r.retry(ctx, func(ctx context.Context) (map[string]map[int32]kgo.Offset, error) { return r.place(ctx, offsets) })
	if !ok {
		return
	}
	r.client.AddConsumePartitions(offsets)
	ticker := time.NewTicker(r.cfg.Options.Duration("auto.commit.interval.ms"))
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if err := r.own.commit(ctx); err != nil && ctx.Err() == nil {
			r.commitFailed(err)
		}
	}
}

// commitFailed ends the session when no later commit can do better.
func (r *session) commitFailed(err error) {
	if refused := new(refusedCommit); errors.As(err, &refused) {
		r.stop(err)
		return
	}
	r.cfg.Log.Warn("commit failed; it is tried again", zap.Error(err))
}

// retry asks until there is an answer. ok is false when ctx ended, or when the
// session is to: nothing that is tried again would help.
func (r *session) retry(ctx context.Context, ask func(context.Context) (map[string]map[int32]kgo.Offset, error)) (offsets map[string]map[int32]kgo.Offset, ok bool) {
	var told time.Time
	for {
		offsets, err := ask(ctx)
		var missing *missingError
		switch {
		case ctx.Err() != nil:
			return nil, false
		case err == nil:
			return offsets, true
		case errors.As(err, &missing) && r.bounds != nil, errors.Is(err, errNoPartition), errors.Is(err, errMembers), fatalGroup(err):
			r.stop(err)
			return nil, false
		case time.Since(told) >= seekEvery:
			told = time.Now()
			r.cfg.Log.Warn("the chosen partitions cannot be read yet; it is tried again", zap.Error(err))
		}
		select {
		case <-ctx.Done():
			return nil, false
		case <-time.After(beginAgain):
		}
	}
}

// missingError says that topics do not exist. Only a bounded run has nothing to
// wait for.
type missingError struct{ topics []string }

func (e *missingError) Error() string {
	return fmt.Sprintf("topic %s does not exist (create it, for instance by weir topics apply, or mend the name)", strings.Join(e.topics, ", "))
}

// committedOffsets is where the group goes on in each chosen partition: what it
// has committed, or where the source begins.
func (r *session) committedOffsets(ctx context.Context) (map[string]map[int32]kgo.Offset, error) {
	admin, group := kadm.NewClient(r.client), r.cfg.Options.String("group.id")
	if err := r.checkPartitions(ctx, admin); err != nil {
		return nil, err
	}
	if err := withoutMembers(ctx, admin, group); err != nil {
		return nil, describeGroup(r.cfg.Options, err)
	}
	committed, err := admin.FetchOffsets(kadm.RequireStable(ctx), group)
	if err == nil {
		err = committed.Error()
	}
	if err != nil && !errors.Is(err, kerr.GroupIDNotFound) { // a group begins with its first commit
		return nil, describeGroup(r.cfg.Options, fmt.Errorf("committed offsets: %w", err))
	}
	out := map[string]map[int32]kgo.Offset{}
	for topic, numbers := range r.cfg.partitions {
		out[topic] = map[int32]kgo.Offset{}
		for _, number := range numbers {
			at, ok := committed.Lookup(topic, number)
			if ok && at.At >= 0 {
				out[topic][number] = kgo.NewOffset().At(at.At).WithEpoch(at.LeaderEpoch)
			} else {
				out[topic][number] = r.start.clientOffset()
			}
		}
	}
	return out, nil
}

// checkPartitions says which of the chosen partitions are not there.
func (r *session) checkPartitions(ctx context.Context, admin *kadm.Client) error {
	topics := slices.Sorted(maps.Keys(r.cfg.partitions))
	found, err := admin.ListTopics(ctx, topics...)
	if err != nil {
		return fmt.Errorf("look for the chosen partitions: %w", err)
	}
	var missing []string
	for _, topic := range topics {
		numbers := r.cfg.partitions[topic]
		switch detail := found[topic]; {
		case errors.Is(detail.Err, kerr.UnknownTopicOrPartition):
			missing = append(missing, topic)
		case detail.Err != nil:
			return describeFetch(r.cfg.Options, topic, numbers[0], detail.Err)
		case int(numbers[len(numbers)-1]) >= len(detail.Partitions):
			return fmt.Errorf("topic %s: %w %d: it has %s (mend partitions, or let the topic grow, for instance by weir topics apply)",
				topic, errNoPartition, numbers[len(numbers)-1], span(len(detail.Partitions)))
		}
	}
	if len(missing) > 0 {
		return &missingError{missing}
	}
	return nil
}

func span(partitions int) string {
	if partitions == 1 {
		return "one, number 0"
	}
	return fmt.Sprintf("%d, numbers 0 to %d", partitions, partitions-1)
}

var (
	errNoPartition = errors.New("there is no partition")
	// errMembers says that others are in a group that should have none.
	errMembers = errors.New("it has members")
)

// withoutMembers fails when the group has members: brokers take commits of
// nobody else then. Groups that the brokers assign show theirs at the first commit.
func withoutMembers(ctx context.Context, admin *kadm.Client, group string) error {
	groups, err := admin.DescribeGroups(ctx, group)
	if err == nil {
		err = groups[group].Err
	}
	if err != nil && !errors.Is(err, kerr.GroupIDNotFound) {
		return fmt.Errorf("look for its members: %w", err)
	}
	if n := len(groups[group].Members); n > 0 {
		return fmt.Errorf("%w, %d of them", errMembers, n)
	}
	return nil
}

// wants tells whether a partition is one that the source may have to read.
func (c *SourceConfig) wants(topic string, number int32) bool {
	return len(c.partitions) == 0 || slices.Contains(c.partitions[topic], number)
}
