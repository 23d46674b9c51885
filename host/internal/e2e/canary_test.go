package e2e

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/weirhq/weir/host/internal/kafkatest"
)

// TestSecretsShowNowhere gives weir secrets in every option that holds one,
// makes it fail to log in with the most talkative log, and looks for them in
// everything that it says.
func TestSecretsShowNowhere(t *testing.T) {
	const canary = "canary-4711"
	broker := kafkatest.Fake(t, kfake.EnableSASL(), kfake.Superuser("PLAIN", "me", "right"), kfake.Superuser("SCRAM-SHA-256", "me", "right"))
	file := writeFile(t, "password", canary+"-file\n")
	template := `
connections:
  kafka:
    bootstrap_servers: %s
    security_protocol: SASL_PLAINTEXT
    sasl_mechanism: %s
    sasl_username: me
    sasl_password: %s
    ssl.key.password: canary-4711-key
    ssl.key.pem: canary-4711-pem
    ssl.keystore.password: canary-4711-store
    sasl.oauthbearer.token: canary-4711-token
    sasl.oauthbearer.client.secret: canary-4711-client
    debug: all
pipelines:
  copy:
    source: {topic: in, group_id: g}
    sink: {topic: out}
`
	for mechanism, password := range map[string]string{
		"PLAIN":         canary + "-plain",
		"SCRAM-SHA-256": "${file:" + file + "}",
		"SCRAM-SHA-512": canary + "-not-offered",
	} {
		t.Run(mechanism, func(t *testing.T) {
			config := writeFile(t, "weir.yaml", fmt.Sprintf(template, broker.Addresses, mechanism, password))
			var said strings.Builder
			for _, command := range [][]string{
				{"check"}, {"config", "explain"}, {"topics", "plan"}, {"topics", "apply"},
			} {
				_, output := runWeir(t, append(command, "--config", config)...)
				fmt.Fprintln(&said, command, output)
			}
			w := startWeir(t, config)
			eventually(t, "a warning about the login", func() bool {
				if w.Exited() {
					t.Fatalf("weir ended by itself; its output:\n%s", w.Output())
				}
				return strings.Contains(w.Output(), "no connection to a broker") && get(w, "/metrics") != ""
			})
			for _, path := range []string{"/metrics", "/readyz", "/livez", "/"} {
				said.WriteString(get(w, path))
			}
			w.Kill(t)
			said.WriteString(w.Output())
			if at := strings.Index(said.String(), canary); at >= 0 {
				t.Errorf("a secret shows: …%s…", said.String()[max(0, at-200):min(said.Len(), at+50)])
			}
			if !strings.Contains(said.String(), "***") {
				t.Error("no secret was masked: the test does not look where they are")
			}
		})
	}
}

// get is what the process answers, "" once it has ended.
func get(w *weir, path string) string {
	response, err := http.Get("http://" + w.admin + path)
	if err != nil {
		return ""
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return ""
	}
	return string(body)
}
