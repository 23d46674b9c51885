package telemetry

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Build identifies the binary, as the labels of weir_build_info.
type Build struct {
	Version   string
	Revision  string
	GoVersion string
}

// Registry holds the metrics of one process.
type Registry struct {
	registry *prometheus.Registry
}

// New makes a registry that calls samples once a scrape, from the goroutine of
// the scrape. samples must be safe for concurrent use and cheap.
func New(build Build, samples func() []Sample) *Registry {
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "weir_build_info",
		Help: "The binary that runs; always 1.",
		ConstLabels: prometheus.Labels{
			"version": build.Version, "revision": build.Revision, "goversion": build.GoVersion,
		},
	})
	info.Set(1)

	r := prometheus.NewRegistry()
	r.MustRegister(
		info,
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		&collector{samples: samples},
	)
	return &Registry{registry: r}
}

// Handler serves the metrics in the format that the client accepts. A scrape
// that fails answers 500 with the reason instead of half of the metrics.
func (r *Registry) Handler() http.Handler {
	return promhttp.HandlerFor(labelled{r.registry}, promhttp.HandlerOpts{
		EnableOpenMetrics: true,
		ErrorHandling:     promhttp.HTTPErrorOnError,
	})
}
