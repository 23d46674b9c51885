package plugin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/weirhq/weir/host/abi"
	"github.com/weirhq/weir/host/capture"
	"github.com/weirhq/weir/host/manifest"
	"github.com/weirhq/weir/host/wasm"
)

// ErrReleased says that a plugin was released and can be opened no more.
var ErrReleased = errors.New("the module was released")

// Plugin is a module that is ready to run.
type Plugin struct {
	loader *Loader
	ref    string
	digest string
	signer string
	limits Limits
	*loaded
	warned   sync.Once
	released atomic.Bool
}

// Release lets go of the plugin. Its code is kept until the last processor that
// was made of it is closed.
func (p *Plugin) Release(ctx context.Context) error {
	if p.released.Swap(true) {
		return nil
	}
	return p.loader.release(ctx, p.loaded)
}

// Digest is the sha256 of the module, in hexadecimal.
func (p *Plugin) Digest() string { return p.digest }

// Signer is the id of the trusted key that the module is signed by, empty where
// no signature was checked.
func (p *Plugin) Signer() string { return p.signer }

// Ref is the reference that the plugin was loaded by, as it may be shown.
func (p *Plugin) Ref() string { return p.ref }

// Manifest is what the module says about itself, nil when it says nothing.
func (p *Plugin) Manifest() *manifest.Manifest { return p.manifest }

// Config is the use of a plugin in a pipeline.
type Config struct {
	// Pipeline and Processor are the names that logs and the guest see.
	Pipeline, Processor string
	// Config is the user's settings, JSON; nil is null.
	Config json.RawMessage
	// Counters counts; the processors of all lanes of a pipeline share one. nil
	// means that each has its own.
	Counters *Counters
	// Candidate says that the processor runs beside the one that is live, which the
	// log says of its lines.
	Candidate bool
	// Capture keeps batches in which the module failed; nil keeps none.
	Capture *capture.Folder
	// Account pays for what the processor's instances use; nil for all of it.
	Account Account
}

// Account is who pays for what instances use, and may let them have less.
type Account interface {
	wasm.Account
	// Burn books fuel.
	Burn(fuel uint64)
	// Log tells whether one more line of the log may be written.
	Log(now time.Time) bool
	// Yield may make an instance wait that has run for a while, and returns for how
	// long.
	Yield(ctx context.Context) time.Duration
}

// Open makes a processor: an instance of the module that took its config.
func (p *Plugin) Open(ctx context.Context, cfg Config) (*Processor, error) {
	opening, err := json.Marshal(struct {
		Pipeline  string          `json:"pipeline"`
		Processor string          `json:"processor"`
		Config    json.RawMessage `json:"config"`
	}{cfg.Pipeline, cfg.Processor, cfg.Config})
	if err != nil {
		return nil, fmt.Errorf("module %s: config: %w", p.ref, err)
	}
	if cfg.Counters == nil {
		cfg.Counters = new(Counters)
	}
	log := p.loader.opts.Log.With(zap.String("pipeline", cfg.Pipeline), zap.String("processor", cfg.Processor))
	if cfg.Candidate {
		log = log.With(zap.Bool("candidate", true))
	}
	proc := &Processor{
		plugin:   p,
		cfg:      cfg,
		capture:  cfg.Capture,
		opening:  opening,
		counters: cfg.Counters,
		decoder:  abi.NewDecoder(p.limits.outputs()),
		guest:    guest{log: newGuestLog(log, p.limits.LogLines, cfg.Account), metrics: &cfg.Counters.Metrics, maxMetrics: p.limits.Metrics, now: p.loader.opts.Now, account: cfg.Account},
	}
	if !p.module.Opens() && !isNull(cfg.Config) {
		p.warned.Do(func() {
			log.Warn("the module takes no config; its config is ignored", zap.String("module", p.ref))
		})
	}
	if p.released.Load() || !p.loader.hold(p.loaded) {
		return nil, fmt.Errorf("module %s: %w", p.ref, ErrReleased)
	}
	if err := proc.start(ctx); err != nil {
		return nil, errors.Join(err, p.loader.release(ctx, p.loaded))
	}
	return proc, nil
}

func isNull(config json.RawMessage) bool {
	return len(config) == 0 || string(config) == "null" || string(config) == "{}"
}

// newInstance makes an instance that took its config.
func (p *Plugin) newInstance(ctx context.Context, host *guest, opening []byte) (*wasm.Instance, error) {
	limits := p.limits.call()
	if host.account != nil {
		limits.Memory = host.account
	}
	in, err := p.module.Instantiate(ctx, host, limits)
	if err != nil {
		return nil, fmt.Errorf("module %s: start an instance: %w", p.ref, err)
	}
	if err := in.Open(ctx, opening); err != nil {
		return nil, errors.Join(fmt.Errorf("module %s: open: %w", p.ref, err), in.Close(ctx, false))
	}
	return in, nil
}
