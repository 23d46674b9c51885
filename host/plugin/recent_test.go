package plugin

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/weirhq/weir/host/abi"
)

func TestRecent(t *testing.T) {
	var r recent
	if got := r.String(); got != "" {
		t.Errorf("without lines: %q", got)
	}
	r.add(abi.LevelWarn, []byte("two\xff"))
	if diff := cmp.Diff("\n    logged before:\n        warn two\uFFFD", r.String()); diff != "" {
		t.Errorf("one line (-want +got):\n%s", diff)
	}
	for _, line := range []string{"a", "b", "c", "d", "e", strings.Repeat("f", 300)} {
		r.add(abi.LevelInfo, []byte(line))
	}
	want := "\n    logged before:\n        info b\n        info c\n        info d\n        info e\n        info " + strings.Repeat("f", 200)
	if diff := cmp.Diff(want, r.String()); diff != "" {
		t.Errorf("seven lines (-want +got):\n%s", diff)
	}
	if allocs := testing.AllocsPerRun(100, func() { r.add(abi.LevelInfo, []byte("a line")) }); allocs != 0 {
		t.Errorf("a line costs %v allocations", allocs)
	}
	r.reset()
	if got := r.String(); got != "" {
		t.Errorf("after a reset: %q", got)
	}
}
