package config

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// ParseBool reads a boolean as librdkafka and Python's configparser write it.
func ParseBool(text string) (bool, error) {
	switch strings.ToLower(text) {
	case "true", "t", "1", "yes", "on":
		return true, nil
	case "false", "f", "0", "no", "off":
		return false, nil
	}
	return false, errors.New("must be true or false")
}

// ParseInt reads a decimal, hexadecimal (0x) or octal (leading 0) integer.
func ParseInt(text string) (int64, error) {
	n, err := strconv.ParseInt(text, 0, 64)
	if errors.Is(err, strconv.ErrRange) {
		return 0, errors.New("is too large a number")
	}
	if err != nil || strings.Contains(text, "_") {
		return 0, errors.New("must be an integer")
	}
	return n, nil
}

// ParseDuration reads a time such as "5s" or "1m30s"; a bare number, which may
// have a fraction, counts units.
func ParseDuration(text string, unit time.Duration) (time.Duration, error) {
	if n, err := ParseInt(text); err == nil {
		if n > math.MaxInt64/int64(unit) || n < math.MinInt64/int64(unit) {
			return 0, errors.New("is too large a time")
		}
		return time.Duration(n) * unit, nil
	}
	if f, err := strconv.ParseFloat(text, 64); err == nil {
		d := f * float64(unit)
		if math.IsNaN(d) || math.Abs(d) >= math.MaxInt64 {
			return 0, errors.New("is too large a time")
		}
		return time.Duration(d), nil
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("must be a number of %s or a time such as 500ms, 5s, 1m30s", unitName(unit))
	}
	return d, nil
}

func unitName(unit time.Duration) string {
	if unit == time.Millisecond {
		return "milliseconds"
	}
	return "seconds"
}

var sizeUnits = []struct {
	suffix string
	bytes  int64
}{
	{"kib", 1 << 10}, {"mib", 1 << 20}, {"gib", 1 << 30},
	{"kb", 1000}, {"mb", 1000_000}, {"gb", 1000_000_000},
	{"k", 1 << 10}, {"m", 1 << 20}, {"g", 1 << 30}, {"b", 1},
}

// ParseSize reads a number of bytes, with a unit or without: 65536, 64KiB,
// 1MB.
func ParseSize(text string) (int64, error) {
	digits, bytes := text, int64(1)
	for _, u := range sizeUnits {
		if len(text) > len(u.suffix) && strings.EqualFold(text[len(text)-len(u.suffix):], u.suffix) &&
			!strings.HasPrefix(strings.ToLower(text), "0x") {
			digits, bytes = strings.TrimSpace(text[:len(text)-len(u.suffix)]), u.bytes
			break
		}
	}
	n, err := ParseInt(digits)
	if err != nil {
		return 0, errors.New("must be a number of bytes or a size such as 64KiB, 16MiB")
	}
	if n > math.MaxInt64/bytes || n < math.MinInt64/bytes {
		return 0, errors.New("is too large a size")
	}
	return n * bytes, nil
}

// ParseCount reads a number that may be long: 2500000, 2500k, 200M or 2G, with
// powers of ten.
func ParseCount(text string) (int64, error) {
	digits, unit := text, int64(1)
	if n := len(text) - 1; n > 0 && !strings.HasPrefix(strings.ToLower(text), "0x") {
		if i := strings.IndexByte("kKmMgG", text[n]); i >= 0 {
			digits, unit = text[:n], [...]int64{1000, 1000_000, 1000_000_000}[i/2]
		}
	}
	n, err := ParseInt(digits)
	if err != nil {
		return 0, errors.New("must be a number such as 2500000, 200M or 2G")
	}
	if n > math.MaxInt64/unit || n < math.MinInt64/unit {
		return 0, errors.New("is too large a number")
	}
	return n * unit, nil
}

// SplitList reads a list that was written as text: blanks, commas and newlines
// all part.
func SplitList(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool {
		return r == ',' || r == ' ' || r == '\t' || r == '\n' || r == '\r'
	})
}
