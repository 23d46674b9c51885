package mutants

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

const root = "../../.."

// TestMutantsHaveTheirPlaces finds the words of every mutant in the sources as
// they are now.
func TestMutantsHaveTheirPlaces(t *testing.T) {
	if _, err := Overlay(root, t.TempDir(), All); err != nil {
		t.Error(err)
	}
	if len(All) < 12 {
		t.Errorf("%d mutants, at least 12 are wanted", len(All))
	}
	for i, m := range All {
		if len(m.Caught) == 0 {
			t.Errorf("nobody has to catch %q", m.Name)
		}
		if slices.ContainsFunc(All[:i], func(o Mutant) bool { return o.Name == m.Name }) {
			t.Errorf("there are two mutants %q", m.Name)
		}
	}
}

// bench has the binaries in which the mutants are.
type bench struct{ weir, simulation, metamorphic string }

// build compiles weir and the tests that judge it, with all mutants.
func build(t *testing.T) bench {
	t.Helper()
	dir := t.TempDir()
	overlay, err := Overlay(root, dir, All)
	if err != nil {
		t.Fatal(err)
	}
	b := bench{filepath.Join(dir, "weir"), filepath.Join(dir, "simulation"), filepath.Join(dir, "metamorphic")}
	for _, args := range [][]string{
		{"build", "-overlay", overlay, "-o", b.weir, "./host/cmd/weir"},
		{"test", "-c", "-overlay", overlay, "-tags", "synctests", "-o", b.simulation, "./host/internal/simulation"},
		{"test", "-c", "-overlay", overlay, "-o", b.metamorphic, "./host/internal/metamorphic"},
	} {
		cmd := exec.CommandContext(t.Context(), "go", args...)
		cmd.Dir = root
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	return b
}

// TestMutantsAreCaught runs every mutant before its judges, and the binaries
// without one before all of them.
func TestMutantsAreCaught(t *testing.T) {
	if os.Getenv("WEIR_MUTANTS") == "" {
		t.Skip("SKIPPED: takes minutes; WEIR_MUTANTS=1 runs it")
	}
	b := build(t)
	for judge := range judges {
		t.Run(fmt.Sprintf("%v of weir", judge), func(t *testing.T) {
			t.Parallel()
			if got := b.ask(t, judge, "", ""); got != "" {
				t.Errorf("weir itself is caught:\n%s", got)
			}
		})
		for _, m := range All {
			want, asked := m.Caught[judge]
			if !asked {
				continue
			}
			t.Run(fmt.Sprintf("%v of one that %s", judge, m.Name), func(t *testing.T) {
				t.Parallel()
				if got := b.ask(t, judge, m.Name, want); !strings.Contains(got, want) {
					t.Errorf("it is not caught as %q:\n%s", want, got)
				} else {
					t.Log(got)
				}
			})
		}
	}
}

// ask has a judge look at a mutant, and returns what is wrong with it: nothing of
// weir itself. It looks until it finds what is wanted.
func (b bench) ask(t *testing.T, judge Judge, mutant, want string) string {
	t.Helper()
	switch judge {
	case Verify:
		return b.verify(t, mutant, "at_least_once")
	case VerifyExactlyOnce:
		return b.verify(t, mutant, "exactly_once")
	case Simulation:
		return b.simulate(t, mutant, want, "TestSeeds")
	case SimulationExactlyOnce:
		return b.simulate(t, mutant, want, "TestExactlyOnceSeeds")
	case Scenarios:
		found, _ := test(t, mutant, want, b.simulation, "-test.skip", "Seeds|Mutations")
		return found
	}
	found, _ := test(t, mutant, want, b.metamorphic, "-runs", "20")
	return found
}

// run runs a binary as a mutant. That it fails is no error here.
func run(t *testing.T, mutant, program string, args ...string) (stdout, stderr []byte, failed bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), Variable+"="+mutant)
	var out, log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &log
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) || ctx.Err() != nil {
		t.Fatalf("%s %s: %v\n%s%s", program, strings.Join(args, " "), err, &log, &out)
	}
	return out.Bytes(), log.Bytes(), err != nil
}

// verify gives the anomalies that weir verify finds.
func (b bench) verify(t *testing.T, mutant, delivery string) string {
	t.Helper()
	out, log, failed := run(t, mutant, b.weir, "verify", "--delivery", delivery, "--seed", "1", "--events", "30000", "--kills", "8", "-o", "json")
	var report struct {
		Valid     bool
		Anomalies []struct{ Name string }
	}
	if err := json.Unmarshal(out, &report); err != nil || report.Valid == failed {
		t.Fatalf("%v\n%s%s", err, log, out)
	}
	var names []string
	for _, a := range report.Anomalies {
		names = append(names, a.Name)
	}
	return strings.Join(names, ", ")
}

// history is a line of what happened, which may have any words in it.
var history = regexp.MustCompile(`^ *[0-9.]+s  `)

// test runs a binary of tests, and gives the line of its complaint that has what
// is wanted, or else the beginning of the complaint.
func test(t *testing.T, mutant, want, program string, args ...string) (found, out string) {
	t.Helper()
	stdout, stderr, failed := run(t, mutant, program, append(args, "-test.timeout", "2m")...)
	if !failed {
		return "", ""
	}
	out = string(stderr) + string(stdout)
	for line := range strings.Lines(out) {
		if want != "" && strings.Contains(line, want) && !history.MatchString(line) {
			return strings.TrimSpace(line), out
		}
	}
	return out[:min(len(out), 2000)], out
}

// simulate goes from one seed that fails to the next, until one shows what is
// wanted.
func (b bench) simulate(t *testing.T, mutant, want, name string) (found string) {
	t.Helper()
	const most, again = 40, "run it again with -seeds 1 -seed "
	for seed := 1; seed <= most; seed++ {
		complaint, out := test(t, mutant, want, b.simulation, "-test.run", "^"+name+"$", "-seeds", fmt.Sprint(most+1-seed), "-seed", fmt.Sprint(seed))
		if complaint == "" {
			break
		}
		found = complaint
		if want == "" || strings.Contains(found, want) {
			break
		}
		_, last, ok := strings.Cut(out, again)
		if !ok {
			t.Fatalf("no seed failed, but the run did:\n%s", found)
		}
		if _, err := fmt.Sscan(last, &seed); err != nil {
			t.Fatal(err)
		}
	}
	return found
}
