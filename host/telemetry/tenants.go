package telemetry

import (
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// TenantSample is what a tenant has used at one moment, since the process
// started. Memory and Instances are those of now.
type TenantSample struct {
	Name          string
	Fuel          uint64
	CPU           float64 // seconds
	Memory        uint64  // bytes
	MemorySeconds float64 // bytes times seconds
	Instances     int
	Events, Bytes uint64
	Suppressed    uint64 // lines of the log
	// How long it was held up, in seconds.
	WaitedCPU, WaitedEvents, WaitedBytes float64
}

var (
	tenantCPU = tenantDesc("weir_tenant_cpu_seconds_total",
		"Time for which the tenant's modules had a core.")
	tenantFuel = tenantDesc("weir_tenant_fuel_total",
		"Fuel that the tenant's modules used.")
	tenantMemory = tenantDesc("weir_tenant_memory_bytes",
		"Memory that the tenant's instances have.")
	tenantMemorySeconds = tenantDesc("weir_tenant_memory_byte_seconds_total",
		"Memory of the tenant's instances, summed over time.")
	tenantInstances = tenantDesc("weir_tenant_instances",
		"Instances that the tenant has.")
	tenantEvents = tenantDesc("weir_tenant_events_total",
		"Records that the tenant's sources read.")
	tenantBytes = tenantDesc("weir_tenant_bytes_total",
		"Bytes that the tenant's sources read: keys, values and headers.")
	tenantWaited = tenantDesc("weir_tenant_waited_seconds_total",
		"Time that the tenant was held up, summed over what waited: modules for the CPU, sources for a quota.", "for")
	tenantSuppressed = tenantDesc("weir_tenant_log_lines_suppressed_total",
		"Lines that the tenant's modules logged over its quota.")
)

var tenantDescs = []*prometheus.Desc{
	tenantCPU, tenantFuel, tenantMemory, tenantMemorySeconds, tenantInstances, tenantEvents, tenantBytes, tenantWaited, tenantSuppressed,
}

func tenantDesc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, append([]string{"tenant"}, labels...), nil)
}

// Tenants adds the metrics of tenants, read as the samples of pipelines are.
func (r *Registry) Tenants(read func() []TenantSample) { r.registry.MustRegister(&tenants{read}) }

// tenants writes samples of tenants out as metrics.
type tenants struct{ samples func() []TenantSample }

var _ prometheus.Collector = (*tenants)(nil)

// Describe implements prometheus.Collector.
func (t *tenants) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range tenantDescs {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (t *tenants) Collect(ch chan<- prometheus.Metric) {
	for _, s := range t.samples() {
		w := writer{ch: ch, pipeline: s.Name} // the first label, here the tenant
		w.seconds(tenantCPU, s.CPU)
		w.count(tenantFuel, s.Fuel)
		w.gauge(tenantMemory, float64(s.Memory))
		w.seconds(tenantMemorySeconds, s.MemorySeconds)
		w.gauge(tenantInstances, float64(s.Instances))
		w.count(tenantEvents, s.Events)
		w.count(tenantBytes, s.Bytes)
		w.seconds(tenantWaited, s.WaitedCPU, "cpu")
		w.seconds(tenantWaited, s.WaitedEvents, "events_per_second")
		w.seconds(tenantWaited, s.WaitedBytes, "bytes_per_second")
		w.count(tenantSuppressed, s.Suppressed)
	}
}

// labelled adds the label tenant to the metrics of pipelines that have one, whose
// names are TENANT/PIPELINE. Others go without, as they always have.
type labelled struct{ prometheus.Gatherer }

// Gather implements prometheus.Gatherer.
func (g labelled) Gather() ([]*dto.MetricFamily, error) {
	families, err := g.Gatherer.Gather()
	for _, family := range families {
		for _, m := range family.Metric {
			addTenant(m)
		}
	}
	return families, err
}

func addTenant(m *dto.Metric) {
	i := slices.IndexFunc(m.Label, func(l *dto.LabelPair) bool { return l.GetName() == "pipeline" })
	if i < 0 {
		return
	}
	tenant, _, ok := strings.Cut(m.Label[i].GetValue(), "/")
	if !ok {
		return
	}
	name := "tenant"
	at, _ := slices.BinarySearchFunc(m.Label, name, func(l *dto.LabelPair, name string) int { return strings.Compare(l.GetName(), name) })
	m.Label = slices.Insert(m.Label, at, &dto.LabelPair{Name: &name, Value: &tenant})
}
