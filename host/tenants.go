package host

import (
	"context"
	"runtime"

	"github.com/weirhq/weir/host/event"
	"github.com/weirhq/weir/host/kafka"
	"github.com/weirhq/weir/host/pipeline"
	"github.com/weirhq/weir/host/plugin"
	"github.com/weirhq/weir/host/telemetry"
	"github.com/weirhq/weir/host/tenant"
)

// tenants are the accounts of a host, by the names of tenants. The one of the
// empty name is of the pipelines that belong to none. Without tenants in the
// configuration there are no accounts, and nothing is shared out.
type tenants map[string]*tenant.Tenant

// Spread makes room beside the modules of tenants, when there are any: for as
// long as they take all cores, what the host does itself would wait for one of them
// to come to the end of its slice, at each step of an event's way. With twice the
// threads the system shares the cores out, and prefers who sleeps a lot. It returns how
// many modules may compute at a time, for Options.
func Spread(spec *Spec) (cores int) {
	cores = runtime.GOMAXPROCS(0)
	if len(spec.Tenants) > 0 {
		runtime.GOMAXPROCS(2 * cores)
	}
	return cores
}

// openTenants opens an account for each tenant of a configuration.
func openTenants(spec *Spec, cores int) tenants {
	if len(spec.Tenants) == 0 {
		return nil
	}
	if cores == 0 {
		cores = runtime.GOMAXPROCS(0)
	}
	scheduler := tenant.NewScheduler(cores)
	all := tenants{"": tenant.New("", tenant.Quota{}, scheduler)}
	for _, t := range spec.Tenants {
		all[t.Name] = tenant.New(t.Name, t.Quota, scheduler)
	}
	return all
}

// of is the account of a pipeline, nil for none.
func (t tenants) of(pipeline string) *tenant.Tenant { return t[tenantOf(pipeline)] }

// quota is what the sources of a pipeline keep to.
func (t tenants) quota(pipeline string) kafka.Quota {
	if account := t.of(pipeline); account != nil {
		return account
	}
	return nil
}

// allowTopic is the rule for topics that the processors of a pipeline choose.
func (s *Spec) allowTopic(pipeline string) func(topic string) error {
	t := s.Tenant(pipeline)
	if t == nil {
		return nil
	}
	return func(topic string) error { return t.Rules.Write.Check("write to", topic) }
}

// account opens the processors of a pipeline on its tenant's account, if there is
// one.
type account struct{ *tenant.Tenant }

func (a account) open(ctx context.Context, module *plugin.Plugin, cfg plugin.Config) (pipeline.Processor, error) {
	if a.Tenant == nil {
		return module.Open(ctx, cfg)
	}
	worker, err := a.Worker()
	if err != nil {
		return nil, err
	}
	p, err := openFair(ctx, worker, module, cfg)
	if err != nil {
		worker.Done()
		return nil, err
	}
	return &fair{p, worker}, nil
}

// try opens a processor and closes it.
func (a account) try(ctx context.Context, module *plugin.Plugin, cfg plugin.Config) error {
	cfg.Counters = nil
	if a.Tenant == nil {
		trial, err := module.Open(ctx, cfg)
		if err != nil {
			return err
		}
		return trial.Close(ctx)
	}
	worker := a.Trial()
	defer worker.Done()
	trial, err := openFair(ctx, worker, module, cfg)
	if err != nil {
		return err
	}
	return trial.Close(ctx)
}

func openFair(ctx context.Context, worker *tenant.Worker, module *plugin.Plugin, cfg plugin.Config) (*plugin.Processor, error) {
	if err := worker.Enter(ctx); err != nil {
		return nil, err
	}
	defer worker.Leave()
	cfg.Account = worker
	return module.Open(ctx, cfg)
}

// fair is a processor that computes in the slots of its tenant.
type fair struct {
	pipeline.Processor
	worker *tenant.Worker
}

// Process implements pipeline.Processor.
func (f *fair) Process(ctx context.Context, in, out []event.Event, fail func(i int, f *event.Failure)) ([]event.Event, error) {
	if err := f.worker.Enter(ctx); err != nil {
		return out, err
	}
	defer f.worker.Leave()
	return f.Processor.Process(ctx, in, out, fail)
}

// Digest implements pipeline.Module.
func (f *fair) Digest() string {
	if m, ok := f.Processor.(pipeline.Module); ok {
		return m.Digest()
	}
	return ""
}

// Close implements pipeline.Processor. It waits for no slot: to close is short,
// and may be all that others wait for.
func (f *fair) Close(ctx context.Context) error {
	err := f.Processor.Close(ctx)
	f.worker.Done()
	return err
}

// TenantUsage is what a tenant has used since the process started, or since it
// came, and what it may use.
type TenantUsage struct {
	Name      string
	Pipelines int
	Quota     tenant.Quota
	tenant.Usage
}

// Usage reads the accounts of all tenants, in the order of the configuration.
func (h *Host) Usage() []TenantUsage {
	counts := map[string]int{}
	for _, m := range h.list() {
		counts[tenantOf(m.name)]++
	}
	var all []TenantUsage
	for _, t := range h.billed {
		all = append(all, TenantUsage{Name: t.Name, Pipelines: counts[t.Name], Quota: t.Quota, Usage: h.tenants[t.Name].Usage()})
	}
	return all
}

// TenantSamples reads the same for telemetry.
func (h *Host) TenantSamples() []telemetry.TenantSample {
	var all []telemetry.TenantSample
	for _, t := range h.Usage() {
		u := t.Usage
		all = append(all, telemetry.TenantSample{
			Name: t.Name, Fuel: u.Fuel, CPU: u.CPU.Seconds(), Memory: u.Memory, MemorySeconds: u.MemorySeconds, Instances: u.Instances,
			Events: u.Events, Bytes: u.Bytes, Suppressed: u.Suppressed,
			WaitedCPU: u.WaitedCPU.Seconds(), WaitedEvents: u.WaitedEvents.Seconds(), WaitedBytes: u.WaitedBytes.Seconds(),
		})
	}
	return all
}
