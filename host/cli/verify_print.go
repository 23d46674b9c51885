package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/weirhq/weir/host/verify/campaign"
)

// errAnomalies says that a promise was broken.
var errAnomalies = errors.New("a promise was broken")

func (a *app) showVerdict(r *campaign.Result, f verifyFlags) error {
	if f.output == outputJSON {
		if err := writeJSON(a.out, r); err != nil {
			return err
		}
	} else {
		a.printVerdict(r)
	}
	if r.Valid {
		return nil
	}
	return fmt.Errorf("%w: %s", errAnomalies, anomalies(r))
}

// anomalies are the names of what was found.
func anomalies(r *campaign.Result) string {
	var names []string
	for _, anomaly := range r.Anomalies {
		names = append(names, fmt.Sprintf("%d %s", anomaly.Count, anomaly.Name))
	}
	return strings.Join(names, ", ")
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return plural(n, "time")
}

// faults adds what was done.
func (t *table) faults(faults []campaign.Fault) {
	for i, fault := range faults {
		head := ""
		if i == 0 {
			head = "faults"
		}
		t.row(head, fmt.Sprintf("%d of %d %s", fault.Count, fault.Planned, fault.Name))
	}
}

func (a *app) printVerdict(r *campaign.Result) {
	t := newTable(a.out, "")
	t.row("delivery", r.Delivery)
	t.row("seed", fmt.Sprint(r.Seed))
	t.faults(r.Faults)
	t.rowIf(r.Losses > 0, "losses", fmt.Sprintf("%s that partitions were lost before all was done", times(r.Losses)))
	t.row("inputs", fmt.Sprintf("%d in %.1f s, %.0f/s", r.Inputs, r.Seconds, r.Rate))
	t.rowIf(r.Unprocessed > 0, "unprocessed", fmt.Sprint(r.Unprocessed))
	t.row("outputs", fmt.Sprintf("%d, of which %d dead letters", r.Outputs, r.DeadLetters))
	t.row("duplicates", fmt.Sprintf("%d, at most %d copies", r.Duplicates, r.MaxCopies))
	t.end()
	writeLine(a.out, "")
	if r.Valid {
		a.printValid()
		return
	}
	a.printAnomalies(r)
}

func (a *app) printValid() {
	writeLine(a.out, "%s: nothing lost, reordered or changed, and no more duplicates than allowed", a.out.green("valid"))
}

func (a *app) printAnomalies(r *campaign.Result) {
	for _, anomaly := range r.Anomalies {
		writeLine(a.out, "%s  %d: %s", a.out.red(anomaly.Name), anomaly.Count, anomaly.Meaning)
		for _, example := range anomaly.Examples {
			writeLine(a.out, "    %s", example)
		}
		if more := anomaly.Count - int64(len(anomaly.Examples)); more > 0 {
			writeLine(a.out, "    and %d more", more)
		}
	}
	if r.Log != "" {
		writeLine(a.out, "\nthe process said at its end:\n%s", r.Log)
	}
	if len(r.Kept) > 0 {
		writeLine(a.out, "\nleft to look at: %s", strings.Join(r.Kept, ", "))
	}
}
