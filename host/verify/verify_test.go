package verify

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestValueRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		run := rapid.StringMatching(`[a-z"\\,]{0,12}`).Draw(t, "run")
		want := Origin{rapid.Int32().Draw(t, "partition"), rapid.Int64().Draw(t, "seq")}
		size := rapid.IntRange(0, 2000).Draw(t, "size")
		value := Value(run, want, size)
		if len(value) < size {
			t.Fatalf("%d bytes, want at least %d", len(value), size)
		}
		gotRun, got, err := Parse(value)
		if err != nil || got != want || gotRun != run {
			t.Fatalf("Parse(%s) = %q, %v, %v; want %q, %v", value, gotRun, got, err, run, want)
		}
	})
}

func TestParseFindsEveryChangedByte(t *testing.T) {
	value := Value("run", Origin{2, 77}, 200)
	for i := range value {
		for _, bit := range []byte{1, 0x20, 0x80} {
			bad := slices.Clone(value)
			bad[i] ^= bit
			if _, _, err := Parse(bad); !errors.Is(err, ErrCorrupt) {
				t.Errorf("byte %d changed by %#x: error %v, want ErrCorrupt", i, bit, err)
			}
		}
	}
	for _, cut := range [][]byte{nil, value[1:], value[:len(value)-1], append(slices.Clone(value), ' ')} {
		if _, _, err := Parse(cut); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%.20q…: error %v, want ErrCorrupt", cut, err)
		}
	}
}

// output is one record of a history written by hand.
type output struct {
	partition int32
	value     []byte
}

// goodRun is a history without a fault: two input partitions of 50 records,
// each copied to the output partition of the same number, in one topic.
func goodRun() []output {
	var history []output
	for seq := range int64(50) {
		for partition := range int32(2) {
			history = append(history, output{partition, Value("run", Origin{partition, seq}, 0)})
		}
	}
	return history
}

func judge(history []output) Report {
	c := NewChecker("run", []int64{50, 50})
	offsets := make(map[int32]int64)
	for _, o := range history {
		c.Output("out", o.partition, offsets[o.partition], o.value)
		offsets[o.partition]++
	}
	return c.Report()
}

// TestCheckerFindsSeededFaults puts one fault of each kind into a good run. In
// the good run, index 2*seq+partition holds the output of partition/seq.
func TestCheckerFindsSeededFaults(t *testing.T) {
	good := Report{Inputs: 100, Outputs: 100, MaxCopies: 1}
	for _, tc := range []struct {
		name  string
		fault func([]output) []output
		want  Report
	}{
		{
			name:  "none",
			fault: func(h []output) []output { return h },
			want:  good,
		},
		{
			name:  "lost",
			fault: func(h []output) []output { return slices.Delete(h, 42, 43) },
			want:  Report{Inputs: 100, Outputs: 99, MaxCopies: 1, Lost: Cases{1, []string{"0/21"}}},
		},
		{
			name:  "a whole tail lost",
			fault: func(h []output) []output { return h[:20] },
			want: Report{Inputs: 100, Outputs: 20, MaxCopies: 1, Lost: Cases{80, func() (names []string) {
				for seq := 10; seq < 42; seq++ {
					names = append(names, fmt.Sprintf("0/%d", seq))
				}
				return names
			}()}},
		},
		{
			name:  "two swapped",
			fault: func(h []output) []output { h[10], h[12] = h[12], h[10]; return h },
			want:  Report{Inputs: 100, Outputs: 100, MaxCopies: 1, Reordered: Cases{1, []string{"out/0@6: 0/5 came after 6"}}},
		},
		{
			name:  "lost, then delivered late",
			fault: func(h []output) []output { return append(slices.Delete(slices.Clone(h), 0, 1), h[0]) },
			want:  Report{Inputs: 100, Outputs: 100, MaxCopies: 1, Reordered: Cases{1, []string{"out/0@49: 0/0 came after 49"}}},
		},
		{
			name:  "a replay of the last ten",
			fault: func(h []output) []output { return append(h, h[90:]...) },
			want:  Report{Inputs: 100, Outputs: 110, Duplicates: 10, MaxCopies: 2},
		},
		{
			name:  "a replay that goes on in order",
			fault: func(h []output) []output { return slices.Concat(h[:60], h[40:]) },
			want:  Report{Inputs: 100, Outputs: 120, Duplicates: 20, MaxCopies: 2},
		},
		{
			name:  "of another run",
			fault: func(h []output) []output { return append(h, output{1, Value("other", Origin{1, 1}, 0)}) },
			want:  Report{Inputs: 100, Outputs: 101, MaxCopies: 1, Foreign: Cases{1, []string{`out/1@50: 1/1 of run "other"`}}},
		},
		{
			name:  "beyond the inputs",
			fault: func(h []output) []output { return append(h, output{1, Value("run", Origin{1, 50}, 0)}) },
			want:  Report{Inputs: 100, Outputs: 101, MaxCopies: 1, Foreign: Cases{1, []string{`out/1@50: 1/50 of run "run"`}}},
		},
		{
			name:  "from a partition that was not there",
			fault: func(h []output) []output { return append(h, output{0, Value("run", Origin{2, 0}, 0)}) },
			want:  Report{Inputs: 100, Outputs: 101, MaxCopies: 1, Foreign: Cases{1, []string{`out/0@50: 2/0 of run "run"`}}},
		},
		{
			name:  "corrupt",
			fault: func(h []output) []output { h[99].value = []byte("garbage"); return h },
			want: Report{
				Inputs: 100, Outputs: 100, MaxCopies: 1, Lost: Cases{1, []string{"1/49"}},
				Corrupt: Cases{1, []string{`out/1@49: corrupt value: no checksum in "garbage"`}},
			},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := judge(tc.fault(goodRun()))
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("report (-want +got):\n%s", diff)
			}
			faults := tc.want.Lost.Count + tc.want.Reordered.Count + tc.want.Foreign.Count + tc.want.Corrupt.Count
			if err := got.Err(); (err != nil) != (faults > 0) {
				t.Errorf("Err() = %v with %d faults", err, faults)
			}
		})
	}
}

func TestReportSaysWhatAndWhere(t *testing.T) {
	history := slices.Delete(goodRun(), 42, 43)
	history[10], history[12] = history[12], history[10]
	report := judge(history)
	err := report.Err()
	if err == nil {
		t.Fatal("no error for a lost and a swapped record")
	}
	for _, want := range []string{"1 lost: 0/21", "1 reordered: out/0@6: 0/5 came after 6"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q does not say %q", err, want)
		}
	}
	if got, want := report.String(), "100 inputs, 99 outputs: 1 lost, 1 reordered, 0 duplicates (at most 1 copies), 0 foreign, 0 corrupt"; got != want {
		t.Errorf("String() = %q, want %q", got, want)
	}
}
