package trial

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/weirhq/weir/host/event"
)

// shaper makes up events. The same case gives the same events.
type shaper struct {
	rng     *rand.Rand
	samples []event.Event
	c       *Case
}

func newShaper(c *Case) *shaper {
	return &shaper{rng: rand.New(rand.NewPCG(c.Seed, 0x77656972)), samples: c.Events, c: c}
}

// events makes n events, as of one partition: half of them are the case's own
// with something changed, where it has any, as made-up bytes seldom get far.
func (s *shaper) events(n int) []event.Event {
	events := make([]event.Event, n)
	from := &event.Partition{Topic: DefaultTopic}
	for i := range events {
		if len(s.samples) > 0 && s.rng.IntN(2) == 0 {
			events[i] = s.mutated()
		} else {
			events[i] = s.novel(i)
		}
		events[i].From, events[i].Offset = from, int64(i)
	}
	return events
}

// mutated is a sample with one thing changed, or none.
func (s *shaper) mutated() event.Event {
	e := s.samples[s.rng.IntN(len(s.samples))]
	switch s.rng.IntN(8) {
	case 0:
		e.Value = s.bytes()
	case 1:
		e.Key = s.bytes()
	case 2:
		e.Headers = s.headers()
	case 3:
		e.Context = s.context()
	case 4, 5:
		e.Value = s.damaged(e.Value)
	case 6:
		e.Value = s.otherMember(e.Value)
	}
	return e
}

// damaged cuts a text, or changes a byte of it.
func (s *shaper) damaged(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	at := s.rng.IntN(len(b))
	if s.rng.IntN(2) == 0 {
		return slices.Clone(b[:at])
	}
	b = slices.Clone(b)
	b[at] = byte(s.rng.Uint32())
	return b
}

// otherMember puts another value in the place of a member of a JSON object.
func (s *shaper) otherMember(b []byte) []byte {
	var members map[string]json.RawMessage
	if json.Unmarshal(b, &members) != nil || len(members) == 0 {
		return s.bytes()
	}
	names := make([]string, 0, len(members))
	for name := range members {
		names = append(names, name)
	}
	slices.Sort(names)
	members[names[s.rng.IntN(len(names))]] = s.json(2)
	text, err := json.Marshal(members)
	if err != nil {
		return s.bytes()
	}
	return text
}

// novel is an event with nothing of a sample.
func (s *shaper) novel(i int) event.Event {
	e := newEvent(i, s.c.Now)
	e.Value = s.bytes()
	e.Key = s.bytes()
	e.Headers = s.headers()
	e.Context = s.context()
	if s.rng.IntN(4) == 0 {
		e.Topic = pick(s.rng, []string{"t", "chosen.topic-1", "t\u00e9"})
	}
	if s.rng.IntN(4) == 0 {
		e.Partition = int32(pick(s.rng, []int{0, 1, math.MaxInt32}))
	}
	if s.rng.IntN(4) == 0 {
		e.Stamped, e.Timestamp = true, int64(pick(s.rng, []int{0, 1, math.MaxInt64}))
	} else if s.rng.IntN(8) == 0 {
		e.Timestamp = -1 // what Kafka says when there is none
	}
	return e
}

func pick[T any](rng *rand.Rand, of []T) T { return of[rng.IntN(len(of))] }

// bytes is a payload: null, empty, text, JSON, or anything.
func (s *shaper) bytes() []byte {
	switch s.rng.IntN(8) {
	case 0:
		return nil
	case 1:
		return []byte{}
	case 2:
		return []byte(s.text())
	case 3:
		return s.binary(1 + s.rng.IntN(64))
	case 4:
		if s.rng.IntN(64) == 0 {
			return bytes.Repeat([]byte(s.text()+" "), 4<<10)
		}
	}
	return s.json(3)
}

func (s *shaper) binary(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(s.rng.Uint32())
	}
	return b
}

// words are texts that programs stumble over.
var words = []string{"", "a", "id", "null", "true", "0", "-1", "1e309", "\x00", "\u00e9\u00df", "\u4e16\u754c", "\U0001f600", "\ufeffx",
	"a\"b", "a\\b", "a\nb", "../x", "%s", "a,b;c", "name=value", "  blank ", "2024-02-30T25:61:00Z", "192.168.0.1", "x@example.org"}

func (s *shaper) text() string {
	text := pick(s.rng, words)
	if s.rng.IntN(3) == 0 {
		text += pick(s.rng, words)
	}
	return text
}

// json is any JSON value of a depth.
func (s *shaper) json(depth int) []byte {
	n := s.rng.IntN(10)
	if depth == 0 {
		n = s.rng.IntN(6)
	}
	switch n {
	case 0:
		return []byte(pick(s.rng, []string{"null", "true", "false"}))
	case 1:
		return []byte(pick(s.rng, []string{"0", "-0", "1", "-1.5", "1e3", "9007199254740993", "18446744073709551616", "1E-400", "3.14159"}))
	case 2, 3, 4, 5:
		text, err := json.Marshal(s.text())
		if err != nil {
			return []byte(`""`)
		}
		return text
	case 6:
		return s.joined('[', ']', depth, func() []byte { return s.json(depth - 1) })
	}
	return s.joined('{', '}', depth, func() []byte { return fmt.Appendf(nil, "%s:%s", s.member(), s.json(depth-1)) })
}

func (s *shaper) member() []byte {
	text, err := json.Marshal(s.text())
	if err != nil {
		return []byte(`"a"`)
	}
	return text
}

func (s *shaper) joined(open, end byte, depth int, element func() []byte) []byte {
	out := []byte{open}
	for i := range s.rng.IntN(2 * depth) {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, element()...)
	}
	return append(out, end)
}

func (s *shaper) headers() []event.Header {
	headers := make([]event.Header, s.rng.IntN(3))
	for i := range headers {
		headers[i] = event.Header{Name: s.text(), Value: s.bytes()}
	}
	return headers
}

func (s *shaper) context() []event.Pair {
	pairs := make([]event.Pair, s.rng.IntN(3))
	for i := range pairs {
		pairs[i] = event.Pair{Name: fmt.Sprintf("%s%d", s.text(), i), Value: s.value()}
	}
	return pairs
}

func (s *shaper) value() event.Value {
	v := event.Value{Kind: event.Kind(s.rng.IntN(int(event.JSON) + 1))}
	switch v.Kind {
	case event.Bool:
		v.Num = s.rng.Uint64N(2)
	case event.Int:
		v.Num = pick(s.rng, []uint64{0, 1, math.MaxUint64, 1 << 63, s.rng.Uint64()})
	case event.Float:
		v.Num = math.Float64bits(pick(s.rng, []float64{0, -1.5, 1e300, math.Inf(1), math.MaxFloat64}))
	case event.Text:
		v.Data = []byte(s.text())
	case event.Bytes:
		v.Data = s.binary(s.rng.IntN(16))
	case event.JSON:
		v.Data = s.json(2)
	}
	return v
}
