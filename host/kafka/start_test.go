package kafka

import (
	"strings"
	"testing"
	"time"
)

func TestParseStart(t *testing.T) {
	at := time.Date(2026, 1, 31, 11, 0, 0, 0, time.UTC)
	for text, want := range map[string]Start{
		"":                          {},
		"Earliest":                  {word: "earliest"},
		"latest":                    {word: "latest"},
		"0":                         {word: "offset"},
		"1700000000000":             {word: "offset", offset: 1700000000000},
		"2026-01-31T12:00:00+01:00": {word: "time", at: at},
	} {
		got, err := ParseStart(text)
		if err != nil || got.word != want.word || got.offset != want.offset || !got.at.Equal(want.at) {
			t.Errorf("%q: got %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"-1", "yesterday", "2026-01-31", "1h"} {
		if _, err := ParseStart(text); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%q: error %v, want one that shows it", text, err)
		}
	}
}

func TestStartOfOptions(t *testing.T) {
	for text, want := range map[string]string{
		"":                                       "earliest",
		"auto_offset_reset: largest":             "latest",
		"auto_offset_reset: error":               "",
		"auto_offset_reset: error, from: latest": "latest",
		"auto_offset_reset: latest, from: 12":    "offset",
	} {
		o, faults := resolve(t, Consumer, "bootstrap_servers: seed", text)
		if err := faults.Err(); err != nil {
			t.Fatal(err)
		}
		if got := o.start().word; got != want {
			t.Errorf("%s: starts at %q, want %q", text, got, want)
		}
	}
	_, faults := resolve(t, Consumer, "bootstrap_servers: seed", "from: noon")
	if err := faults.Err(); err == nil || !strings.Contains(err.Error(), `"noon" must be earliest, latest, an offset, or a time`) {
		t.Errorf("from: noon gives %v", err)
	}
}
