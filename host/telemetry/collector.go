package telemetry

import "github.com/prometheus/client_golang/prometheus"

// The metrics. Names and labels are an interface to dashboards and alerts:
// add, never change.
var (
	consumed = desc("weir_events_consumed_total",
		"Events that the source handed to the pipeline.")
	delivered = desc("weir_events_delivered_total",
		"Consumed events whose outputs the brokers all acknowledged.")
	dropped = desc("weir_events_dropped_total",
		"Consumed events that a processor dropped, on purpose or by on_error: drop.", "processor")
	filtered = desc("weir_events_filtered_total",
		"Consumed events that a key filter discarded.", "processor")
	retried = desc("weir_events_retried_total",
		"Further attempts of a processor at events that had failed.", "processor")
	failed = desc("weir_events_failed_total",
		"Events that failed in a processor, whatever its error policy made of them.", "processor", "class")
	deadLettered = desc("weir_events_dead_lettered_total",
		"Consumed events whose dead letter the brokers acknowledged.", "processor", "class")
	abandoned = desc("weir_events_abandoned_total",
		"Events begun and given up at a revoke or a stop; they will be read again.")
	inFlight = desc("weir_events_in_flight",
		"Events consumed and not ended yet.")
	produced = desc("weir_records_produced_total",
		"Records that the brokers acknowledged, dead letters included.", "topic")
	batches = desc("weir_batches_total",
		"Batches that ran through the processors.")
	rebalances = desc("weir_rebalances_total",
		"Times that partitions were assigned to or taken from the pipeline.")
	instances = desc("weir_module_instances_total",
		"WebAssembly instances made, the replacements after a trap included.", "processor")
	traps = desc("weir_module_traps_total",
		"WebAssembly instances thrown away: for a trap, a violation of the ABI, a limit of fuel or of time.", "processor", "cause")
	fuel = desc("weir_module_fuel_total",
		"Fuel that WebAssembly instances used: about one unit a machine instruction.", "processor")
	recycled = desc("weir_module_recycled_total",
		"WebAssembly instances replaced because their memory had grown too large.", "processor")
	moduleInfo = desc("weir_module_info",
		"1 for the module that a processor is made of.", "processor", "digest")
	reloads = desc("weir_module_reloads_total",
		"Times that another module was to take the place: replaced, or refused with the old one kept.", "processor", "result")
	sourceErrors = desc("weir_source_errors_total",
		"Errors of reading after which reading went on; the log has them.")
	skipped = desc("weir_offsets_skipped_total",
		"Offsets that retention or a reset took away before they were read.")
	ruleMatches = desc("weir_key_filter_matches_total",
		"Keys that a rule of a key filter was the first to match.", "processor", "rule")
	transactions = desc("weir_transactions_total",
		"Transactions of a pipeline that delivers exactly once, committed or aborted.", "outcome")
	transactionSeconds = desc("weir_transaction_duration_seconds",
		"How long committed transactions were open.")
	guestCounter = desc("weir_guest_counter_total",
		"A module's own counters, by the name that it gives.", "processor", "name")
	guestGauge = desc("weir_guest_gauge",
		"A module's own gauges, by the name that it gives.", "processor", "name")
	guestHistogram = desc("weir_guest_histogram",
		"A module's own histograms, by the name that it gives.", "processor", "name")
	processing = desc("weir_batch_duration_seconds",
		"How long batches were in the processors.")
	latency = desc("weir_event_latency_seconds",
		"How long events took from the beginning of their batch until all that came of it was acknowledged.")
	backpressure = desc("weir_backpressure_seconds_total",
		"Time that sources did not read for what was in flight, and that lanes waited for room in the sink.", "at")
	processorSeconds = desc("weir_processor_duration_seconds_total",
		"Time that a processor took, summed over lanes.", "processor")
	lookups = desc("weir_schema_lookups_total",
		"Schemas that a schema step looked for: known (hit), asked for (miss), or not to be had (error).", "processor", "result")
	shadowInfo = desc("weir_shadow_info",
		"1 for the candidate that runs beside a processor.", "processor", "digest")
	shadowBatches = desc("weir_shadow_batches_total",
		"Batches that a candidate was to get: compared, dropped for want of capacity, or broken, where it cannot go on.", "processor", "result")
	shadowSame = desc("weir_shadow_records_same_total",
		"Records of which the candidate made the same as the processor.", "processor")
	shadowDifferent = desc("weir_shadow_records_different_total",
		"Records of which the candidate made something else, by what differs first.", "processor", "kind")
	shadowSeconds = desc("weir_shadow_duration_seconds_total",
		"Time that the batches took which were compared, live and in the candidate.", "processor", "side")
	shadowFuel = desc("weir_shadow_fuel_total",
		"Fuel that the batches took which were compared, live and in the candidate.", "processor", "side")
	shadowFailed = desc("weir_shadow_failed_total",
		"Events that failed in the batches which were compared, live and in the candidate.", "processor", "side", "class")
	heldRecords = desc("weir_source_in_flight_records",
		"Records that were read and whose offsets cannot be committed yet.")
	heldBytes = desc("weir_source_in_flight_bytes",
		"Bytes of the records that were read and whose offsets cannot be committed yet.")
	aheadRecords = desc("weir_source_buffered_records",
		"Records that were fetched ahead and not read yet.")
	aheadBytes = desc("weir_source_buffered_bytes",
		"Bytes of the records that were fetched ahead and not read yet, decompressed.")
	limitRecords = desc("weir_source_in_flight_limit_records",
		"Records in flight at which reading pauses.")
	limitBytes = desc("weir_source_in_flight_limit_bytes",
		"Bytes in flight at which reading pauses.")
	lagRecords = desc("weir_source_lag_records",
		"Offsets from what has ended to the end of an owned partition.", "topic", "partition")
	lagSeconds = desc("weir_source_lag_seconds",
		"Age of the oldest record of an owned partition that has not ended, 0 when all have.", "topic", "partition")
	state = desc("weir_pipeline_state",
		"1 for the state that the pipeline is in, else 0.", "state")
)

var descs = []*prometheus.Desc{
	consumed, delivered, dropped, filtered, retried, failed, deadLettered, abandoned, inFlight,
	produced, batches, rebalances, instances, traps, fuel, recycled, moduleInfo, reloads, sourceErrors, skipped, ruleMatches, guestCounter, guestGauge, guestHistogram, state,
	transactions, transactionSeconds, heldRecords, heldBytes, aheadRecords, aheadBytes, limitRecords, limitBytes, lagRecords, lagSeconds,
	processing, latency, backpressure, processorSeconds, lookups,
	shadowInfo, shadowBatches, shadowSame, shadowDifferent, shadowSeconds, shadowFuel, shadowFailed,
}

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, append([]string{"pipeline"}, labels...), nil)
}

// collector writes samples out as metrics.
type collector struct {
	samples func() []Sample
}

var _ prometheus.Collector = (*collector)(nil)

// Describe implements prometheus.Collector.
func (c *collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range descs {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(ch chan<- prometheus.Metric) {
	for _, s := range c.samples() {
		w := writer{ch: ch, pipeline: s.Pipeline}
		w.count(consumed, s.Consumed)
		w.count(delivered, s.Delivered)
		w.count(abandoned, s.Abandoned)
		w.gauge(inFlight, float64(s.InFlight))
		w.count(batches, s.Batches)
		w.count(rebalances, s.Rebalances)
		w.count(sourceErrors, s.SourceErrors)
		w.count(skipped, s.SkippedOffsets)
		for i := range s.Processors {
			w.processor(&s.Processors[i])
		}
		for _, t := range s.Topics {
			w.count(produced, t.Produced, t.Topic)
		}
		if s.Transactions != nil {
			w.transactions(s.Transactions)
		}
		w.source(&s)
		w.histogram(processing, &s.Processing)
		w.histogram(latency, &s.Latency)
		w.seconds(backpressure, s.SourceWaited, "source")
		w.seconds(backpressure, s.SinkWaited, "sink")
		for _, st := range States {
			w.gauge(state, indicator(st == s.State), string(st))
		}
	}
}

// writer sends the metrics of one pipeline.
type writer struct {
	ch       chan<- prometheus.Metric
	pipeline string
}

func (w *writer) source(s *Sample) {
	w.gauge(heldRecords, float64(s.Held.Records))
	w.gauge(heldBytes, float64(s.Held.Bytes))
	w.gauge(limitRecords, float64(s.Limit.Records))
	w.gauge(aheadRecords, float64(s.Ahead.Records))
	w.gauge(aheadBytes, float64(s.Ahead.Bytes))
	w.gauge(limitBytes, float64(s.Limit.Bytes))
	for _, l := range bounded(s.Lags) {
		w.gauge(lagRecords, float64(l.records), l.topic, l.partition)
		w.gauge(lagSeconds, l.seconds, l.topic, l.partition)
	}
}

func (w *writer) processor(p *ProcessorSample) {
	w.count(dropped, p.Dropped, p.Name)
	w.count(filtered, p.Filtered, p.Name)
	w.count(retried, p.Retried, p.Name)
	if p.Timed {
		w.seconds(processorSeconds, p.Seconds, p.Name)
	}
	for _, f := range p.Failures {
		w.count(failed, f.Failed, p.Name, f.Class)
		w.count(deadLettered, f.DeadLettered, p.Name, f.Class)
	}
	for _, r := range p.Rules {
		w.count(ruleMatches, r.Matches, p.Name, r.Rule)
	}
	if p.Module {
		w.count(instances, p.Instances, p.Name)
		w.count(fuel, p.Fuel, p.Name)
		w.count(recycled, p.Recycled, p.Name)
		for _, t := range p.Traps {
			w.count(traps, t.Count, p.Name, t.Cause)
		}
		w.gauge(moduleInfo, 1, p.Name, p.Digest)
		w.count(reloads, p.Reloads, p.Name, "replaced")
		w.count(reloads, p.RefusedReloads, p.Name, "refused")
	}
	for _, l := range p.Lookups {
		w.count(lookups, l.Count, p.Name, l.Result)
	}
	for i := range p.Guest {
		w.guest(p.Name, &p.Guest[i])
	}
	if p.Shadow != nil {
		w.shadow(p.Name, p.Shadow)
	}
}

func (w *writer) shadow(processor string, s *ShadowSample) {
	w.gauge(shadowInfo, 1, processor, s.Digest)
	for _, b := range s.Batches {
		w.count(shadowBatches, b.Count, processor, b.Name)
	}
	w.count(shadowSame, s.Same, processor)
	for _, d := range s.Different {
		w.count(shadowDifferent, d.Count, processor, d.Name)
	}
	for name, side := range map[string]*WorkSample{"live": &s.Live, "candidate": &s.Candidate} {
		w.seconds(shadowSeconds, side.Seconds, processor, name)
		w.count(shadowFuel, side.Fuel, processor, name)
		for _, f := range side.Failed {
			w.count(shadowFailed, f.Count, processor, name, f.Name)
		}
	}
}

func (w *writer) transactions(t *TransactionsSample) {
	w.count(transactions, t.Committed, "committed")
	w.count(transactions, t.Aborted, "aborted")
	w.histogram(transactionSeconds, &t.Duration)
}

func (w *writer) guest(processor string, g *GuestSample) {
	switch {
	case g.Histogram != nil:
		w.histogram(guestHistogram, g.Histogram, processor, g.Name)
	case g.Counter:
		w.send(guestCounter, prometheus.CounterValue, g.Value, []string{processor, g.Name})
	default:
		w.gauge(guestGauge, g.Value, processor, g.Name)
	}
}

func (w *writer) histogram(d *prometheus.Desc, h *Histogram, labels ...string) {
	m, err := prometheus.NewConstHistogram(d, h.Count, h.Sum, h.Buckets, append([]string{w.pipeline}, labels...)...)
	w.put(d, m, err)
}

func (w *writer) count(d *prometheus.Desc, n uint64, labels ...string) {
	w.send(d, prometheus.CounterValue, float64(n), labels)
}

func (w *writer) seconds(d *prometheus.Desc, v float64, labels ...string) {
	w.send(d, prometheus.CounterValue, v, labels)
}

func (w *writer) gauge(d *prometheus.Desc, v float64, labels ...string) {
	w.send(d, prometheus.GaugeValue, v, labels)
}

func (w *writer) send(d *prometheus.Desc, t prometheus.ValueType, v float64, labels []string) {
	labels = append([]string{w.pipeline}, labels...)
	m, err := prometheus.NewConstMetric(d, t, v, labels...)
	w.put(d, m, err)
}

func (w *writer) put(d *prometheus.Desc, m prometheus.Metric, err error) {
	if err != nil {
		// A label that is not UTF-8: the scrape fails and says so.
		m = prometheus.NewInvalidMetric(d, err)
	}
	w.ch <- m
}

func indicator(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
