package simulation

import (
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// answerEpochs answers how far the log of a leader epoch goes, in place of the
// fake broker: that one does not know an epoch after which nothing was written
// yet, and clients rightly take this for lost data. No log is ever cut in a
// simulation, so every epoch that was reaches to the end.
func (c *Cluster) answerEpochs(r kmsg.Request) (kmsg.Response, error, bool) {
	c.KeepControl()
	req := r.(*kmsg.OffsetForLeaderEpochRequest)
	resp := req.ResponseKind().(*kmsg.OffsetForLeaderEpochResponse)
	node := c.CurrentNode()
	for _, t := range req.Topics {
		answer := kmsg.NewOffsetForLeaderEpochResponseTopic()
		answer.Topic = t.Topic
		for _, p := range t.Partitions {
			answer.Partitions = append(answer.Partitions, c.epochEnd(node, t.Topic, p))
		}
		resp.Topics = append(resp.Topics, answer)
	}
	return resp, nil, true
}

func (c *Cluster) epochEnd(node int32, topic string, p kmsg.OffsetForLeaderEpochRequestTopicPartition) kmsg.OffsetForLeaderEpochResponseTopicPartition {
	answer := kmsg.NewOffsetForLeaderEpochResponseTopicPartition()
	answer.Partition = p.Partition
	info := c.PartitionInfo(topic, p.Partition)
	switch {
	case info == nil:
		answer.ErrorCode = kerr.UnknownTopicOrPartition.Code
	case info.Leader != node:
		answer.ErrorCode = kerr.NotLeaderForPartition.Code
	case p.CurrentLeaderEpoch >= 0 && p.CurrentLeaderEpoch < info.Epoch:
		answer.ErrorCode = kerr.FencedLeaderEpoch.Code
	case p.CurrentLeaderEpoch > info.Epoch || p.LeaderEpoch > info.Epoch:
		answer.ErrorCode = kerr.UnknownLeaderEpoch.Code
	default:
		answer.LeaderEpoch, answer.EndOffset = p.LeaderEpoch, info.HighWatermark
	}
	return answer
}
