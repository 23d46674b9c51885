package cli

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/weirhq/weir/host/verify/campaign"
)

// soakReport is what many runs found.
type soakReport struct {
	Valid      bool             `json:"valid"`
	Rounds     int              `json:"rounds"`
	Inputs     int64            `json:"inputs"`
	Outputs    int64            `json:"outputs"`
	Duplicates int64            `json:"duplicates"`
	Kills      int              `json:"kills"`
	Faults     []campaign.Fault `json:"faults"`
	Seconds    float64          `json:"seconds"`
	// Broken are the rounds with an anomaly, in full.
	Broken []*campaign.Result `json:"broken,omitempty"`
}

// add takes the report of a round up.
func (s *soakReport) add(r *campaign.Result) {
	s.Rounds++
	s.Inputs += r.Inputs
	s.Outputs += r.Outputs
	s.Duplicates += r.Duplicates
	s.Kills += r.Kills
	for _, f := range r.Faults {
		i := slices.IndexFunc(s.Faults, func(sum campaign.Fault) bool { return sum.Name == f.Name })
		if i < 0 {
			s.Faults = append(s.Faults, f)
			continue
		}
		s.Faults[i].Count += f.Count
		s.Faults[i].Planned += f.Planned
	}
	if !r.Valid {
		s.Broken = append(s.Broken, r)
	}
	s.Valid = len(s.Broken) == 0
}

// soak runs one campaign after the other until the time is over, each with the seed
// behind the last one's. The deliveries take turns unless one was asked for. A
// signal ends it with a report of the rounds that were ended.
func (a *app) soak(ctx context.Context, f verifyFlags, alternate bool) error {
	report := soakReport{Valid: true}
	began := time.Now()
	for time.Since(began) < f.soak {
		result, err := a.campaign(ctx, f)
		if ctx.Err() != nil {
			break
		}
		if err != nil {
			return fmt.Errorf("round %d, seed %d: %w", report.Rounds+1, f.seed, err)
		}
		report.add(result)
		a.tell(fmt.Sprintf("round %d: %s, seed %d, %d events, %s, %.0f s: %s",
			report.Rounds, f.delivery, f.seed, result.Inputs, plural(result.Kills, "kill"), result.Seconds, roundVerdict(result)))
		f.seed++
		if alternate {
			f.delivery = otherDelivery(f.delivery)
		}
	}
	report.Seconds = time.Since(began).Seconds()
	return a.showSoak(&report, f.output)
}

func otherDelivery(delivery string) string {
	if delivery == atLeastOnce {
		return exactlyOnce
	}
	return atLeastOnce
}

// roundVerdict is the verdict on a round in a word or some.
func roundVerdict(r *campaign.Result) string {
	if r.Valid {
		return "valid"
	}
	return anomalies(r)
}

func (a *app) showSoak(s *soakReport, output string) error {
	if output == outputJSON {
		if err := writeJSON(a.out, s); err != nil {
			return err
		}
	} else {
		t := newTable(a.out, "")
		t.row("rounds", fmt.Sprintf("%d in %v", s.Rounds, time.Duration(s.Seconds*float64(time.Second)).Round(time.Second)))
		t.faults(s.Faults)
		t.row("inputs", fmt.Sprint(s.Inputs))
		t.row("outputs", fmt.Sprint(s.Outputs))
		t.row("duplicates", fmt.Sprint(s.Duplicates))
		t.end()
		for _, r := range s.Broken {
			writeLine(a.out, "\nseed %d, %s:", r.Seed, r.Delivery)
			a.printAnomalies(r)
		}
	}
	if !s.Valid {
		return fmt.Errorf("%w in %d of %s", errAnomalies, len(s.Broken), plural(s.Rounds, "round"))
	}
	if output != outputJSON {
		writeLine(a.out, "")
		a.printValid()
	}
	return nil
}
