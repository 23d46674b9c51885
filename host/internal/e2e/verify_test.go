package e2e

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir/host/internal/kafkatest"
	"github.com/weirhq/weir/host/verify/campaign"
)

const (
	// everyBroker is how often a broker is killed.
	everyBroker = 20 * time.Second
	// brokerAway is how long it stays away: its leaderships move, and it comes back
	// with what it missed.
	brokerAway = 7 * time.Second
)

// TestVerifyThreeBrokers runs weir verify on three brokers of which one is killed
// every 20 s, by turns, and started again.
func TestVerifyThreeBrokers(t *testing.T) {
	for _, tc := range []struct {
		delivery, kills, events string
	}{
		{"at_least_once", "30", "200000"},
		{"exactly_once", "20", "150000"},
	} {
		t.Run(tc.delivery, func(t *testing.T) {
			cluster := kafkatest.StartCluster(t, "--brokers", "3")
			p := kafkatest.Start(t, kafkatest.Weir(t), "verify", "--brokers", cluster.Addresses, "--delivery", tc.delivery,
				"--kills", tc.kills, "--events", tc.events, "--duration", "5m", "-o", "json", "--logs", t.TempDir())
			brokers := 0
			for turn := time.NewTicker(everyBroker); !p.Exited(); brokers++ {
				if brokers > 25 {
					t.Fatal("it does not end")
				}
				<-turn.C
				if p.Exited() {
					break
				}
				cluster.KillBroker(t, brokers%3+1)
				time.Sleep(brokerAway)
				cluster.RestartBroker(t, brokers%3+1)
			}
			code := p.Wait(t, patience)
			result := readReport(t, p.Output())
			t.Logf("seed %d: %d inputs, %d outputs, %d duplicates; %d kills and %d brokers in %.0f s: %+v",
				result.Seed, result.Inputs, result.Outputs, result.Duplicates, result.Kills, brokers, result.Seconds, result.Faults)
			if code != 0 || !result.Valid {
				t.Errorf("exit code %d, anomalies %+v\n%s", code, result.Anomalies, result.Log)
			}
			if result.Kills < 10 || brokers < 2 {
				t.Errorf("%d kills and %d brokers: too few to prove anything", result.Kills, brokers)
			}
		})
	}
}

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
