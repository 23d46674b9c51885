package kafka

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/weirhq/weir/host/config"
)

// ReadKeyFilter takes a key filter's settings out of a section.
func ReadKeyFilter(s *config.Section) *KeyFilterConfig {
	words := []string{string(DropMissing), string(PassMissing), string(FailMissing)}
	c := &KeyFilterConfig{
		OnMissing: OnMissing(s.Enum("on_missing", string(DropMissing), words...)),
		Exclude:   s.Bool("exclude", false),
	}
	if n := s.Get("keys"); n != nil {
		keys, err := ParseKeys(n)
		if err != nil {
			s.Fault(n.Pos, "keys", err.Error(), "write text, hex:00ff or base64:AP8=")
		}
		c.Keys = keys
	}
	readKeysFile(s, c)
	readPatterns(s, c)
	readSample(s, c)
	if len(c.Keys) == 0 && c.KeysFile == "" && len(c.Patterns) == 0 && c.Sample == 0 && !anyRuleGiven(s) {
		s.Fault(s.Pos(), "keys", "is missing", "list the keys that shall pass, or say keys_file, prefix, glob, regex or sample")
	}
	if c.Exclude && len(c.Keys) == 0 && c.KeysFile == "" && len(c.Patterns) == 0 && c.Sample > 0 {
		s.Fault(s.Pos(), "exclude", "has nothing to exclude: there is no rule but sample", "say which keys, or leave exclude out")
	}
	return c
}

// String tells the rules in a line.
func (c *KeyFilterConfig) String() string {
	var rules []string
	if n := len(c.Keys); n == 1 {
		rules = append(rules, "1 key")
	} else if n > 1 {
		rules = append(rules, fmt.Sprintf("%d keys", n))
	}
	if c.KeysFile != "" {
		rules = append(rules, "keys of "+c.KeysFile)
	}
	for _, p := range c.Patterns {
		rules = append(rules, p.Kind+" "+p.Text)
	}
	text := strings.Join(rules, ", ")
	if c.Exclude {
		text = "all but " + text
	}
	if c.Sample > 0 {
		text = strings.TrimPrefix(fmt.Sprintf("%s, a sample of %v%%", text, c.Sample*100), ", ")
	}
	return text
}

// anyRuleGiven tells whether a rule was written, right or wrong.
func anyRuleGiven(s *config.Section) bool {
	for _, name := range []string{"keys", "keys_file", "prefix", "glob", "regex", "sample"} {
		if s.Get(name) != nil {
			return true
		}
	}
	return false
}

// readKeysFile finds the file from the folder of the configuration file and sees
// that it can be read.
func readKeysFile(s *config.Section, c *KeyFilterConfig) {
	path, pos, ok := s.Text("keys_file")
	if !ok {
		return
	}
	if !filepath.IsAbs(path) && pos.Line != 0 {
		path = filepath.Join(filepath.Dir(pos.File), path)
	}
	c.KeysFile = path
	data, err := os.ReadFile(path)
	if err == nil {
		_, err = parseKeysFile(data)
	}
	if err != nil {
		s.Fault(pos, "keys_file", err.Error(), "it holds a key in each line: text, hex:00ff or base64:AP8=; paths begin at the folder of the configuration file")
	}
}

func readPatterns(s *config.Section, c *KeyFilterConfig) {
	for _, kind := range []string{"prefix", "glob", "regex"} {
		for _, n := range s.List(kind) {
			if n.Kind != config.Scalar || n.Value == "" {
				s.Fault(n.Pos, kind, "must be text, or a list of it, that is not empty", "")
				continue
			}
			p, err := newPattern(kind, n.Value)
			if err != nil {
				s.Fault(n.Pos, kind, err.Error(), "")
				continue
			}
			c.Patterns = append(c.Patterns, p)
		}
	}
}

func newPattern(kind, text string) (KeyPattern, error) {
	switch kind {
	case "prefix":
		prefix, err := parseKey(text)
		return prefixPattern(text, prefix), err
	case "glob":
		return globPattern(text), nil
	}
	return regexPattern(text)
}

// readSample reads a share: 10%, 0.1% or 0.25.
func readSample(s *config.Section, c *KeyFilterConfig) {
	text, pos, ok := s.Text("sample")
	if !ok {
		return
	}
	number, percent := strings.CutSuffix(strings.TrimSpace(text), "%")
	share, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if percent {
		share /= 100
	}
	if err != nil || !(share > 0 && share <= 1) {
		s.Fault(pos, "sample", fmt.Sprintf("%q is no share of the keys", text), "write 10%, or a number above 0 and up to 1")
		return
	}
	c.Sample = share
}

// ParseKeys reads keys: a list of them, or text in which blanks, commas or
// newlines part them. In a list, a key may have blanks itself.
func ParseKeys(n *config.Node) ([][]byte, error) {
	var texts []string
	switch n.Kind {
	case config.Scalar:
		texts = config.SplitList(n.Value)
	case config.List:
		for _, e := range n.List {
			if e.Kind != config.Scalar || e.IsNull() {
				return nil, errors.New("must be a list of text")
			}
			texts = append(texts, e.Value)
		}
	default:
		return nil, errors.New("must be a list of keys, not a map")
	}
	if len(texts) == 0 {
		return nil, errors.New("has no key: nothing would pass")
	}
	keys := make([][]byte, 0, len(texts))
	for _, text := range texts {
		key, err := parseKey(text)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, nil
}

func parseKey(text string) ([]byte, error) {
	if digits, ok := strings.CutPrefix(text, "hex:"); ok {
		key, err := hex.DecodeString(digits)
		if err != nil {
			return nil, fmt.Errorf("%q is not hexadecimal", text)
		}
		return key, nil
	}
	if digits, ok := strings.CutPrefix(text, "base64:"); ok {
		key, err := base64.StdEncoding.DecodeString(digits)
		if err != nil {
			key, err = base64.RawStdEncoding.DecodeString(digits)
		}
		if err != nil {
			return nil, fmt.Errorf("%q is not base64", text)
		}
		return key, nil
	}
	return []byte(text), nil
}
