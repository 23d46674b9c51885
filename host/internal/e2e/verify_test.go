package e2e

import (
	"encoding/json"
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
		{"at_least_once", "30", "400000"},
		{"exactly_once", "20", "300000"},
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
