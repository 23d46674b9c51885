package config

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestValues(t *testing.T) {
	show := func(v any, err error) string {
		if err != nil {
			return "error: " + err.Error()
		}
		return fmt.Sprint(v)
	}
	integer := func(s string) string { v, err := ParseInt(s); return show(v, err) }
	boolean := func(s string) string { v, err := ParseBool(s); return show(v, err) }
	size := func(s string) string { v, err := ParseSize(s); return show(v, err) }
	count := func(s string) string { v, err := ParseCount(s); return show(v, err) }
	millis := func(s string) string { v, err := ParseDuration(s, time.Millisecond); return show(v, err) }
	tests := []struct {
		parse    func(string) string
		in, want string
	}{
		{integer, "10", "10"},
		{integer, "-1", "-1"},
		{integer, "0x10", "16"},
		{integer, "010", "8"},
		{integer, "1_000", "error: must be an integer"},
		{integer, "1.5", "error: must be an integer"},
		{integer, "99999999999999999999", "error: is too large a number"},
		{boolean, "T", "true"},
		{boolean, "1", "true"},
		{boolean, "off", "false"},
		{boolean, "2", "error: must be true or false"},
		{size, "1024", "1024"},
		{size, "64KiB", "65536"},
		{size, "1 mb", "1000000"},
		{size, "2g", "2147483648"},
		{size, "0x1B", "27"},
		{size, "-1", "-1"},
		{size, "b", "error: must be a number of bytes or a size such as 64KiB, 16MiB"},
		{size, "9999999999GiB", "error: is too large a size"},
		{count, "2500000", "2500000"},
		{count, "-3k", "-3000"},
		{count, "200M", "200000000"},
		{count, "2g", "2000000000"},
		{count, "0x1", "1"},
		{count, "k", "error: must be a number such as 2500000, 200M or 2G"},
		{count, "1 G", "error: must be a number such as 2500000, 200M or 2G"},
		{count, "9999999999999G", "error: is too large a number"},
		{millis, "500", "500ms"},
		{millis, "0x10", "16ms"},
		{millis, "9999999999999999", "error: is too large a time"},
		{millis, "0.2", "200µs"},
		{millis, "1m30s", "1m30s"},
		{millis, "-1", "-1ms"},
		{millis, "NaN", "error: is too large a time"},
		{millis, "1e300", "error: is too large a time"},
		{millis, "soon", "error: must be a number of milliseconds or a time such as 500ms, 5s, 1m30s"},
	}
	for _, test := range tests {
		if got := test.parse(test.in); got != test.want {
			t.Errorf("%q: got %s, want %s", test.in, got, test.want)
		}
	}
	if diff := cmp.Diff([]string{"a", "b", "c", "d"}, SplitList(" a,b\n c\t,d ")); diff != "" {
		t.Errorf("SplitList (-want +got)\n%s", diff)
	}
}

func TestNearest(t *testing.T) {
	candidates := []string{"topic", "topics", "group.id", "linger.ms", "on_error"}
	for name, want := range map[string]string{
		"tpoic":        "topic",     // two letters exchanged
		"topcs":        "topics",    // one left out
		"GROUP_ID":     "group.id",  // another spelling
		"lingr.ms":     "linger.ms", // one left out
		"on_eror":      "on_error",  // one left out
		"bootstrap":    "",          // far from all
		"x":            "",          // too short to mean anything
		"":             "",
		"linger.msxxx": "linger.ms",
	} {
		if got := Nearest(name, candidates); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", name, got, want)
		}
	}
}
