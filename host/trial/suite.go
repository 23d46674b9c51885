package trial

import (
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"time"

	"github.com/weirhq/weir/host/config"
	"github.com/weirhq/weir/host/event"
)

// File is the name of the file of cases next to a module's manifest.
const File = "tests.yaml"

// Suite is the cases of one file.
type Suite struct {
	File  string
	Cases []*Case
}

// Case is events to run a module on, and what is to come of them.
type Case struct {
	Name   string
	Pos    config.Pos
	Config json.RawMessage
	// Now is the time of the batch.
	Now    time.Time
	Events []event.Event
	// Golden is the file that holds what is expected, as the case names it; ""
	// without one.
	Golden string
	// Random is how many events are made up, with the case's own as samples, to
	// see that the module keeps its promises; 0 is none.
	Random int
	Seed   uint64
	// MaxFuel is the most that the events may cost, 0 without a limit.
	MaxFuel uint64
	// Stateful says that what comes of an event may depend on those before.
	Stateful bool

	want    want
	maxFuel config.Pos
	folder  string // of the golden file; "" without files
}

// DefaultNow is the time of a case that gives none: 2023-11-14T22:13:20Z.
var DefaultNow = time.Unix(1_700_000_000, 0).UTC()

// maxRandom bounds the made-up events of a case.
const maxRandom = 1_000_000

// ReadSuite reads a file of cases. The error is all config.Faults.
func ReadSuite(file string) (*Suite, error) {
	return readSuite(config.ReadDocument(file), file, filepath.Dir(file))
}

// ParseSuite reads cases that have no folder, such as those of a module's
// section; file is their name in faults. A golden file is a fault in them.
func ParseSuite(file string, data []byte) (*Suite, error) {
	return readSuite(config.Document(file, data), file, "")
}

func readSuite(root *config.Section, file, folder string) (*Suite, error) {
	s := &Suite{File: file}
	names := make(map[string]config.Pos)
	nodes := root.List("cases")
	for i, n := range nodes {
		c := readCase(root.Open(n, fmt.Sprintf("cases[%d]", i)), folder)
		if first, twice := names[c.Name]; twice {
			root.Fault(c.Pos, fmt.Sprintf("cases[%d].name", i), fmt.Sprintf("another case is called %q, at %s", c.Name, first), "give each a name of its own")
		}
		names[c.Name] = c.Pos
		s.Cases = append(s.Cases, c)
	}
	if len(nodes) == 0 && root.Complete() {
		root.Fault(root.Pos(), "", "has no cases", "begin with cases: and a list under it")
	}
	if err := root.Finish().Err(); err != nil {
		return nil, err
	}
	return s, nil
}

func readCase(s *config.Section, folder string) *Case {
	c := &Case{Pos: s.Pos(), folder: folder, Config: s.JSON("config"), Now: DefaultNow}
	c.Name = s.String("name", "")
	if c.Name == "" && s.Present() {
		s.Fault(s.Pos(), "name", "is missing", "say in a few words what the case shows")
	}
	if n, ok := field(s, "now"); ok {
		if ms, ok := milliseconds(s, n, "now"); ok {
			c.Now = time.UnixMilli(ms).UTC()
		}
	}
	for i, n := range s.List("events") {
		c.Events = append(c.Events, readEvent(s, n, fmt.Sprintf("events[%d]", i), i, c.Now))
	}
	c.Random = int(s.Int("random", 0, 1, maxRandom))
	c.Seed = uint64(s.Int("seed", 1, 0, math.MaxInt64))
	c.MaxFuel = uint64(s.Int("max_fuel", 0, 1, math.MaxInt64))
	_, c.maxFuel, _ = s.Text("max_fuel")
	c.Stateful = s.Bool("stateful", false)
	c.want = readWant(s, len(c.Events))
	c.readGolden(s)
	c.checkShape(s)
	return c
}

// readGolden reads what the golden file expects. One that is not there is no
// fault: it is still to be written.
func (c *Case) readGolden(s *config.Section) {
	text, pos, ok := s.Text("golden")
	switch {
	case !ok:
		return
	case !filepath.IsLocal(text):
		s.Fault(pos, "golden", fmt.Sprintf("%q is not a path below the folder of the cases", text), "such as testdata/NAME.yaml")
		return
	case c.folder == "":
		s.Fault(pos, "golden", "is a file, and these cases have no folder", "write out expect, or run the cases from their own folder")
		return
	case c.want.says():
		s.Fault(pos, "golden", "the case also says itself what is expected", "keep one of them")
		return
	}
	c.Golden = text
	golden, err := readGoldenFile(c.goldenPath(), len(c.Events))
	if err != nil {
		for _, f := range err {
			s.Report(f)
		}
		return
	}
	c.want = golden
}

func (c *Case) goldenPath() string { return filepath.Join(c.folder, filepath.FromSlash(c.Golden)) }

// checkShape finds cases that would show nothing.
func (c *Case) checkShape(s *config.Section) {
	says := c.want.says() || c.Golden != "" || c.MaxFuel > 0
	switch {
	case !s.Present():
	case c.Random > 0 && says:
		s.Fault(c.Pos, "random", "a case of made-up events cannot say what is expected", "make two cases of it")
	case c.Random > 0:
	case c.want.opens != nil && (len(c.Events) > 0 || c.want.besides() || c.MaxFuel > 0):
		s.Fault(c.want.opens.pos, "open_fails", "a module that does not open gets no events", "remove events and what is expected of them")
	case c.want.opens == nil && len(c.Events) == 0:
		s.Fault(c.Pos, "", "the case has no events", "give events:, random: or open_fails:")
	case !says:
		s.Fault(c.Pos, "", "the case says nothing about what is expected", "give expect:, dropped:, rejected:, trapped:, logs:, metrics:, max_fuel:, golden: or open_fails:")
	}
}
