package schema

import "testing"

// TestLookups counts by event where events name their schemas, and by batch
// where the step does.
func TestLookups(t *testing.T) {
	f := newFake(t)
	f.SeedSchema("j", 1, 3, jsonSchema(`{}`))
	f.SeedSchema("k", 1, 4, jsonSchema(`{}`))
	r := open(t, f.config())
	expect := func(what string, l *Lookups, hits, misses, errors uint64) {
		t.Helper()
		if h, m, e := l.Hits.Load(), l.Misses.Load(), l.Errors.Load(); h != hits || m != misses || e != errors {
			t.Errorf("%s: %d hits, %d misses, %d errors; want %d, %d, %d", what, h, m, e, hits, misses, errors)
		}
	}
	decode := decodeConfig()
	decode.Lookups = new(Lookups)
	for range 2 { // lanes of one step
		p := NewProcessor(&decode, r)
		for range 2 {
			if _, err := run(t, p, value(wire(3, '1')), value(wire(3, '2')), value(wire(99, '1'))); err != nil {
				t.Fatal(err)
			}
		}
	}
	expect("decode", decode.Lookups, 7, 1, 4)

	encode := Config{Op: Encode, Mode: JSON, Of: Value, OnMissing: FailMissing, Subject: "k", Version: 1, Lookups: new(Lookups)}
	p := NewProcessor(&encode, r)
	for range 3 {
		must(t, p, value([]byte("1")), value([]byte("2")))
	}
	expect("encode", encode.Lookups, 2, 1, 0)
}
