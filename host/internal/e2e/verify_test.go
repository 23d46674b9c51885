package e2e

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/weirhq/weir/host/internal/kafkatest"
	"github.com/weirhq/weir/host/verify/campaign"
)

// TestVerifyOverOtherConnections reaches brokers as a configuration says: with a
// login, through the relay; and over TLS, where nothing can be seen on the way.
func TestVerifyOverOtherConnections(t *testing.T) {
	broker := kafkatest.RealSecure(t, "--sasl", "--tls")
	login := []string{"-X", "sasl.mechanism=SCRAM-SHA-256", "-X", "sasl.username=" + kafkatest.Admin, "-X", "sasl.password=" + kafkatest.AdminPassword}
	config := writeFile(t, "weir.yaml", fmt.Sprintf(`
kafka: {sasl_mechanism: PLAIN, sasl_username: %s}
connections:
  other: {bootstrap_servers: "localhost:1"}
  secure:
    bootstrap_servers: %q
    security.protocol: SASL_SSL
    ssl.ca.location: %s/ca.pem
    sasl_password: %s
`, kafkatest.Admin, broker.TLS, broker.Dir, kafkatest.AdminPassword))
	for _, tc := range []struct {
		name string
		args []string
		seen bool
	}{
		{"login", append([]string{"--brokers", broker.SASL, "-X", "security.protocol=SASL_PLAINTEXT"}, login...), true},
		{"tls", []string{"--config", config, "--connection", "secure"}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			code, output := runWeir(t, append([]string{"verify", "--events", "5000", "--kills", "4", "-o", "json"}, tc.args...)...)
			result := readReport(t, output)
			if code != 0 || result.Kills != 4 {
				t.Errorf("exit code %d, %d kills:\n%s", code, result.Kills, output)
			}
			seen := slices.ContainsFunc(result.Faults, func(f campaign.Fault) bool {
				return strings.HasPrefix(f.Name, "kill after") || strings.HasPrefix(f.Name, "kill in") || strings.HasPrefix(f.Name, "kill before")
			})
			if seen != tc.seen {
				t.Errorf("kills at requests: %v, want %v: %+v", seen, tc.seen, result.Faults)
			}
		})
	}
}

// readReport finds the report in what weir verify has printed.
func readReport(t *testing.T, output string) (result campaign.Result) {
	t.Helper()
	for line := range strings.Lines(output) {
		if strings.HasPrefix(line, "{") {
			if err := json.Unmarshal([]byte(line), &result); err != nil {
				t.Fatal(err)
			}
			return result
		}
	}
	t.Fatalf("no report in its output:\n%s", output)
	return result
}
