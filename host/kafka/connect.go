package kafka

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// connect makes the client. When ctx ends, so does the client's own waiting.
func (r *session) connect(ctx context.Context) error {
	opts, err := r.cfg.Options.ClientOpts()
	if err != nil {
		return err
	}
	opts = append(opts,
		kgo.WithContext(ctx),
		// Control records are no events, but the position moves over them: else
		// a transactional topic shows a lag for ever.
		kgo.KeepControlRecords(),
		kgo.AlwaysRetryEOF(), // as the sink
		clientLog(r.cfg.Log, r.cfg.Options),
		kgo.WithHooks(r.reach),
	)
	made := make(chan struct{})
	defer close(made)
	if r.own == nil {
		opts = append(opts, r.membership(made)...)
	}
	if r.cfg.From.word != "" {
		opts = append(opts, kgo.ConsumeStartOffset(r.cfg.From.clientOffset()))
	}
	r.client, err = kgo.NewClient(append(opts, r.cfg.Extra...)...)
	if err != nil {
		return fmt.Errorf("kafka client: %w", err)
	}
	if r.own != nil {
		r.own.admin = kadm.NewClient(r.client)
	}
	return nil
}

// membership is how the client reads as a member of the group. It joins before
// it is known here, which is when made is closed.
func (r *session) membership(made <-chan struct{}) []kgo.Opt {
	opts := []kgo.Opt{
		kgo.ConsumeTopics(r.cfg.Topics...),
		// Call-backs and dispatch exclude each other, so a lane exists for
		// whatever was polled. The block covers nothing but the dispatch.
		kgo.BlockRebalanceOnPoll(),
		kgo.OnPartitionsAssigned(r.assigned),
		kgo.AdjustFetchOffsetsFn(func(ctx context.Context, offsets map[string]map[int32]kgo.Offset) (map[string]map[int32]kgo.Offset, error) {
			<-made
			return r.place(ctx, offsets)
		}),
		kgo.OnPartitionsRevoked(r.revoked),
		kgo.OnPartitionsLost(r.lost),
	}
	if r.writer != nil {
		opts = append(opts, kgo.DisableAutoCommit())
	} else { // the client marks and commits; what is marked is ours to decide
		opts = append(opts, kgo.AutoCommitMarks(), kgo.AutoCommitCallback(r.committed))
	}
	if r.cfg.Regex {
		opts = append(opts, kgo.ConsumeRegex())
	}
	return opts
}
