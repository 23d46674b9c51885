package relay

import (
	"encoding/binary"
	"fmt"

	"github.com/twmb/franz-go/pkg/kbin"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// rewrite puts the relay's addresses into an answer that names brokers.
func (r *Relay) rewrite(q question, frame []byte) ([]byte, error) {
	if q.request == Fetch && q.version < 16 {
		return frame, nil // names none, and is large
	}
	switch kmsg.Key(q.request) {
	case kmsg.Produce, kmsg.Fetch, kmsg.Metadata, kmsg.FindCoordinator, kmsg.DescribeCluster:
	default:
		return frame, nil
	}
	answer := kmsg.ResponseForKey(int16(q.request))
	answer.SetVersion(q.version)
	head := 8
	if answer.IsFlexible() {
		reader := kbin.Reader{Src: frame[head:]}
		kmsg.SkipTags(&reader)
		if err := reader.Complete(); err != nil {
			return nil, fmt.Errorf("%w: %w", errFrame, err)
		}
		head = len(frame) - len(reader.Src)
	}
	if err := answer.ReadFrom(frame[head:]); err != nil {
		return nil, fmt.Errorf("%w: %w", errFrame, err)
	}
	changed, err := r.redirect(answer)
	if err != nil || !changed {
		return frame, err
	}
	out := answer.AppendTo(append([]byte(nil), frame[:head]...))
	binary.BigEndian.PutUint32(out, uint32(len(out)-4))
	return out, nil
}

// redirect replaces the addresses in an answer, and tells whether there were any.
func (r *Relay) redirect(answer kmsg.Response) (changed bool, err error) {
	each := func(host *string, port *int32) {
		if *host == "" || err != nil {
			return // a coordinator that was not found
		}
		changed = true
		err = r.replace(host, port)
	}
	switch a := answer.(type) {
	case *kmsg.MetadataResponse:
		for i := range a.Brokers {
			each(&a.Brokers[i].Host, &a.Brokers[i].Port)
		}
	case *kmsg.FindCoordinatorResponse:
		each(&a.Host, &a.Port)
		for i := range a.Coordinators {
			each(&a.Coordinators[i].Host, &a.Coordinators[i].Port)
		}
	case *kmsg.DescribeClusterResponse:
		for i := range a.Brokers {
			each(&a.Brokers[i].Host, &a.Brokers[i].Port)
		}
	case *kmsg.ProduceResponse:
		for i := range a.Brokers {
			each(&a.Brokers[i].Host, &a.Brokers[i].Port)
		}
	case *kmsg.FetchResponse:
		for i := range a.Brokers {
			each(&a.Brokers[i].Host, &a.Brokers[i].Port)
		}
	}
	return changed, err
}
