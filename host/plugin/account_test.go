package plugin_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/weirhq/weir/host/abi"
	"github.com/weirhq/weir/host/internal/wasmtest"
	"github.com/weirhq/weir/host/plugin"
)

// purse is an account with so much memory, and so many lines.
type purse struct {
	memory, used uint64
	lines        int
	fuel         uint64
	yields       int
	pause        time.Duration // that a Yield seems to take
}

func (p *purse) Grow(n uint64) error {
	if n > p.memory-p.used {
		return errors.New("the purse is empty")
	}
	p.used += n
	return nil
}

func (p *purse) Shrink(n uint64)                             { p.used -= n }
func (p *purse) Burn(fuel uint64)                            { p.fuel += fuel }
func (p *purse) Log(time.Time) bool                          { p.lines--; return p.lines >= 0 }
func (p *purse) Yield(ctx context.Context) (d time.Duration) { p.yields++; return p.pause }

const page = 64 << 10

// An instance has no more memory than its account pays for; what went wrong for
// that says so. Everything is given back, of instances that trapped too.
func TestAccountPaysForMemory(t *testing.T) {
	grow := wasmtest.Code(wasmtest.I32(20), wasmtest.MemoryGrow, wasmtest.I32(-1), wasmtest.Eq, wasmtest.If(wasmtest.Unreachable))
	guest := wasmtest.Guest(func(wasmtest.Imports) []byte {
		return wasmtest.PerEvent(wasmtest.On('x', grow), wasmtest.On('t', wasmtest.Unreachable))
	})
	loader := newLoader(t, plugin.Options{})
	module := load(t, loader, guest.Bytes())
	account := &purse{memory: 30 * page}
	p, err := module.Open(t.Context(), plugin.Config{Account: account})
	if err != nil {
		t.Fatal(err)
	}
	out, failures := run(t, p, batch("a", "x"))
	if len(out) != 2 || failures != nil || account.used != 21*page {
		t.Fatalf("%d outputs, failures %q, %d bytes used", len(out), failures, account.used)
	}
	_, failures = run(t, p, batch("x"))
	if diff := cmp.Diff([]string{"0 trap weir_process: the purse is empty: wasm error: unreachable"}, failures); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if account.used != 0 {
		t.Errorf("an instance that trapped keeps %d bytes", account.used)
	}
	_, failures = run(t, p, batch("t")) // for another reason
	if diff := cmp.Diff([]string{"0 trap weir_process: wasm error: unreachable"}, failures); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, failures = run(t, p, batch("a")); failures != nil || account.used == 0 {
		t.Errorf("failures %q, %d bytes used", failures, account.used)
	}
	if err := p.Close(t.Context()); err != nil || account.used != 0 {
		t.Errorf("closed with %v, and %d bytes", err, account.used)
	}
	if account.fuel == 0 {
		t.Error("no fuel was booked")
	}
}

// What cannot start for lack of memory says why, and owes nothing.
func TestAccountWithoutMemory(t *testing.T) {
	module := load(t, newLoader(t, plugin.Options{}), wasmtest.Passthrough().Bytes())
	account := &purse{memory: page - 1}
	if _, err := module.Open(t.Context(), plugin.Config{Account: account}); err == nil || !strings.Contains(err.Error(), "the purse is empty") || account.used != 0 {
		t.Errorf("error %v, %d bytes used", err, account.used)
	}
	broken := wasmtest.Passthrough()
	broken.Start(broken.Func("", "", wasmtest.Unreachable))
	account.memory = math.MaxUint64
	if _, err := load(t, newLoader(t, plugin.Options{}), broken.Bytes()).Open(t.Context(), plugin.Config{Account: account}); err == nil || account.used != 0 {
		t.Errorf("error %v, %d bytes used", err, account.used)
	}
}

// Who computes for long is asked to yield, and the wait is not his time.
func TestAccountYields(t *testing.T) {
	const long = 30_000_000
	account := &purse{memory: math.MaxUint64, pause: time.Hour}
	limits := plugin.Limits{FuelPerEvent: long, FuelPerBatch: long, Timeout: 30 * time.Minute}
	module := load(t, newLoader(t, plugin.Options{Instance: limits}), endlessOn('x').Bytes())
	p, err := module.Open(t.Context(), plugin.Config{Account: account})
	if err != nil {
		t.Fatal(err)
	}
	before := account.yields
	_, failures := run(t, p, batch("x"))
	if len(failures) != 1 || !strings.HasPrefix(failures[0], "0 fuel weir_process: uses more fuel") {
		t.Errorf("failures %q", failures)
	}
	if got := account.yields - before; got < 25 || got > 35 {
		t.Errorf("yielded %d times in %d of fuel", got, long)
	}
}

// Lines over the account's are counted with those over the processor's own.
func TestAccountBoundsLog(t *testing.T) {
	guest := wasmtest.Guest(func(f wasmtest.Imports) []byte {
		return wasmtest.PerEvent(wasmtest.I32(int32(abi.LevelInfo)), wasmtest.I32(64), wasmtest.I32(2), wasmtest.Call(f.Log))
	}, func(m *wasmtest.Module, _ wasmtest.Imports) { m.Data(64, "hi") })
	core, logs := observer.New(zap.InfoLevel)
	module := load(t, newLoader(t, plugin.Options{Log: zap.New(core)}), guest.Bytes())
	account := &purse{memory: math.MaxUint64, lines: 2}
	p, err := module.Open(t.Context(), plugin.Config{Account: account})
	if err != nil {
		t.Fatal(err)
	}
	run(t, p, batch("1", "2", "3", "4", "5"))
	account.lines = 1
	run(t, p, batch("6"))
	var got []string
	for _, e := range logs.All() {
		got = append(got, e.Message)
	}
	const left = "lines of the module are left out, which logs more than the tenant's quota.log_lines_per_second allows; raise it, or log less"
	if diff := cmp.Diff([]string{"hi", "hi", left, "hi"}, got); diff != "" || logs.All()[2].ContextMap()["suppressed"] != int64(3) {
		t.Errorf("(-want +got):\n%s%v", diff, logs.All())
	}
}
