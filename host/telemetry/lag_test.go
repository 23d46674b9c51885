package telemetry

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestLagsAreBounded gives more partitions than may be series.
func TestLagsAreBounded(t *testing.T) {
	var lags []LagSample
	for p := range int32(maxLags) {
		lags = append(lags, LagSample{Topic: "big", Partition: p, Records: 2, Seconds: float64(p)})
	}
	if got := bounded(lags); len(got) != maxLags || got[0].partition != "0" {
		t.Fatalf("%d series of %d partitions", len(got), len(lags))
	}
	lags = append(lags, LagSample{Topic: "small", Records: 3, Seconds: 0.5})
	want := []lagSeries{{"big", "all", 2 * maxLags, maxLags - 1}, {"small", "all", 3, 0.5}}
	if diff := cmp.Diff(want, bounded(lags), cmp.AllowUnexported(lagSeries{})); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
