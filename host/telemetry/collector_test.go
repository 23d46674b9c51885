package telemetry

import (
	"io"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func scrape(t *testing.T, samples ...Sample) (int, []string) {
	t.Helper()
	r := New(Build{Version: "v1.2.3", Revision: "abc", GoVersion: "go1.26"}, func() []Sample { return samples })
	srv := httptest.NewServer(r.Handler())
	defer srv.Close()
	resp, err := srv.Client().Get(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(string(body)) {
		if strings.HasPrefix(line, "weir_") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return resp.StatusCode, lines
}

func TestScrape(t *testing.T) {
	status, got := scrape(t, Sample{
		Pipeline: "orders", State: Running,
		Consumed: 10, Delivered: 4, Abandoned: 1, InFlight: 1, Batches: 2, Rebalances: 3, SourceErrors: 6, SkippedOffsets: 9,
		Processors: []ProcessorSample{
			{Name: "avro", Lookups: []LookupSample{{"hit", 6}, {"miss", 2}}},
			{Name: "keys", Filtered: 1, Retried: 4, Rules: []RuleSample{{"prefix:eu-", 8}}},
			{Name: "selector", Dropped: 1, Timed: true, Seconds: 0.25, Module: true, Instances: 5, Recycled: 2, Fuel: 70, Traps: []TrapSample{{Cause: "abi", Count: 1}}, Digest: "sha256:ab", Reloads: 2, RefusedReloads: 3,
				Shadow: &ShadowSample{
					Digest: "sha256:cd", Batches: []CountSample{{"compared", 9}, {"dropped", 1}}, Same: 20, Different: []CountSample{{"value", 2}},
					Live: WorkSample{Seconds: 1.5, Fuel: 70}, Candidate: WorkSample{Seconds: 2.5, Fuel: 90, Failed: []CountSample{{"trap", 1}}},
				},
				Failures: []FailureSample{{Class: "reject", Failed: 3, DeadLettered: 2}},
				Guest: []GuestSample{
					{Name: "orders", Counter: true, Value: 7},
					{Name: "depth", Value: 0.5},
					{Name: "size", Histogram: &Histogram{Count: 3, Sum: 12, Buckets: map[float64]uint64{1: 1, 10: 3}}},
				}},
		},
		Topics:       []TopicSample{{Topic: "heavy", Produced: 4}},
		Transactions: &TransactionsSample{Committed: 3, Aborted: 1, Duration: Histogram{Count: 3, Sum: 0.5, Buckets: map[float64]uint64{0.25: 2}}},
		Held:         Load{Records: 7, Bytes: 700}, Ahead: Load{Records: 3, Bytes: 300}, Limit: Load{Records: 10, Bytes: 1000},
		Processing: Histogram{Count: 2, Sum: 0.75, Buckets: map[float64]uint64{0.5: 1}}, Latency: Histogram{Count: 9, Sum: 9, Buckets: map[float64]uint64{1: 8}}, SourceWaited: 1.5, SinkWaited: 2.5,
		Lags: []LagSample{{"in", 1, 5, 1.5}, {"in", 0, 0, 0}, {"in", 1, 2, 2}},
	})
	if status != 200 {
		t.Fatalf("status %d", status)
	}
	want := []string{
		`weir_backpressure_seconds_total{at="sink",pipeline="orders"} 2.5`,
		`weir_backpressure_seconds_total{at="source",pipeline="orders"} 1.5`,
		`weir_batch_duration_seconds_bucket{pipeline="orders",le="0.5"} 1`,
		`weir_batch_duration_seconds_bucket{pipeline="orders",le="+Inf"} 2`,
		`weir_batch_duration_seconds_sum{pipeline="orders"} 0.75`,
		`weir_batch_duration_seconds_count{pipeline="orders"} 2`,
		`weir_batches_total{pipeline="orders"} 2`,
		`weir_build_info{goversion="go1.26",revision="abc",version="v1.2.3"} 1`,
		`weir_event_latency_seconds_bucket{pipeline="orders",le="1"} 8`,
		`weir_event_latency_seconds_bucket{pipeline="orders",le="+Inf"} 9`,
		`weir_event_latency_seconds_sum{pipeline="orders"} 9`,
		`weir_event_latency_seconds_count{pipeline="orders"} 9`,
		`weir_events_abandoned_total{pipeline="orders"} 1`,
		`weir_events_consumed_total{pipeline="orders"} 10`,
		`weir_events_dead_lettered_total{class="reject",pipeline="orders",processor="selector"} 2`,
		`weir_events_delivered_total{pipeline="orders"} 4`,
		`weir_events_dropped_total{pipeline="orders",processor="avro"} 0`,
		`weir_events_dropped_total{pipeline="orders",processor="keys"} 0`,
		`weir_events_dropped_total{pipeline="orders",processor="selector"} 1`,
		`weir_events_failed_total{class="reject",pipeline="orders",processor="selector"} 3`,
		`weir_events_filtered_total{pipeline="orders",processor="avro"} 0`,
		`weir_events_filtered_total{pipeline="orders",processor="keys"} 1`,
		`weir_events_filtered_total{pipeline="orders",processor="selector"} 0`,
		`weir_events_in_flight{pipeline="orders"} 1`,
		`weir_events_retried_total{pipeline="orders",processor="avro"} 0`,
		`weir_events_retried_total{pipeline="orders",processor="keys"} 4`,
		`weir_events_retried_total{pipeline="orders",processor="selector"} 0`,
		`weir_guest_counter_total{name="orders",pipeline="orders",processor="selector"} 7`,
		`weir_guest_gauge{name="depth",pipeline="orders",processor="selector"} 0.5`,
		`weir_guest_histogram_bucket{name="size",pipeline="orders",processor="selector",le="1"} 1`,
		`weir_guest_histogram_bucket{name="size",pipeline="orders",processor="selector",le="10"} 3`,
		`weir_guest_histogram_bucket{name="size",pipeline="orders",processor="selector",le="+Inf"} 3`,
		`weir_guest_histogram_sum{name="size",pipeline="orders",processor="selector"} 12`,
		`weir_guest_histogram_count{name="size",pipeline="orders",processor="selector"} 3`,
		`weir_key_filter_matches_total{pipeline="orders",processor="keys",rule="prefix:eu-"} 8`,
		`weir_module_fuel_total{pipeline="orders",processor="selector"} 70`,
		`weir_module_info{digest="sha256:ab",pipeline="orders",processor="selector"} 1`,
		`weir_module_instances_total{pipeline="orders",processor="selector"} 5`,
		`weir_module_recycled_total{pipeline="orders",processor="selector"} 2`,
		`weir_module_reloads_total{pipeline="orders",processor="selector",result="refused"} 3`,
		`weir_module_reloads_total{pipeline="orders",processor="selector",result="replaced"} 2`,
		`weir_module_traps_total{cause="abi",pipeline="orders",processor="selector"} 1`,
		`weir_offsets_skipped_total{pipeline="orders"} 9`,
		`weir_pipeline_state{pipeline="orders",state="draining"} 0`,
		`weir_pipeline_state{pipeline="orders",state="ended"} 0`,
		`weir_pipeline_state{pipeline="orders",state="paused"} 0`,
		`weir_pipeline_state{pipeline="orders",state="running"} 1`,
		`weir_pipeline_state{pipeline="orders",state="starting"} 0`,
		`weir_pipeline_state{pipeline="orders",state="stopped"} 0`,
		`weir_processor_duration_seconds_total{pipeline="orders",processor="selector"} 0.25`,
		`weir_rebalances_total{pipeline="orders"} 3`,
		`weir_records_produced_total{pipeline="orders",topic="heavy"} 4`,
		`weir_schema_lookups_total{pipeline="orders",processor="avro",result="hit"} 6`,
		`weir_schema_lookups_total{pipeline="orders",processor="avro",result="miss"} 2`,
		`weir_shadow_batches_total{pipeline="orders",processor="selector",result="compared"} 9`,
		`weir_shadow_batches_total{pipeline="orders",processor="selector",result="dropped"} 1`,
		`weir_shadow_duration_seconds_total{pipeline="orders",processor="selector",side="candidate"} 2.5`,
		`weir_shadow_duration_seconds_total{pipeline="orders",processor="selector",side="live"} 1.5`,
		`weir_shadow_failed_total{class="trap",pipeline="orders",processor="selector",side="candidate"} 1`,
		`weir_shadow_fuel_total{pipeline="orders",processor="selector",side="candidate"} 90`,
		`weir_shadow_fuel_total{pipeline="orders",processor="selector",side="live"} 70`,
		`weir_shadow_info{digest="sha256:cd",pipeline="orders",processor="selector"} 1`,
		`weir_shadow_records_different_total{kind="value",pipeline="orders",processor="selector"} 2`,
		`weir_shadow_records_same_total{pipeline="orders",processor="selector"} 20`,
		`weir_source_buffered_bytes{pipeline="orders"} 300`,
		`weir_source_buffered_records{pipeline="orders"} 3`,
		`weir_source_errors_total{pipeline="orders"} 6`,
		`weir_source_in_flight_bytes{pipeline="orders"} 700`,
		`weir_source_in_flight_limit_bytes{pipeline="orders"} 1000`,
		`weir_source_in_flight_limit_records{pipeline="orders"} 10`,
		`weir_source_in_flight_records{pipeline="orders"} 7`,
		`weir_source_lag_records{partition="0",pipeline="orders",topic="in"} 0`,
		`weir_source_lag_records{partition="1",pipeline="orders",topic="in"} 7`,
		`weir_source_lag_seconds{partition="0",pipeline="orders",topic="in"} 0`,
		`weir_source_lag_seconds{partition="1",pipeline="orders",topic="in"} 2`,
		`weir_transaction_duration_seconds_bucket{pipeline="orders",le="0.25"} 2`,
		`weir_transaction_duration_seconds_bucket{pipeline="orders",le="+Inf"} 3`,
		`weir_transaction_duration_seconds_sum{pipeline="orders"} 0.5`,
		`weir_transaction_duration_seconds_count{pipeline="orders"} 3`,
		`weir_transactions_total{outcome="aborted",pipeline="orders"} 1`,
		`weir_transactions_total{outcome="committed",pipeline="orders"} 3`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("scrape (-want +got):\n%s", diff)
	}
}

func TestScrapeWithoutPipelines(t *testing.T) {
	status, got := scrape(t)
	want := []string{`weir_build_info{goversion="go1.26",revision="abc",version="v1.2.3"} 1`}
	if diff := cmp.Diff(want, got); status != 200 || diff != "" {
		t.Errorf("status %d, scrape (-want +got):\n%s", status, diff)
	}
}

// Two processors of one name would make two series of one name: the scrape
// must say so, not pick one.
func TestScrapeRefusesDuplicates(t *testing.T) {
	status, _ := scrape(t, Sample{Pipeline: "p", Processors: []ProcessorSample{{Name: "a"}, {Name: "a"}}})
	if status != 500 {
		t.Errorf("status %d, want 500", status)
	}
}
