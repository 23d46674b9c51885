package kafka

import (
	"bytes"
	"context"
	"math"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"go.uber.org/zap"

	"github.com/weirhq/weir/host/event"
)

// OnMissing says what a key filter does with an event that has no key.
type OnMissing string

// The ways to treat a missing key.
const (
	DropMissing OnMissing = "drop"
	PassMissing OnMissing = "pass"
	FailMissing OnMissing = "error"
)

// KeyFilterConfig is a key filter as configured. A key matches when one of the
// rules says so, and every key matches when there is none but Sample. What
// matches passes, or with Exclude what does not; of that, Sample keeps a share.
type KeyFilterConfig struct {
	Keys [][]byte
	// KeysFile names a file with a key in each line. It is read again when it
	// changes.
	KeysFile  string
	Patterns  []KeyPattern
	Exclude   bool
	Sample    float64 // 0 is all
	OnMissing OnMissing
}

// KeyPattern is a rule that looks at the form of a key.
type KeyPattern struct {
	// Kind is prefix, glob or regex; Text is the pattern as written.
	Kind, Text string
	match      func(key []byte) bool
}

func (p KeyPattern) String() string { return p.Kind + " " + p.Text }

// KeyFilter lets events through by their keys. It stands in front of the
// sandbox, so that what nobody wants never enters it. Its lanes share the rules
// and the counts.
type KeyFilter struct {
	keys     map[string]struct{}
	file     *keysFile // nil without one
	patterns []KeyPattern
	all      bool // there is no rule: every key matches
	exclude  bool
	sample   uint64 // of all hashes, those below are kept
	missing  OnMissing
	rules    []string
	matches  []counter
}

// NewKeyFilter makes a filter. An empty OnMissing drops. It fails when the file
// of keys cannot be read.
func NewKeyFilter(c KeyFilterConfig, log *zap.Logger) (*KeyFilter, error) {
	f := &KeyFilter{
		keys: make(map[string]struct{}, len(c.Keys)), exclude: c.Exclude,
		sample: math.MaxUint64, missing: c.OnMissing,
		all:   len(c.Keys) == 0 && c.KeysFile == "" && len(c.Patterns) == 0,
		rules: []string{"keys", "keys_file", "sample"},
	}
	for _, key := range c.Keys {
		f.keys[string(key)] = struct{}{}
	}
	if c.KeysFile != "" {
		var err error
		if f.file, err = openKeysFile(c.KeysFile, log); err != nil {
			return nil, err
		}
	}
	if c.Sample > 0 && c.Sample < 1 {
		f.sample = uint64(c.Sample * (1 << 63) * 2)
	}
	for _, p := range c.Patterns {
		if rule := strings.ToValidUTF8(p.Kind+":"+p.Text, "?"); !slices.Contains(f.rules, rule) {
			f.rules, f.patterns = append(f.rules, rule), append(f.patterns, p)
		}
	}
	f.matches = make([]counter, len(f.rules))
	return f, nil
}

// The places of the rules that are no pattern among the counts.
const (
	ruleKeys = iota
	ruleFile
	ruleSample
	rulePatterns
)

// RuleMatches counts what a rule of a key filter matched. A key counts for the
// first rule that matches it.
type RuleMatches struct {
	Rule    string
	Matches uint64
}

// Matches reads the counts of the rules that there are.
func (f *KeyFilter) Matches() []RuleMatches {
	there := map[int]bool{ruleKeys: len(f.keys) > 0, ruleFile: f.file != nil, ruleSample: f.sample < math.MaxUint64}
	var out []RuleMatches
	for i, rule := range f.rules {
		if there[i] || i >= rulePatterns {
			out = append(out, RuleMatches{rule, f.matches[i].Load()})
		}
	}
	return out
}

// KeyFilterLane is a key filter as one lane uses it.
type KeyFilterLane struct {
	*KeyFilter
	counts []uint64 // of a batch
}

// Lane makes the part of a lane.
func (f *KeyFilter) Lane() *KeyFilterLane {
	return &KeyFilterLane{KeyFilter: f, counts: make([]uint64, len(f.rules))}
}

// errMissingKey is shared by all events: the failure holds nothing of them.
var errMissingKey = event.Failure{Class: event.MissingKey, Message: "the event has no key", Attempt: 1}

// Process appends the events that pass to out. It allocates nothing but room in
// out.
func (l *KeyFilterLane) Process(_ context.Context, in, out []event.Event, fail func(i int, f *event.Failure)) ([]event.Event, error) {
	var listed map[string]struct{}
	if l.file != nil {
		listed = l.file.current()
	}
	for i := range in {
		pass := false
		if in[i].Key != nil {
			pass = l.pass(in[i].Key, listed)
		} else if l.missing == FailMissing {
			failure := errMissingKey
			fail(i, &failure)
			continue
		} else {
			pass = l.missing == PassMissing
		}
		if pass {
			out = append(out, in[i])
		}
	}
	for i, n := range l.counts {
		if n > 0 {
			l.matches[i].Add(n)
			l.counts[i] = 0
		}
	}
	return out, nil
}

// Close has nothing to let go of.
func (l *KeyFilterLane) Close(context.Context) error { return nil }

func (l *KeyFilterLane) pass(key []byte, listed map[string]struct{}) bool {
	if l.match(key, listed) == l.exclude {
		return false
	}
	if l.sample == math.MaxUint64 {
		return true
	}
	if hashKey(key) >= l.sample {
		return false
	}
	l.counts[ruleSample]++
	return true
}

func (l *KeyFilterLane) match(key []byte, listed map[string]struct{}) bool {
	if l.all {
		return true
	}
	if _, ok := l.keys[string(key)]; ok {
		l.counts[ruleKeys]++
		return true
	}
	if _, ok := listed[string(key)]; ok {
		l.counts[ruleFile]++
		return true
	}
	for i := range l.patterns {
		if l.patterns[i].match(key) {
			l.counts[rulePatterns+i]++
			return true
		}
	}
	return false
}

// hashKey is FNV-1a with its bits mixed, so that keys that differ in their last
// digit spread. The hash is part of what sample promises: it never changes.
func hashKey(key []byte) uint64 {
	h := uint64(14695981039346656037)
	for _, c := range key {
		h = (h ^ uint64(c)) * 1099511628211
	}
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}

func prefixPattern(text string, prefix []byte) KeyPattern {
	return KeyPattern{"prefix", text, func(key []byte) bool { return bytes.HasPrefix(key, prefix) }}
}

func regexPattern(text string) (KeyPattern, error) {
	re, err := regexp.Compile(text)
	return KeyPattern{"regex", text, func(key []byte) bool { return re.Match(key) }}, err
}

func globPattern(text string) KeyPattern {
	glob := []byte(text)
	return KeyPattern{"glob", text, func(key []byte) bool { return matchGlob(glob, key) }}
}

// matchGlob matches the whole key: * stands for any run of bytes, ? for one
// character, and \ takes the meaning of what follows.
func matchGlob(glob, key []byte) bool {
	star, resume := -1, 0 // where the last * stands and what it has taken up to
	g, k := 0, 0
	for k < len(key) {
		size, next := 0, g+1
		switch {
		case g >= len(glob):
		case glob[g] == '*':
			star, resume = g, k
			g++
			continue
		case glob[g] == '?':
			_, size = utf8.DecodeRune(key[k:])
		case glob[g] == '\\' && g+1 < len(glob):
			if next++; glob[g+1] == key[k] {
				size = 1
			}
		case glob[g] == key[k]:
			size = 1
		}
		switch {
		case size > 0:
			g, k = next, k+size
		case star >= 0:
			resume++
			g, k = star+1, resume
		default:
			return false
		}
	}
	for g < len(glob) && glob[g] == '*' {
		g++
	}
	return g == len(glob)
}
