// Package conformance is the kit that every SDK passes: cases, readable text
// files of events in and what has to come of them, and the runner that gives
// them to a module.
//
// An SDK brings a guest that obeys the commands in an event's value; the
// README lists them. The same cases run against every guest. The runner also
// serves plugins: their cases are files of the same form.
package conformance

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/weirhq/weir/host/event"
)

// Case is one batch of events and what has to come of it.
type Case struct {
	// Name is that of the file, without its extension.
	Name string
	// Config is the processor's config, JSON; empty is none.
	Config string
	// In is the batch.
	In []event.Event
	// Want is the expected lines by section.
	Want map[string][]string

	path    string
	archive *txtar.Archive
}

// The sections of a case. Those that say what has to come of it may be missing
// when nothing does.
const (
	sectionConfig = "config"
	sectionIn     = "in"
	sectionOpen   = "open"   // why the processor does not open
	sectionOut    = "out"    // the events that leave
	sectionFail   = "fail"   // the events that are handed to the error policy
	sectionLog    = "log"    // the lines that are logged
	sectionMetric = "metric" // the measurements
)

var wanted = []string{sectionOpen, sectionOut, sectionFail, sectionLog, sectionMetric}

// Cases reads the cases of a folder, *.txtar, in the order of their names.
func Cases(dir string) ([]*Case, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.txtar"))
	if err != nil {
		return nil, err
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("no cases in %s", dir)
	}
	cases := make([]*Case, len(paths))
	for i, path := range paths {
		if cases[i], err = read(path); err != nil {
			return nil, err
		}
	}
	return cases, nil
}

func read(path string) (*Case, error) {
	archive, err := txtar.ParseFile(path)
	if err != nil {
		return nil, err
	}
	c := &Case{
		Name:    strings.TrimSuffix(filepath.Base(path), ".txtar"),
		Want:    make(map[string][]string),
		path:    path,
		archive: archive,
	}
	for _, file := range archive.Files {
		lines := lines(string(file.Data))
		switch file.Name {
		case sectionConfig:
			c.Config = strings.Join(lines, "\n")
		case sectionIn:
			for i, line := range lines {
				e, err := parseEvent(line, i)
				if err != nil {
					return nil, fmt.Errorf("%s: event %d: %w", path, i, err)
				}
				c.In = append(c.In, e)
			}
		case sectionOpen, sectionOut, sectionFail, sectionLog, sectionMetric:
			c.Want[file.Name] = lines
		default:
			return nil, fmt.Errorf("%s: unknown section %q: there are config, in, %s", path, file.Name, strings.Join(wanted, ", "))
		}
	}
	return c, nil
}

func lines(text string) []string {
	text = strings.TrimSuffix(text, "\n")
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}

// rewrite makes what came of the case what is expected of it. Lines that were
// expected stay as they are written, patterns in particular.
func (c *Case) rewrite(got map[string][]string) error {
	var files []txtar.File
	for _, file := range c.archive.Files {
		if file.Name == sectionConfig || file.Name == sectionIn {
			files = append(files, file)
		}
	}
	for _, section := range wanted {
		for i := range min(len(c.Want[section]), len(got[section])) {
			if matches(c.Want[section][i], got[section][i]) {
				got[section][i] = c.Want[section][i]
			}
		}
		if len(got[section]) > 0 {
			files = append(files, txtar.File{Name: section, Data: []byte(strings.Join(got[section], "\n") + "\n")})
		}
	}
	c.archive.Files = files
	return os.WriteFile(c.path, txtar.Format(c.archive), 0o644)
}
