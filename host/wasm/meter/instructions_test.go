package meter_test

import (
	"strings"
	"testing"

	"github.com/weirhq/weir/host/internal/wasmtest"
)

// TestDisguise: bytes that the engine would take for other instructions than the
// meter does. What is behind them would run without being counted.
func TestDisguise(t *testing.T) {
	const more, newer = "a vector instruction of more than a byte ", "is not of WebAssembly 2.0"
	zeros := string(make([]byte, 16))
	for name, c := range map[string]struct{ code, want string }{
		"a shift as a shuffle":        {"\xfd\x8d\x00" + zeros, more},
		"a shift as a longer shuffle": {"\xfd\x8d\x80\x00" + zeros, more},
		"a shift with more bytes":     {"\xfd\x8d\x81\x00", more},
		"a constant with more bytes":  {"\xfd\x8c\x80\x80\x00" + zeros, more},
		// Types whose second byte is the index of another, or an instruction.
		"a block of a newer type":      {"\x02\x63\x0e\x03\x40\x0c\x00\x0b", newer},
		"a block of a newer type, too": {"\x02\x64\x0e\x03\x40\x0c\x00\x0b", newer},
		"a long block type":            {"\x02\xe3\x7f\x0e\x0b", newer},
		"a selection of a newer type":  {"\x41\x00\x41\x00\x41\x00\x1c\x01\x63\x0e\x1a", newer},
	} {
		t.Run(name, func(t *testing.T) {
			m := new(wasmtest.Module)
			m.Func("", "", []byte(c.code))
			_, err := rewrite(m.Bytes(), widest)
			if err == nil || !strings.Contains(err.Error(), "code section: byte ") || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error is %v, not %s", err, c.want)
			}
		})
	}
}

// TestDisguisedTypes: types of more bytes than one, which would move what is
// behind them.
func TestDisguisedTypes(t *testing.T) {
	const head = "\x00asm\x01\x00\x00\x00"
	for name, c := range map[string]struct{ file, want string }{
		"a parameter":   {head + "\x01\x06\x01\x60\x02\x63\x70\x00", "type section: byte 4: type 0x63 "},
		"a table":       {head + "\x04\x05\x01\x63\x70\x00\x00", "table section: byte 2: type 0x63 "},
		"a global":      {head + "\x06\x07\x01\x63\x70\x00\xd0\x70\x0b", "global section: byte 2: type 0x63 "},
		"a local":       {head + "\x01\x04\x01\x60\x00\x00" + "\x03\x02\x01\x00" + "\x0a\x07\x01\x05\x01\x01\x63\x70\x0b", "byte 3: type 0x63 "},
		"of elements":   {head + "\x09\x05\x01\x05\x63\x70\x00", "element section: byte 3: type 0x63 "},
		"with no value": {head + "\x04\x06\x01\x40\x00\x70\x00\x00", "table section: byte 2: type 0x40 "},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := rewrite([]byte(c.file), widest); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error is %v, not %s", err, c.want)
			}
		})
	}
}
