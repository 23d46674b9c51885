package release_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const operations = root + "/docs/operations"

var (
	metricName = regexp.MustCompile(`\bweir_[a-z_]+`)
	histogram  = regexp.MustCompile(`_(bucket|sum|count)$`)
)

func read(t *testing.T, path ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestMonitoringKnowsItsMetrics: alerts and dashboard ask for what docs/metrics.md
// has, and monitoring.md explains every alert.
func TestMonitoringKnowsItsMetrics(t *testing.T) {
	known := make(map[string]bool)
	for line := range strings.Lines(read(t, root, "docs", "metrics.md")) {
		if cell, _, ok := strings.Cut(strings.TrimPrefix(line, "| "), " |"); ok && strings.HasPrefix(line, "| `weir_") {
			for _, name := range metricName.FindAllString(cell, -1) {
				known[name] = true
			}
		}
	}
	for _, file := range []string{"alerts.yaml", "alerts.test.yaml", "dashboard.json"} {
		for _, name := range metricName.FindAllString(read(t, operations, file), -1) {
			if !known[name] && !known[histogram.ReplaceAllString(name, "")] {
				t.Errorf("%s asks for %s, which docs/metrics.md does not have", file, name)
			}
		}
	}
	page, tests := read(t, operations, "monitoring.md"), read(t, operations, "alerts.test.yaml")
	for _, match := range regexp.MustCompile(`(?m)- alert: (\w+)$`).FindAllStringSubmatch(read(t, operations, "alerts.yaml"), -1) {
		if !strings.Contains(page, "| `"+match[1]+"` |") {
			t.Errorf("monitoring.md does not explain %s", match[1])
		}
		if !strings.Contains(tests, "alertname: "+match[1]) {
			t.Errorf("no test raises %s", match[1])
		}
	}
	if !json.Valid([]byte(read(t, operations, "dashboard.json"))) {
		t.Error("dashboard.json is not JSON")
	}
}

// TestAlerts has Prometheus's own tool run the tests of the alerts, and take the
// expressions of the dashboard.
func TestAlerts(t *testing.T) {
	needed(t, "promtool")
	output(t, "promtool", "check", "rules", filepath.Join(operations, "alerts.yaml"))
	output(t, "promtool", "test", "rules", filepath.Join(operations, "alerts.test.yaml"))

	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal([]byte(read(t, operations, "dashboard.json")), &dashboard); err != nil {
		t.Fatal(err)
	}
	filled := strings.NewReplacer("$__rate_interval", "5m", "$pipeline", ".*")
	for _, panel := range dashboard.Panels {
		for _, target := range panel.Targets {
			rules, err := json.Marshal(map[string]any{"groups": []any{map[string]any{"name": "panel", "rules": []any{
				map[string]any{"record": "a:panel", "expr": filled.Replace(target.Expr)},
			}}}})
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(t.TempDir(), "panel.yaml") // YAML reads JSON
			if err := os.WriteFile(file, rules, 0o644); err != nil {
				t.Fatal(err)
			}
			output(t, "promtool", "check", "rules", "--lint=none", file)
		}
	}
}
