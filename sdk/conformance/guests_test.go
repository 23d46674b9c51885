package conformance_test

import (
	"testing"

	"github.com/weirhq/weir/host/plugin"
	"github.com/weirhq/weir/sdk/conformance"
	"github.com/weirhq/weir/sdk/conformance/conformancetest"
)

// TestCommitted runs the guests that are committed as modules by sdk/build.sh.
func TestCommitted(t *testing.T) {
	for _, language := range []string{"c", "zig", "assemblyscript"} {
		t.Run(language, func(t *testing.T) {
			folder := "guests/" + language + "/"
			if err := conformance.Sums("../..", "sdk/conformance/"+folder+language+".sum"); err != nil {
				t.Error(err)
			}
			conformancetest.Sets(t, folder+language+".wasm", plugin.Options{}, conformance.Guest, conformance.AnyModule)
		})
	}
}
