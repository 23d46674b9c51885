// Package host is the composition root: it makes the parts that a Spec names
// and joins them into running pipelines. It is the only package that knows all
// others.
package host

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/weirhq/weir/host/event"
	"github.com/weirhq/weir/host/kafka"
	"github.com/weirhq/weir/host/pipeline"
	"github.com/weirhq/weir/host/plugin"
	"github.com/weirhq/weir/host/schema"
	"github.com/weirhq/weir/host/shadow"
	"github.com/weirhq/weir/host/tap"
)

// Options are what a host needs besides its Spec. Zero values mean the
// defaults given.
type Options struct {
	// Log gets start, stop, failures and warnings. Default: nowhere.
	Log *zap.Logger
	// CacheDir keeps compiled modules, and those that came over the network. Empty:
	// they are compiled, and fetched, at each start.
	CacheDir string
	// Interpreter runs modules without compiling them, many times slower.
	Interpreter bool
	// ExitAtEnd ends each pipeline once its group has committed everything up
	// to the end offsets seen at its start.
	ExitAtEnd bool
	// From is where sources begin without an offset; the zero Start leaves it
	// to their options.
	From kafka.Start
	// To is where ExitAtEnd ends before those; the zero Start is nowhere.
	To kafka.Start
	// Cores is how many modules compute at a time where there are tenants. Default
	// GOMAXPROCS.
	Cores int
	// DrainTimeout bounds a graceful stop. Default 30 s.
	DrainTimeout time.Duration
	// Load reads the configuration anew for Reload; nil takes the present one, of
	// which files of modules may have changed.
	Load func(ctx context.Context) (*Spec, error)
	// Prepare, when set, is called with a configuration that is about to take the
	// place of another, once all of it is built: it makes the topics ready. With
	// its error nothing changes.
	Prepare func(ctx context.Context, spec *Spec) error
	// Stay keeps Run from returning when no pipeline runs any more: those that a
	// failure stopped wait for ClearError.
	Stay bool
}

// Host runs the pipelines of a Spec, which can be given another one meanwhile.
type Host struct {
	opts    Options
	tenants tenants
	billed  []*TenantSpec // the tenants, in the order of the Spec
	log     *zap.Logger
	loader  *plugin.Loader
	modules plugin.Options                // of the loader
	redact  atomic.Pointer[tap.Redaction] // of taps

	mu      sync.RWMutex
	members []*member // in the order of the Spec; never changed in place
	running running

	reloading  sync.Mutex // of what follows
	spec       *Spec
	registries map[*schema.RegistryConfig]*schema.Registry
	reloads    reloads

	room *shadow.Room // of candidates
}

// sink is what kafka.Sink and kafka.Transactions have in common.
type sink interface {
	pipeline.Sink
	Open() error
	Close()
	Check(topic string, e *event.Event) *event.Failure
	Produced() map[string]uint64
	Away() string
	Waited() time.Duration
}

// New loads every module, gives each a trial instance with its config, and
// builds the pipelines. It touches no network, but for modules that come over it
// and are not in the cache. All problems are returned
// together, each with its place in the configuration. Close must be called
// on the host.
func New(ctx context.Context, spec *Spec, opts Options) (*Host, error) {
	if opts.Log == nil {
		opts.Log = zap.NewNop()
	}
	found, err := NewStore(spec.Modules, opts.CacheDir, opts.Log)
	if err != nil {
		return nil, err
	}
	modules := plugin.Options{CacheDir: opts.CacheDir, Interpreter: opts.Interpreter, Store: found, Log: opts.Log}
	loader, err := plugin.NewLoader(ctx, modules)
	if err != nil {
		return nil, err
	}
	h := &Host{
		opts: opts, tenants: openTenants(spec, opts.Cores), billed: spec.Tenants, log: opts.Log, loader: loader, modules: modules,
		spec: spec, registries: map[*schema.RegistryConfig]*schema.Registry{}, running: newRunning(opts.Stay),
		room: shadow.NewRoom(roomShare * float64(runtime.GOMAXPROCS(0))),
	}
	h.redact.Store(spec.Redact)
	b := builder{Host: h}
	for _, p := range spec.Pipelines {
		h.members = append(h.members, b.member(ctx, p))
	}
	if err := b.err(); err != nil {
		return nil, errors.Join(err, loader.Close(ctx))
	}
	b.tell()
	return h, nil
}

// Close lets go of the modules and of connections to schema registries. Run
// must have returned.
func (h *Host) Close(ctx context.Context) error {
	for _, r := range h.registries {
		r.Close()
	}
	comparing, cancel := context.WithTimeout(ctx, closeRoom)
	defer cancel()
	h.room.Close(comparing)
	return h.loader.Close(ctx)
}

// closeRoom is how long candidates may end what they have.
const closeRoom = 2 * time.Second

// ModuleError marks an error as one of a module that was not taken.
type ModuleError struct{ error }

func (e *ModuleError) Unwrap() error { return e.error }

// list gives the pipelines of this moment.
func (h *Host) list() []*member {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.members
}

// Reset makes the groups of all sources go on at a place, whatever they have
// committed. It is called before Run.
func (h *Host) Reset(ctx context.Context, to kafka.Start) error {
	var errs []error
	for _, m := range h.list() {
		for _, source := range m.sources {
			if err := source.Reset(ctx, to); err != nil {
				errs = append(errs, fmt.Errorf("pipeline %s: %w", m.name, err))
			}
		}
	}
	return errors.Join(errs...)
}

// Spans says what the sources would read up to their ends, before Run.
func (h *Host) Spans(ctx context.Context) ([]kafka.Span, error) {
	var spans []kafka.Span
	for _, m := range h.list() {
		for _, source := range m.sources {
			more, err := source.Spans(ctx)
			if err != nil {
				return nil, fmt.Errorf("pipeline %s: %w", m.name, err)
			}
			spans = append(spans, more...)
		}
	}
	return spans, nil
}
