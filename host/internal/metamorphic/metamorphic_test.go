// Package metamorphic runs one input through weir in many ways, each drawn from
// a seed: batches and buffers of all sizes, one to three hosts that come and go, lanes that share a partition, both
// deliveries, both engines, modules that are replaced meanwhile. None of that is part of the question,
// so none may show in the answer: per key, the same outputs in the same order.
//
//	go test ./host/internal/metamorphic -runs 200 -seed 17
package metamorphic

import (
	"flag"
	"strings"
	"testing"
)

var (
	runs = flag.Int("runs", 8, "number of ways to run the input")
	seed = flag.Uint64("seed", 1, "seed of the first")
)

// TestTheWayDoesNotShow is the metamorphic relation.
func TestTheWayDoesNotShow(t *testing.T) {
	for i := range *runs {
		w := draw(*seed + uint64(i))
		if faults := w.run(t); len(faults) > 0 {
			t.Fatalf("%s\n\n%v\nrun it again with -runs 1 -seed %d", strings.Join(faults, "\n"), w, w.Seed)
		}
		t.Log(w)
	}
}

// TestCheckFinds shows that the check can fail, and under which names.
func TestCheckFinds(t *testing.T) {
	inputs := inputsOf(1, 40)
	for _, tc := range []struct {
		name, want string
		change     func(*result)
	}{
		{"nothing", "", func(*result) {}},
		{"an output is missing", "lost: ", func(r *result) { r.out = r.out[1:] }},
		{"a dead letter is missing", "lost: ", func(r *result) { r.dead = r.dead[1:] }},
		{"an output is there twice", "duplicate: ", func(r *result) { r.out = append(r.out, r.out[0]) }},
		{"two change places", "reordered: ", func(r *result) {
			for i := range r.out {
				for k := range r.out[:i] {
					if r.out[i].key == r.out[k].key && len(r.out[k].value) > 0 && len(r.out[i].value) > 0 {
						r.out[i].value, r.out[k].value = r.out[k].value, r.out[i].value
						return
					}
				}
			}
		}},
		{"one is in another partition", "wrong partition: ", func(r *result) { r.out[len(r.out)-1].partition++ }},
		{"a byte is another one", "corrupt: ", func(r *result) { r.out[0].value = strings.Replace(r.out[0].value, "=", "!", 1) }},
		{"one is nobody's", "foreign: ", func(r *result) { r.out[0].value += "0000" }},
		{"the module is an old one", "stale: ", func(r *result) { r.reloadedAt = 0 }},
	} {
		r := &result{reloadedAt: len(inputs)}
		for _, in := range inputs {
			if in.fails() {
				r.dead = append(r.dead, output{key: in.key, value: in.value})
				continue
			}
			for _, value := range in.outputs() {
				r.out = append(r.out, output{key: in.key, value: strings.Replace(value, "?", "a", 1)})
			}
		}
		tc.change(r)
		faults := r.check(inputs, true)
		if tc.want == "" && len(faults) > 0 || tc.want != "" && !strings.Contains(strings.Join(faults, "\n"), tc.want) {
			t.Errorf("%s: %q, want %q", tc.name, faults, tc.want)
		}
	}
}
