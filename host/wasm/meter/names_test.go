package meter_test

import (
	"context"
	"testing"

	"github.com/tetratelabs/wazero"

	"github.com/weirhq/weir/host/internal/wasmtest"
)

// A name section that is not to the letter counts as none, also where the
// runtime, which has no regard for the sizes of its parts, can read it.
func TestNames(t *testing.T) {
	for _, c := range []struct {
		name, section, want string
	}{
		{"of a function", "\x01\x04\x01\x05\x01f", "f"},
		{"after the name of the module", "\x00\x02\x01m\x01\x04\x01\x05\x01f", "f"},
		{"after a part of the future", "\x09\x01\xff\x01\x04\x01\x05\x01f", "f"},
		{"an empty one", "", ""},
		{"a part is cut off", "\x01\x05\x01\x05\x01f", ""},
		{"a part is longer than what is in it", "\x01\x08\x01\x05\x01f\x09\x01\x00\x00", ""},
		{"the name of the module is shorter than its part", "\x00\x03\x00\x09\x00\x01\x04\x01\x05\x01f", ""},
		{"a list is longer than its part", "\x01\x04\x02\x05\x01f", ""},
		{"a name is not text", "\x01\x04\x01\x05\x01\xff", ""},
		{"a number does not end", "\x01\xff\xff\xff\xff\xff\xff", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			metered, err := rewrite(wasmtest.Passthrough().Custom("name", c.section).Bytes(), widest)
			if err != nil {
				t.Fatal(err)
			}
			ctx := context.Background()
			r := wazero.NewRuntime(ctx)
			defer r.Close(ctx)
			module, err := r.CompileModule(ctx, metered)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for _, f := range module.ExportedFunctions() {
				if f.Name() == "f" {
					got = f.Name()
				}
			}
			if got != c.want {
				t.Errorf("an exported function is named %q, not %q", got, c.want)
			}
		})
	}
}
