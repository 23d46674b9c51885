// Package conformance is the kit that every SDK passes: cases, readable text
// files of events in and what has to come of them, and the runner that gives
// them to a module.
//
// An SDK brings a guest that obeys the commands in an event's value; the README
// lists them. The same cases run against every guest. Those of another set hold
// for any module that keeps to the ABI, whatever it does.
package conformance

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/weirhq/weir/host/event"
)

// Set is a set of the kit's own cases.
type Set string

// The sets.
const (
	// Guest cases are for conformance guests, which obey commands: they say in
	// full what has to come of each event.
	Guest Set = "guest"
	// AnyModule cases hold for any module: nothing traps or breaks the ABI, and
	// what a fresh instance does to a batch, another does too.
	AnyModule Set = "module"
)

//go:embed testdata/guest/*.txtar testdata/module/*.txtar
var embedded embed.FS

// Cases returns the kit's cases of a set, in the order of their names.
func Cases(set Set) ([]*Case, error) {
	cases, err := readFolder(embedded, "testdata/"+string(set))
	for _, c := range cases {
		c.Set = set
	}
	return cases, err
}

// ReadCases reads the cases of a folder, *.txtar, in the order of their names.
func ReadCases(dir string) ([]*Case, error) {
	cases, err := readFolder(os.DirFS(dir), ".")
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	return cases, nil
}

// Case is the events of one or more batches and what has to come of them.
type Case struct {
	// Name is that of the file, without its extension.
	Name string
	// About says what the case shows.
	About string
	// Set is the set that the case is of; Guest for those that are not the kit's.
	Set Set
	// Config is the processor's config, JSON; empty is none.
	Config string
	// Batches are given to one instance one after the other.
	Batches []Batch
	// Repeat is how many times they are.
	Repeat int
	// Want is the expected lines by section.
	Want map[string][]string

	archive *txtar.Archive
}

// Batch is what a module is given at once.
type Batch struct {
	Events []event.Event
	// Time is the batch's: Now for the first of a case, and a second more for
	// each one after it.
	Time time.Time
}

// The sections of a case. Those that say what has to come of it may be missing
// when nothing does.
const (
	sectionConfig = "config"
	sectionRepeat = "repeat"
	sectionIn     = "in"
	sectionOpen   = "open"   // why the processor does not open
	sectionOut    = "out"    // the events that leave
	sectionFail   = "fail"   // the events that are handed to the error policy
	sectionLog    = "log"    // the lines that are logged
	sectionMetric = "metric" // the measurements
)

var wanted = []string{sectionOpen, sectionOut, sectionFail, sectionLog, sectionMetric}

func readFolder(files fs.FS, dir string) ([]*Case, error) {
	names, err := fs.Glob(files, path.Join(dir, "*.txtar"))
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("there are no cases, *.txtar")
	}
	cases := make([]*Case, len(names))
	for i, name := range names {
		data, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		if cases[i], err = parseCase(strings.TrimSuffix(path.Base(name), ".txtar"), data); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return cases, nil
}

func parseCase(name string, data []byte) (*Case, error) {
	archive := txtar.Parse(data)
	c := &Case{
		Name:    name,
		About:   strings.Join(strings.Fields(string(archive.Comment)), " "),
		Set:     Guest,
		Repeat:  1,
		Want:    make(map[string][]string),
		archive: archive,
	}
	for _, file := range archive.Files {
		lines := lines(string(file.Data))
		var err error
		switch file.Name {
		case sectionConfig:
			c.Config = strings.Join(lines, "\n")
		case sectionRepeat:
			c.Repeat, err = strconv.Atoi(strings.Join(lines, " "))
		case sectionIn:
			c.Batches, err = parseBatches(lines)
		case sectionOpen, sectionOut, sectionFail, sectionLog, sectionMetric:
			c.Want[file.Name] = lines
		default:
			err = fmt.Errorf("unknown: there are config, repeat, in, %s", strings.Join(wanted, ", "))
		}
		if err != nil {
			return nil, fmt.Errorf("section %s: %w", file.Name, err)
		}
	}
	return c, nil
}

// parseBatches reads events, one a line; an empty line ends a batch.
func parseBatches(lines []string) ([]Batch, error) {
	batches := []Batch{{Time: Now}}
	count := 0
	for _, line := range lines {
		last := &batches[len(batches)-1]
		if line == "" {
			batches = append(batches, Batch{Time: last.Time.Add(time.Second)})
			continue
		}
		e, err := parseEvent(line, count)
		if err != nil {
			return nil, fmt.Errorf("event %d: %w", count, err)
		}
		last.Events = append(last.Events, e)
		count++
	}
	return batches, nil
}

func lines(text string) []string {
	text = strings.TrimSuffix(text, "\n")
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}

// Accept returns the text of the case's file with what came of it as what is
// expected. Lines that were expected stay as they are written, patterns in
// particular.
func (r *Result) Accept() []byte {
	c := r.Case
	var files []txtar.File
	for _, file := range c.archive.Files {
		switch file.Name {
		case sectionConfig, sectionRepeat, sectionIn:
			files = append(files, file)
		}
	}
	for _, section := range wanted {
		got := r.got[section]
		if section == sectionOut || section == sectionFail {
			got = got[:len(got)/c.Repeat]
		}
		got = agree(c.Want[section], got)
		if len(got) > 0 {
			files = append(files, txtar.File{Name: section, Data: []byte(strings.Join(got, "\n") + "\n")})
		}
	}
	return txtar.Format(&txtar.Archive{Comment: c.archive.Comment, Files: files})
}
