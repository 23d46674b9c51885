package metamorphic

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"

	"github.com/weirhq/weir/host/internal/wasmtest"
)

// The first byte of a value says what the guard does with it.
const (
	passes  = 'p'
	rejects = 'r'
	traps   = 't'
)

// input is one event.
type input struct{ key, value string }

// inputsOf draws n inputs. Those of one key are in one partition.
func inputsOf(seed uint64, n int) []input {
	r := rand.New(rand.NewPCG(seed, 8))
	out := make([]input, n)
	for i := range out {
		kind := byte(passes)
		switch r.IntN(20) {
		case 0:
			kind = rejects
		case 1:
			kind = traps
		}
		out[i] = input{fmt.Sprintf("key-%d", r.IntN(12)), fmt.Sprintf("%c-%d", kind, i)}
	}
	return out
}

func (in input) fails() bool { return in.value[0] != passes }

// outputs are those of an input, with ? for the version of the module.
func (in input) outputs() []string {
	if in.fails() {
		return nil
	}
	return []string{"?=" + in.value[2:], ""}
}

// guests are the modules, by their files' names. The guard writes a mark into
// each value that it takes from its memory; before it traps it spoils the mark, so an instance that is used
// on after a trap shows.
func guests(version byte) map[string][]byte {
	const mark, reason, refused = 60, 64, "refused"
	guard := wasmtest.Guest(func(f wasmtest.Imports) []byte {
		return wasmtest.PerEvent(
			wasmtest.On(rejects, wasmtest.Get(wasmtest.I), wasmtest.I32(reason), wasmtest.I32(int32(len(refused))), wasmtest.Call(f.Reject)),
			wasmtest.On(traps, wasmtest.I32(mark), wasmtest.I32('!'), wasmtest.Store8(0), wasmtest.Unreachable),
			wasmtest.Get(wasmtest.At), wasmtest.Load(wasmtest.ValuePtr), wasmtest.I32(mark), wasmtest.Load8(0), wasmtest.Store8(1))
	}, func(m *wasmtest.Module, _ wasmtest.Imports) { m.Data(mark, "=").Data(reason, refused) })
	return map[string][]byte{
		"guard.wasm": guard.Bytes(), "version.wasm": wasmtest.SetByte(version).Bytes(), "double.wasm": wasmtest.FanOut().Bytes(),
	}
}

// output is a record as it was read.
type output struct {
	key, value string
	partition  int32
}

// result is what came of the inputs: records in the order of their offsets.
type result struct {
	out, dead []output
	// reloadedAt is the first input that only the second version may have had.
	reloadedAt int
}

var passed = regexp.MustCompile(`^[ab]=(\d+)$`)

// check says what is not as it has to be, by key.
func (r *result) check(inputs []input, ordered bool) (faults []string) {
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	keys := map[string]bool{}
	for _, in := range inputs {
		keys[in.key] = true
	}
	for _, o := range slices.Concat(r.out, r.dead) {
		if !keys[o.key] {
			fault("foreign: %q of key %q", o.value, o.key)
		}
	}
	for key := range keys {
		var want, dead []string
		for _, in := range inputs {
			if in.key == key && in.fails() {
				dead = append(dead, in.value)
			} else if in.key == key {
				want = append(want, in.outputs()...)
			}
		}
		compare(key+" among dead letters", dead, ofKey(r.dead, key, fault), ordered, fault)
		got := ofKey(r.out, key, fault)
		for i, value := range got {
			if value != "" {
				got[i] = r.unversioned(value, fault)
			}
		}
		compare(key, want, got, ordered, fault)
	}
	return faults
}

// ofKey gives the values of a key, which have to be in one partition.
func ofKey(all []output, key string, fault func(string, ...any)) (values []string) {
	at := int32(-1)
	for _, o := range all {
		if o.key != key {
			continue
		}
		if at >= 0 && o.partition != at {
			fault("wrong partition: %q of key %s is in %d, others are in %d", o.value, key, o.partition, at)
		}
		at = o.partition
		values = append(values, o.value)
	}
	return values
}

// unversioned takes the version out of a value.
func (r *result) unversioned(value string, fault func(string, ...any)) string {
	match := passed.FindStringSubmatch(value)
	if match == nil {
		fault("corrupt: %q", value)
		return value
	}
	var n int
	if _, err := fmt.Sscan(match[1], &n); err != nil || n >= r.reloadedAt && value[0] != 'b' {
		fault("stale: %q was made by the old module", value)
	}
	return "?" + value[1:]
}

// compare holds the values of a key against those that there should be: first
// which, then, where it is promised, in which order.
func compare(key string, want, got []string, ordered bool, fault func(string, ...any)) {
	a, b := slices.Sorted(slices.Values(want)), slices.Sorted(slices.Values(got))
	if !slices.Equal(a, b) {
		counts := map[string]int{}
		for _, v := range want {
			counts[v]++
		}
		for _, v := range got {
			counts[v]--
		}
		for _, v := range slices.Compact(slices.Sorted(slices.Values(slices.Concat(want, got)))) {
			switch n := counts[v]; {
			case n > 0:
				fault("lost: %q of %s", v, key)
			case n < 0 && slices.Contains(want, v):
				fault("duplicate: %q of %s, %d times too often", v, key, -n)
			case n < 0:
				fault("foreign: %q of %s", v, key)
			}
		}
		return
	}
	if ordered && !slices.Equal(want, got) {
		fault("reordered: %s has %s, want %s", key, strings.Join(got, " "), strings.Join(want, " "))
	}
}
