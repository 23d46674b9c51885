package meter_test

import (
	"strings"
	"testing"

	"github.com/weirhq/weir/host/internal/wasmtest"
)

// TestDisguise: bytes that the engine would take for other instructions than the
// meter does. What is behind them would run without being counted.
func TestDisguise(t *testing.T) {
	zeros := string(make([]byte, 16))
	for name, code := range map[string]string{
		"a shift as a shuffle":        "\xfd\x8d\x00" + zeros,
		"a shift as a longer shuffle": "\xfd\x8d\x80\x00" + zeros,
		"a shift with more bytes":     "\xfd\x8d\x81\x00",
		"a constant with more bytes":  "\xfd\x8c\x80\x80\x00" + zeros,
	} {
		t.Run(name, func(t *testing.T) {
			m := new(wasmtest.Module)
			m.Func("", "", []byte(code))
			_, err := rewrite(m.Bytes(), widest)
			if err == nil || !strings.Contains(err.Error(), "code section: byte ") || !strings.Contains(err.Error(), "a vector instruction is written in ") {
				t.Errorf("error is %v", err)
			}
		})
	}
}
