package kafka

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/weirhq/weir/host/config"
)

// kind is the type of an option's value.
type kind uint8

const (
	kindText       kind = iota
	kindList            // blanks, commas or newlines part
	kindFlags           // a list of words
	kindPartitions      // numbers and ranges, of topics or without
	kindEnum
	kindBool
	kindInt
	kindBytes
	kindKBytes  // written in KiB
	kindMillis  // written in milliseconds
	kindSeconds // written in seconds
)

func (k kind) String() string {
	return [...]string{"text", "list", "words", "partitions", "word", "boolean", "integer", "bytes", "KiB", "ms", "seconds"}[k]
}

// treatment is what the host does with an option.
type treatment uint8

const (
	mapped  treatment = iota // becomes an option of the client
	emulate                  // the host acts on it
	warn                     // accepted, has no effect, a warning says so
	reject                   // refused
)

func (t treatment) String() string { return [...]string{"map", "emulate", "warn", "reject"}[t] }

// row is one option.
type row struct {
	name    string
	aliases []string
	role    Role
	kind    kind
	// low and high bound what may be written, in the unit of the kind; both 0
	// means no bounds.
	low, high int64
	// floor and ceiling are the client's own bounds where they are narrower:
	// values beyond are moved there with a note. 0 means none.
	floor, ceiling int64
	// words are what an enumeration allows, synonyms other ways to say one; a
	// synonym of nothing is as not set.
	words    []string
	synonyms map[string]string
	// def is the default; sourceDef is a source's where it differs.
	def, sourceDef string
	// std is librdkafka's default where it is not def. What it says asks for
	// nothing, so warn and reject let it pass.
	std    string
	secret bool
	// own says that the option belongs to a component, never to a connection.
	own   bool
	treat treatment
	// why is the reason of warn and reject. moot has values that are accepted
	// without effect where the others act, with the reason.
	why  string
	moot map[string]string
	// maps names what the option acts on, opts gives the client's options. A
	// group of options that act together has opts at one of them.
	maps string
	opts func(o *Options) ([]kgo.Opt, error)
	doc  string
}

// value is a parsed option. text is set whenever the option is. A secret's text
// is only a mask; secret has what it hides, and also what must be read anew
// because it stands in a file of its own.
type value struct {
	text     string
	secret   config.Secret
	number   int64
	flag     bool
	duration time.Duration
	list     []string
}

func (v value) equal(w value) bool {
	if !v.secret.Equal(w.secret) {
		return false
	}
	if v.number != w.number || v.flag != w.flag || v.duration != w.duration || !slices.Equal(v.list, w.list) {
		return false
	}
	return v.text == w.text || v.number != 0 || v.flag || v.duration != 0 || v.list != nil
}

// parse reads a value with librdkafka's syntax. An empty one is unset.
func (r *row) parse(n *config.Node) (value, error) {
	switch {
	case n.IsNull():
		return value{}, nil
	case n.Kind == config.List && (r.kind == kindList || r.kind == kindFlags):
		var texts []string
		for _, e := range n.List {
			if e.Kind != config.Scalar {
				return value{}, errors.New("must be a list of text")
			}
			texts = append(texts, e.Value)
		}
		return r.parseText(strings.TrimSpace(strings.Join(texts, ",")))
	case r.kind == kindPartitions && n.Kind != config.Scalar:
		entries, err := partitionEntries(n)
		if err != nil {
			return value{}, err
		}
		v, err := r.parseText(strings.Join(entries, ","))
		if err != nil && len(entries) == 1 {
			err = fmt.Errorf("%q %w", entries[0], err)
		}
		return v, err
	case n.Kind != config.Scalar:
		return value{}, fmt.Errorf("must be a single value, not a %s", n.Kind)
	}
	if r.secret && n.Value != "" {
		return value{text: n.Secretly().String(), secret: n.Secretly()}, nil
	}
	v, err := r.parseText(strings.TrimSpace(n.Value))
	if n.File != "" && err == nil {
		v.secret = n.Secretly()
	}
	return v, err
}

func (r *row) parseText(text string) (v value, err error) {
	if text == "" {
		return value{}, nil
	}
	v.text = text
	switch r.kind {
	case kindList:
		v.list = config.SplitList(text)
		v.text = strings.Join(v.list, ",")
	case kindPartitions:
		v.list = config.SplitList(text)
		v.text = strings.Join(v.list, ",")
		for _, entry := range v.list {
			_, _, err := readPartitions(entry)
			if err != nil && len(v.list) > 1 {
				err = fmt.Errorf("has %q, which %w", entry, err)
			}
			if err != nil {
				return value{}, err
			}
		}
	case kindFlags:
		for _, flag := range config.SplitList(text) {
			word, err := r.word(flag)
			if err != nil {
				return value{}, fmt.Errorf("has %q, which %w", flag, err)
			}
			v.list = append(v.list, word)
		}
		v.text = strings.Join(v.list, ",")
	case kindEnum:
		v.text, err = r.word(text)
	case kindBool:
		v.flag, err = config.ParseBool(text)
		v.text = strconv.FormatBool(v.flag)
	case kindInt:
		v.number, err = config.ParseInt(text)
	case kindBytes:
		v.number, err = config.ParseSize(text)
	case kindKBytes:
		v.number, err = config.ParseInt(text)
	case kindMillis:
		v.duration, err = config.ParseDuration(text, time.Millisecond)
		v.number = v.duration.Milliseconds()
	case kindSeconds:
		v.duration, err = config.ParseDuration(text, time.Second)
		v.number = int64(v.duration / time.Second)
	}
	if err != nil {
		return value{}, err
	}
	if (r.low != 0 || r.high != 0) && (v.number < r.low || v.number > r.high) {
		return value{}, fmt.Errorf("must be between %d and %d", r.low, r.high)
	}
	if r.kind == kindKBytes {
		if v.number > math.MaxInt64>>10 {
			return value{}, errors.New("is too large a number")
		}
		v.number <<= 10
	}
	return v, nil
}

func (r *row) word(text string) (string, error) {
	for _, w := range r.words {
		if strings.EqualFold(w, text) {
			return w, nil
		}
	}
	for synonym, w := range r.synonyms {
		if strings.EqualFold(synonym, text) {
			return w, nil
		}
	}
	return "", fmt.Errorf("must be one of %s", strings.Join(r.words, ", "))
}

// fits tells whether the option may stand in a section of a role; 0 is one that
// several components share.
func (r *row) fits(role Role) bool { return role == 0 && !r.own || r.role&role != 0 }

// defaultFor is the default in a role.
func (r *row) defaultFor(role Role) string {
	if role == Consumer && r.sourceDef != "" {
		return r.sourceDef
	}
	return r.def
}

// asksNothing tells whether a value is what librdkafka does anyway.
func (r *row) asksNothing(v value) bool {
	std := cmp.Or(r.std, r.def)
	return std != "" && v.equal(r.mustParse(std))
}

// mustParse reads a default of the table, which is right by construction.
func (r *row) mustParse(text string) value {
	v, err := r.parseText(text)
	if err != nil {
		panic(fmt.Sprintf("kafka: default %q of %s %v", text, r.name, err))
	}
	return v
}

// complaint words a fault about a value; secrets are not shown.
func (r *row) complaint(n *config.Node, err error) string {
	if r.secret || n.Kind != config.Scalar {
		return err.Error()
	}
	return fmt.Sprintf("%q %v", n.Shown(), err)
}

func (r *row) remedy() string {
	if r.kind == kindEnum || r.kind == kindFlags || r.def == "" {
		return ""
	}
	return "the default is " + r.def
}

var rowsByName = map[string]*row{}

func init() {
	for i := range table {
		r := &table[i]
		for _, name := range append([]string{r.name}, r.aliases...) {
			if old := rowsByName[config.Fold(name)]; old != nil && old != r {
				panic("kafka: two options are called " + name)
			}
			rowsByName[config.Fold(name)] = r
		}
	}
}

// rowOf finds an option by any of its spellings, or returns nil.
func rowOf(name string) *row { return rowsByName[config.Fold(name)] }
