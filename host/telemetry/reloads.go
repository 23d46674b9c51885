package telemetry

import "github.com/prometheus/client_golang/prometheus"

var (
	reloadsTotal = prometheus.NewDesc("weir_reloads_total",
		"Reloads of the configuration: applied, unchanged, or refused with everything kept as it was.", []string{"result"}, nil)
	reloadSuccess = prometheus.NewDesc("weir_config_last_reload_success",
		"1 when the last reload of the configuration was taken, or there was none; 0 when it was refused.", nil, nil)
	reloadTime = prometheus.NewDesc("weir_config_last_reload_timestamp_seconds",
		"When the last reload of the configuration was, taken or refused; absent before the first.", nil, nil)
)

// reloadCollector writes out what became of reloads.
type reloadCollector struct{ read func() ReloadSample }

var _ prometheus.Collector = reloadCollector{}

// Reloads adds the metrics of reloads, which read is asked for once a scrape.
func (r *Registry) Reloads(read func() ReloadSample) *Registry {
	r.registry.MustRegister(reloadCollector{read})
	return r
}

// Describe implements prometheus.Collector.
func (c reloadCollector) Describe(ch chan<- *prometheus.Desc) {
	ch <- reloadsTotal
	ch <- reloadSuccess
	ch <- reloadTime
}

// Collect implements prometheus.Collector.
func (c reloadCollector) Collect(ch chan<- prometheus.Metric) {
	s := c.read()
	for _, of := range []struct {
		result string
		n      uint64
	}{{"applied", s.Applied}, {"unchanged", s.Unchanged}, {"refused", s.Refused}} {
		ch <- prometheus.MustNewConstMetric(reloadsTotal, prometheus.CounterValue, float64(of.n), of.result)
	}
	ch <- prometheus.MustNewConstMetric(reloadSuccess, prometheus.GaugeValue, indicator(s.Success))
	if !s.Last.IsZero() {
		ch <- prometheus.MustNewConstMetric(reloadTime, prometheus.GaugeValue, float64(s.Last.UnixMilli())/1000)
	}
}
