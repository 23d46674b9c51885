package cli

import (
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode/utf8"

	"github.com/weirhq/weir/host/deadletter"
)

// letterJSON is a letter as commands write it.
type letterJSON struct {
	Letter      string           `json:"letter"` // partition@offset
	Value       *string          `json:"value,omitempty"`
	ValueBase64 []byte           `json:"value_base64,omitempty"`
	Key         *string          `json:"key,omitempty"`
	KeyBase64   []byte           `json:"key_base64,omitempty"`
	Headers     []map[string]any `json:"headers,omitempty"`
	Topic       string           `json:"topic,omitempty"`
	Partition   *int32           `json:"partition,omitempty"`
	Offset      *int64           `json:"offset,omitempty"`
	Timestamp   *int64           `json:"timestamp,omitempty"`
	Error       letterJSONError  `json:"error"`
}

type letterJSONError struct {
	Class     string    `json:"class"`
	Message   string    `json:"message"`
	Pipeline  string    `json:"pipeline,omitempty"`
	Processor string    `json:"processor,omitempty"`
	Module    string    `json:"module,omitempty"`
	Time      time.Time `json:"time"`
	Attempt   int       `json:"attempt"`
	Cut       int       `json:"cut,omitempty"`
}

func newLetterJSON(l *deadletter.Letter) letterJSON {
	j := letterJSON{
		Letter: letterName(l), Topic: l.Source.Topic,
		Error: letterJSONError{
			Class: l.Class, Message: l.Message, Pipeline: l.Pipeline, Processor: l.Processor, Module: l.Module,
			Time: l.Time, Attempt: l.Attempt, Cut: l.Cut,
		},
	}
	j.Value, j.ValueBase64 = textOrBytes(l.Value)
	j.Key, j.KeyBase64 = textOrBytes(l.Key)
	for _, h := range l.Headers {
		text, bytes := textOrBytes(h.Value)
		var value any
		switch {
		case bytes != nil:
			value = map[string]any{"base64": bytes}
		case text != nil:
			value = *text
		}
		j.Headers = append(j.Headers, map[string]any{h.Name: value})
	}
	if l.Source.Number >= 0 {
		j.Partition = &l.Source.Number
	}
	if l.SourceOffset >= 0 {
		j.Offset = &l.SourceOffset
	}
	if l.SourceTimestamp >= 0 {
		j.Timestamp = &l.SourceTimestamp
	}
	return j
}

// textOrBytes gives what can stand in JSON; both are nil for a null.
func textOrBytes(b []byte) (*string, []byte) {
	switch {
	case b == nil:
		return nil, nil
	case utf8.Valid(b):
		text := string(b)
		return &text, nil
	}
	return nil, b
}

func letterName(l *deadletter.Letter) string {
	return strconv.Itoa(int(l.Partition)) + "@" + strconv.FormatInt(l.Offset, 10)
}

// groupJSON is a group as group -o json writes it.
type groupJSON struct {
	Count     int       `json:"count"`
	Class     string    `json:"class"`
	Pipeline  string    `json:"pipeline,omitempty"`
	Processor string    `json:"processor,omitempty"`
	Module    string    `json:"module,omitempty"`
	Cause     string    `json:"cause"`
	First     time.Time `json:"first"`
	Last      time.Time `json:"last"`
	Example   string    `json:"example"`
}

func (a *app) printGroups(groups []*deadletter.Group, output string) error {
	if output == outputJSON {
		list := []groupJSON{}
		for _, g := range groups {
			list = append(list, groupJSON{g.Count, g.Class, g.Pipeline, g.Processor, g.Module, g.Cause, g.First, g.Last, letterName(g.Example)})
		}
		return writeJSON(a.out, list)
	}
	if len(groups) == 0 {
		a.tell("no dead letters")
		return nil
	}
	return a.columns("COUNT\tCLASS\tPROCESSOR\tLAST\tEXAMPLE\tCAUSE", func(row func(...any)) {
		for _, g := range groups {
			row(g.Count, g.Class, g.Processor, clock(g.Last), letterName(g.Example), cutText(g.Cause, 100))
		}
	})
}

func (a *app) printLetters(list []*deadletter.Letter, output string) error {
	if output == outputJSON {
		all := []letterJSON{}
		for _, l := range list {
			all = append(all, newLetterJSON(l))
		}
		return writeJSON(a.out, all)
	}
	if len(list) == 0 {
		a.tell("no dead letters")
		return nil
	}
	return a.columns("LETTER\tTIME\tCLASS\tPROCESSOR\tFROM\tKEY\tREASON", func(row func(...any)) {
		for _, l := range list {
			row(letterName(l), clock(l.Time), l.Class, l.Processor, l.Place(), cutText(shownBytes(l.Key), 24), cutText(firstLine(l.Message), 80))
		}
	})
}

// columns prints aligned rows under a head.
func (a *app) columns(head string, rows func(row func(cells ...any))) error {
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	writeLine(w, "%s", head)
	rows(func(cells ...any) {
		text := make([]string, len(cells))
		for i, c := range cells {
			text[i] = fmt.Sprint(c)
		}
		writeLine(w, "%s", strings.Join(text, "\t"))
	})
	return w.Flush()
}

func (a *app) printLetter(l *deadletter.Letter, output string) error {
	if output == outputJSON {
		return writeJSON(a.out, newLetterJSON(l))
	}
	line := func(name, value string) {
		if value != "" {
			writeLine(a.out, "%s %s", a.out.bold(fmt.Sprintf("%-10s", name)), value)
		}
	}
	line("letter", l.Topic+"/"+letterName(l))
	line("failed", l.Time.UTC().Format(time.RFC3339Nano))
	line("class", l.Class)
	line("reason", a.out.red(strings.ReplaceAll(l.Message, "\n", "\n           ")))
	line("pipeline", l.Pipeline)
	line("processor", l.Processor)
	line("module", l.Module)
	line("attempts", strconv.Itoa(l.Attempt))
	line("from", l.Place())
	if l.SourceTimestamp >= 0 {
		line("timestamp", time.UnixMilli(l.SourceTimestamp).UTC().Format(time.RFC3339Nano))
	}
	line("key", shownBytes(l.Key))
	for _, h := range l.Headers {
		line("header", h.Name+" = "+shownBytes(h.Value))
	}
	if l.Cut > 0 {
		line("cut", fmt.Sprintf("the value had %d bytes; here are the first %d", l.Cut, len(l.Value)))
	}
	writeLine(a.out, "%s", a.out.bold("value"))
	writeLine(a.out, "%s", shownBytes(l.Value))
	return nil
}

// shownBytes is how bytes look to people: text as it is, controls and all else
// quoted, a null as such.
func shownBytes(b []byte) string {
	switch {
	case b == nil:
		return "(null)"
	case utf8.Valid(b) && !strings.ContainsFunc(string(b), func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' || r == 0x7f }):
		return string(b)
	}
	return strconv.Quote(string(b))
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// cutText bounds a cell of a table, and takes what would break its rows out.
func cutText(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' {
			return ' '
		}
		return r
	}, s)
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most-1]) + "…"
}

func clock(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") }
