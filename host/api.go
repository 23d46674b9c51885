package host

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/weirhq/weir/host/admin"
	"github.com/weirhq/weir/host/admin/api"
	"github.com/weirhq/weir/host/kafka"
	"github.com/weirhq/weir/host/telemetry"
)

// API is the host as the admin API sees it.
func (h *Host) API() api.Host { return remote{h} }

type remote struct{ host *Host }

// Pipelines implements api.Host.
func (r remote) Pipelines() []api.PipelineDetail {
	members := r.host.list()
	all := make([]api.PipelineDetail, len(members))
	for i, m := range members {
		all[i] = m.detail()
	}
	return all
}

// Pause implements api.Host.
func (r remote) Pause(ctx context.Context, pipeline string) error {
	return refused(r.host.Pause(ctx, pipeline))
}

// Resume implements api.Host.
func (r remote) Resume(_ context.Context, pipeline string) error {
	return refused(r.host.Resume(pipeline))
}

// ClearError implements api.Host.
func (r remote) ClearError(ctx context.Context, pipeline string) error {
	return refused(r.host.ClearError(ctx, pipeline))
}

// Tenants implements api.Host.
func (r remote) Tenants() []api.Tenant {
	var all []api.Tenant
	for _, t := range r.host.Usage() {
		q, u := t.Quota, t.Usage
		all = append(all, api.Tenant{
			Name: t.Name, Pipelines: t.Pipelines,
			Quota: api.TenantQuota{
				Weight: q.Weight, CPU: q.CPU, Memory: q.Memory, Instances: q.Instances, Pipelines: q.Pipelines,
				Events: q.Events, Bytes: q.Bytes, LogLines: q.LogLines,
			},
			Usage: api.TenantUsage{
				Fuel: u.Fuel, CPU: u.CPU.Seconds(), Memory: u.Memory, MemorySeconds: u.MemorySeconds, Instances: u.Instances, Events: u.Events, Bytes: u.Bytes,
				Waited:     api.Waited{CPU: u.WaitedCPU.Seconds(), Events: u.WaitedEvents.Seconds(), Bytes: u.WaitedBytes.Seconds()},
				Suppressed: u.Suppressed,
			},
		})
	}
	return all
}

// refused makes of an error what the API tells of it.
func refused(err error) error {
	for cause, code := range map[error]api.Code{ErrNoPipeline: api.NoPipeline, ErrNotStopped: api.NotNow, ErrEnds: api.NotAvailable, ErrNotPaused: api.NotNow, kafka.ErrMembers: api.NotNow} {
		if errors.Is(err, cause) {
			return &api.Error{Code: code, Detail: err.Error()}
		}
	}
	return err
}

var healths = map[admin.Health]api.Health{admin.Up: api.Up, admin.Degraded: api.Degraded, admin.Waiting: api.Waiting, admin.Down: api.Down}

func (m *member) detail() api.PipelineDetail {
	status, sample := m.status(), m.sample()
	d := api.PipelineDetail{
		Pipeline: api.Pipeline{
			Name: status.Name, Tenant: tenantOf(status.Name), State: string(status.State), Since: status.Since, Health: healths[status.health()], Reason: status.Reason, Stop: stopDetail(status.Stop),
			Events: api.Events{Consumed: sample.Consumed, Delivered: sample.Delivered, Abandoned: sample.Abandoned, InFlight: sample.InFlight},
		},
		Delivery:   string(status.Delivery),
		DeadLetter: status.DeadLetterTopic,
		Restarts:   status.Restarts,
		Held:       api.Held{Records: sample.Held.Records, Bytes: sample.Held.Bytes, MaxRecords: sample.Limit.Records, MaxBytes: sample.Limit.Bytes},
		Sink:       api.Sink{Connection: status.Sink.Connection, Topic: status.Sink.Topic, Produced: map[string]uint64{}},
	}
	for _, t := range sample.Topics {
		d.Sink.Produced[t.Topic] = t.Produced
	}
	for _, source := range status.Sources {
		d.Sources = append(d.Sources, sourceDetail(source, &d.Lag))
	}
	known := map[string]ProcessorStatus{}
	for _, p := range status.Processors {
		known[p.Name] = p
	}
	for i := range sample.Processors {
		counted := &sample.Processors[i]
		p := processorDetail(counted)
		p.Kind = "sink" // what happens behind all of them
		if is, ok := known[p.Name]; ok && i < len(sample.Processors)-1 {
			p.Kind, p.Module, p.Digest = string(is.Kind), is.Module, is.Digest
			if own := m.made.Load().find(p.Name); own != nil && own.slot != nil && own.slot.beside != nil {
				p.Shadow = own.slot.beside.detail()
			}
		}
		d.Processors = append(d.Processors, p)
		d.Events.Dropped += p.Dropped
		d.Events.Filtered += p.Filtered
		for _, f := range counted.Failures {
			d.Events.DeadLettered += f.DeadLettered
		}
	}
	return d
}

func stopDetail(s *Stop) *api.Stop {
	if s == nil {
		return nil
	}
	stop := &api.Stop{Message: s.Message, Class: string(s.Class), Processor: s.Processor}
	if s.Event != nil {
		stop.Event = &api.Place{Topic: s.Event.Topic, Partition: s.Event.Partition, Offset: s.Event.Offset}
	}
	return stop
}

// sourceDetail also adds how far the source is behind.
func sourceDetail(s SourceStatus, lag *api.Lag) api.Source {
	of := api.Source{Connection: s.Connection, Group: s.Group, Topics: s.Topics, Rebalances: s.Rebalances, Partitions: []api.PartitionLag{}}
	for _, l := range s.Lags {
		of.Partitions = append(of.Partitions, api.PartitionLag(l))
		lag.Records += l.Records
		lag.Seconds = max(lag.Seconds, l.Seconds)
	}
	slices.SortFunc(of.Partitions, func(a, b api.PartitionLag) int {
		return cmp.Or(cmp.Compare(a.Topic, b.Topic), cmp.Compare(a.Partition, b.Partition))
	})
	return of
}

func processorDetail(s *telemetry.ProcessorSample) api.Processor {
	p := api.Processor{
		Name: s.Name, Seconds: s.Seconds, Dropped: s.Dropped, Filtered: s.Filtered, Retried: s.Retried,
		Failed: map[string]uint64{}, Instances: s.Instances, Fuel: s.Fuel, Reloads: s.Reloads, Refused: s.RefusedReloads,
	}
	for _, f := range s.Failures {
		if f.Failed > 0 {
			p.Failed[f.Class] = f.Failed
		}
	}
	for _, t := range s.Traps {
		if t.Count > 0 {
			if p.Traps == nil {
				p.Traps = map[string]uint64{}
			}
			p.Traps[t.Cause] = t.Count
		}
	}
	return p
}
