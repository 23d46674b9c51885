package telemetry

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// TestDocumented holds the page of the metrics to what there is, both ways.
func TestDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{"weir_build_info": true}
	name := regexp.MustCompile(`fqName: "([a-z_]+)"`)
	for _, d := range slices.Concat(descs, tenantDescs, []*prometheus.Desc{reloadsTotal, reloadSuccess, reloadTime}) {
		known[name.FindStringSubmatch(d.String())[1]] = true
	}
	for metric := range known {
		if !strings.Contains(string(page), "`"+metric+"`") {
			t.Errorf("docs/metrics.md does not have %s", metric)
		}
	}
	for _, metric := range regexp.MustCompile(`\bweir_[a-z_]+`).FindAllString(string(page), -1) {
		if !known[strings.TrimSuffix(metric, "_bucket")] {
			t.Errorf("docs/metrics.md has %s, which does not exist", metric)
		}
	}
}
