package kafka

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"
	"go.uber.org/zap"
)

// ErrMembers says that a group has members, which would commit over what is
// committed for it.
var ErrMembers = errors.New("stop all of them first, they would commit over it")

// Reset makes the source's group go on at a place in every partition that the
// source is to read, whatever it has committed. The group must have no members:
// theirs would be the last word. It is called before Run.
func (s *Source) Reset(ctx context.Context, to Start) error {
	client, err := s.lookClient()
	if err != nil {
		return err
	}
	defer client.Close()
	admin, group := kadm.NewClient(client), s.cfg.Options.String("group.id")
	groups, err := admin.DescribeGroups(ctx, group)
	if err != nil {
		return fmt.Errorf("reset of group %s: %w", group, err)
	}
	if members := len(groups[group].Members); members > 0 {
		return fmt.Errorf("reset of group %s: it has %d members (%w)", group, members, ErrMembers)
	}
	topics, err := newBounds(s.cfg, to).topics(ctx, admin)
	if err != nil {
		return fmt.Errorf("reset of group %s: %w", group, err)
	}
	offsets, err := to.offsets(ctx, admin, topics...)
	if err != nil {
		return fmt.Errorf("reset of group %s: find the offsets: %w", group, err)
	}
	commit := kadm.Offsets{}
	offsets.Each(func(o kadm.ListedOffset) {
		if s.cfg.wants(o.Topic, o.Partition) {
			commit.AddOffset(o.Topic, o.Partition, o.Offset, -1)
		}
	})
	if err := admin.CommitAllOffsets(ctx, group, commit); err != nil {
		return fmt.Errorf("reset of group %s: commit: %w", group, err)
	}
	s.cfg.Log.Info("the group's offsets were reset", zap.String("group", group), zap.Any("offsets", commit.Sorted()))
	return nil
}
