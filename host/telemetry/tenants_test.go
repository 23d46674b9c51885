package telemetry

import (
	"io"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTenants(t *testing.T) {
	r := New(Build{}, func() []Sample {
		return []Sample{
			{Pipeline: "orders", State: Running, Consumed: 1},
			{Pipeline: "acme/orders", State: Running, Consumed: 2, Topics: []TopicSample{{Topic: "acme.out", Produced: 3}},
				Processors: []ProcessorSample{{Name: "a/b", Dropped: 4}}},
		}
	})
	r.Tenants(func() []TenantSample {
		return []TenantSample{{Name: "acme", Fuel: 1, CPU: 2.5, Memory: 3, MemorySeconds: 4, Instances: 5, Events: 6, Bytes: 7, Suppressed: 8, WaitedCPU: 9, WaitedEvents: 10, WaitedBytes: 11}}
	})
	w := httptest.NewRecorder()
	r.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	body, err := io.ReadAll(w.Result().Body)
	if err != nil || w.Code != 200 {
		t.Fatalf("status %d, error %v: %s", w.Code, err, body)
	}
	var got []string
	for line := range strings.Lines(string(body)) {
		for _, name := range []string{"weir_tenant_", "weir_events_consumed_total{", "weir_events_dropped_total{", "weir_records_produced_total{"} {
			if strings.HasPrefix(line, name) {
				got = append(got, strings.TrimSpace(line))
			}
		}
	}
	want := []string{
		`weir_events_consumed_total{pipeline="acme/orders",tenant="acme"} 2`,
		`weir_events_consumed_total{pipeline="orders"} 1`,
		`weir_events_dropped_total{pipeline="acme/orders",processor="a/b",tenant="acme"} 4`,
		`weir_records_produced_total{pipeline="acme/orders",tenant="acme",topic="acme.out"} 3`,
		`weir_tenant_bytes_total{tenant="acme"} 7`,
		`weir_tenant_cpu_seconds_total{tenant="acme"} 2.5`,
		`weir_tenant_events_total{tenant="acme"} 6`,
		`weir_tenant_fuel_total{tenant="acme"} 1`,
		`weir_tenant_instances{tenant="acme"} 5`,
		`weir_tenant_log_lines_suppressed_total{tenant="acme"} 8`,
		`weir_tenant_memory_byte_seconds_total{tenant="acme"} 4`,
		`weir_tenant_memory_bytes{tenant="acme"} 3`,
		`weir_tenant_waited_seconds_total{for="bytes_per_second",tenant="acme"} 11`,
		`weir_tenant_waited_seconds_total{for="cpu",tenant="acme"} 9`,
		`weir_tenant_waited_seconds_total{for="events_per_second",tenant="acme"} 10`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
