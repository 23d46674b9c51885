package host

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/weirhq/weir/host/event"
	"github.com/weirhq/weir/host/pipeline"
	"github.com/weirhq/weir/host/plugin"
)

// slot is the place of a module in a chain. The module in it may change while
// events flow; each lane takes the one that is there before its next batch.
type slot struct {
	log     *zap.Logger
	cfg     plugin.Config
	account account
	version atomic.Uint64
	module  atomic.Pointer[plugin.Plugin]
	record  *record
	beside  *candidate // nil without one
}

func newSlot(log *zap.Logger, pipeline string, s *StepSpec) *slot {
	return &slot{
		log:    log.With(zap.String("pipeline", pipeline), zap.String("processor", s.Name)),
		cfg:    plugin.Config{Pipeline: pipeline, Processor: s.Name, Config: s.Config, Counters: new(plugin.Counters)},
		record: new(record),
	}
}

// open makes the processor of a lane.
func (s *slot) open(ctx context.Context) (pipeline.Processor, error) {
	for {
		module := s.module.Load()
		p, err := s.account.open(ctx, module, s.cfg)
		if errors.Is(err, plugin.ErrReleased) && s.module.Load() != module {
			continue // replaced between the two
		}
		switch {
		case err != nil:
			return nil, err
		case s.beside != nil:
			return s.beside.shadow.Load().Beside(hold(p)), nil
		}
		return p, nil
	}
}

func (s *slot) put(module *plugin.Plugin) (old *plugin.Plugin) {
	old = s.module.Swap(module)
	if s.beside != nil {
		s.beside.renew()
	}
	s.version.Add(1)
	return old
}

// release lets go of the slot's modules.
func (s *slot) release(ctx context.Context) error {
	err := s.module.Load().Release(ctx)
	if s.beside != nil {
		err = errors.Join(err, s.beside.module.Release(ctx))
	}
	return err
}

// took notes which module processes a partition from an event on, and tells of it
// where another one did before.
func (s *slot) took(p pipeline.Processor, from *event.Partition, offset int64, replaced bool) {
	digest := digestPrefix + p.(pipeline.Module).Digest()
	s.record.add(Takeover{Time: time.Now(), Digest: digest, EventPlace: EventPlace{from.Topic, from.Number, offset}})
	if replaced {
		s.log.Info("module takes over", zap.String("digest", digest),
			zap.String("topic", from.Topic), zap.Int32("partition", from.Number), zap.Int64("offset", offset))
	}
}

// Takeover says which module processes a partition from an event on: when the
// partition was assigned, and when another module or configuration took the place
// of the one before.
type Takeover struct {
	Time   time.Time `json:"time"`
	Digest string    `json:"digest"`
	EventPlace
}

// maxTakeovers bounds what is remembered of a processor.
const maxTakeovers = 1000

// record is what is known of the modules that a processor was made of.
type record struct {
	// Reloads that put another module in, and those that kept the old one.
	replaced, refused atomic.Uint64

	mu    sync.Mutex
	ring  []Takeover
	first int // the oldest, once the ring is full
}

func (r *record) add(t Takeover) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.ring) < maxTakeovers {
		r.ring = append(r.ring, t)
		return
	}
	r.ring[r.first] = t
	r.first = (r.first + 1) % maxTakeovers
}

// takeovers lists what is remembered, from the oldest on.
func (r *record) takeovers() []Takeover {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append(append(make([]Takeover, 0, len(r.ring)), r.ring[r.first:]...), r.ring[:r.first]...)
}
