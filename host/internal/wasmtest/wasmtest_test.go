package wasmtest

import (
	"bytes"
	"testing"
)

func TestSleb(t *testing.T) {
	for v, want := range map[int64][]byte{0: {0}, 1: {1}, 63: {63}, 64: {0xc0, 0}, -1: {0x7f}, -64: {0x40}, -65: {0xbf, 0x7f}, 128: {0x80, 1}} {
		if got := sleb(v); !bytes.Equal(got, want) {
			t.Errorf("sleb(%d) = %x, want %x", v, got, want)
		}
	}
}

// Each hostile module is in the table, once.
func TestCorpus(t *testing.T) {
	seen := make(map[string]bool)
	for _, h := range Corpus() {
		if seen[h.Name] {
			t.Errorf("%s is there twice", h.Name)
		}
		seen[h.Name] = true
	}
	for name := range hostile {
		if !seen[name] {
			t.Errorf("%s is not in hostile.txt", name)
		}
	}
}
