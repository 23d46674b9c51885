package campaign

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/weirhq/weir/host/verify"
)

// endings are those that an event can have, by the family of their counters.
var endings = []string{"delivered", "dropped", "filtered", "dead_lettered", "abandoned"}

// conserved holds the counters of the process against each other, while it is
// there and has nothing to do: what was consumed has ended.
func (c *campaign) conserved(ctx context.Context) error {
	url := c.child.log.counters()
	if url == "" || c.failed {
		return nil
	}
	wrong := ""
	for range counterTries { // a mark may still be on its way; what is wrong stays wrong
		counters, err := readCounters(ctx, url+"/metrics")
		if err != nil {
			return nil // it has ended, which others see
		}
		if wrong = unbalanced(counters); wrong == "" {
			return nil
		}
		if err := sleep(ctx, 10*tick); err != nil {
			return err
		}
	}
	c.anomaly(c.child, verify.Books, "/metrics: %s", wrong)
	return nil
}

// counterTries is how often counters are read that do not add up.
const counterTries = 25

// unbalanced says what is wrong with counters, "" if they add up.
func unbalanced(counters map[string]int64) string {
	var ended int64
	for _, name := range endings {
		ended += counters[name]
	}
	if consumed := counters["consumed"]; consumed != ended {
		return fmt.Sprintf("consumed %d is not the %d of %s", consumed, ended, strings.Join(endings, " + "))
	}
	return ""
}

// readCounters sums the counters weir_events_NAME_total up, by NAME.
func readCounters(ctx context.Context, url string) (map[string]int64, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", url, response.Status)
	}
	return parseCounters(response.Body)
}

func parseCounters(from io.Reader) (map[string]int64, error) {
	sums := make(map[string]int64)
	lines := bufio.NewScanner(from)
	for lines.Scan() {
		name, ok := strings.CutPrefix(lines.Text(), "weir_events_")
		if !ok {
			continue
		}
		name, rest, ok := strings.Cut(name, "_total")
		_, text, spaced := strings.Cut(rest, " ")
		if !ok || !spaced {
			continue
		}
		value, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, fmt.Errorf("counter %s: %w", name, err)
		}
		sums[name] += int64(value)
	}
	return sums, lines.Err()
}
