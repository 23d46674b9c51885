package campaign

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/weirhq/weir/host/verify"
)

// member is the name under which the process that is started anew gets its
// partitions back at once.
const member = "verify"

// members is how many processes there are at most.
const members = 3

// configFile is where the configuration of a member is.
func (c *campaign) configFile(number int) string {
	return filepath.Join(c.dir, fmt.Sprintf("weir-%d.yaml", number))
}

// moduleFile is where the module is that reloads replace.
func (c *campaign) moduleFile() string { return filepath.Join(c.dir, "topic-selector.wasm") }

// writeFiles writes what the processes read.
func (c *campaign) writeFiles() error {
	for number := range members {
		if err := os.WriteFile(c.configFile(number), c.configuration(number), 0o600); err != nil {
			return err
		}
	}
	if c.Module == nil {
		return nil
	}
	return os.WriteFile(c.moduleFile(), c.Module, 0o600)
}

// configuration is the pipeline under test, as a member runs it: a module routes by
// weight, and what it cannot read becomes a dead letter. Number 0 is killed, and
// has a name in its group; the others come and go.
func (c *campaign) configuration(number int) []byte {
	brokers := c.Brokers
	if c.relay != nil {
		brokers = c.relay.Addrs()
	}
	text := []byte("admin: {listen: off}\n") // which several processes would fight for
	if len(c.Shared) > 0 {
		text = fmt.Appendf(text, "kafka:\n  %s\n", strings.Join(c.Shared, "\n  "))
	}
	text = fmt.Appendf(text, "connections:\n  kafka:\n    bootstrap_servers: %q\n", strings.Join(brokers, ","))
	for _, line := range c.Connection {
		text = fmt.Appendf(text, "    %s\n", line)
	}
	text = fmt.Appendf(text, `pipelines:
  verify:
    delivery: %s
    source:
      topic: %s
      group_id: %s
      auto.offset.reset: earliest
      on_topic_recreated: earliest
      session.timeout.ms: %d
      heartbeat.interval.ms: 1000
      topic.metadata.refresh.interval.ms: 1000
`, delivery(c.ExactlyOnce), c.input(), c.group(), session.Milliseconds())
	if number == 0 {
		text = fmt.Appendf(text, "      group_instance_id: %s\n", member)
	}
	sink := "{}"
	if c.ExactlyOnce {
		text = append(text, "    transaction_interval: 100ms\n"...)
		sink = fmt.Sprintf("{transactional_id: %s-%d}", c.work.Run, number)
	} else { // else they are part of the transactions
		text = append(text, "      auto.commit.interval.ms: 100\n"...)
	}
	module := "builtin:topic-selector"
	if c.Module != nil {
		module = c.moduleFile()
	}
	return fmt.Appendf(text, `    processors:
      - module: %q
        config: {above: %s, below: %s}
        on_error: dead_letter
    sink: %s
    dead_letter: {topic: %s}
`, module, c.outlet(verify.Heavy), c.outlet(verify.Light), sink, c.outlet(verify.Dead))
}
