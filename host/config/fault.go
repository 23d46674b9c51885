package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Pos is a place in a configuration. Line and Col count from 1; a Line of 0
// means that File alone is the place: an environment variable, a flag or a
// whole file.
type Pos struct {
	File      string
	Line, Col int
}

func (p Pos) String() string {
	switch {
	case p.Line == 0:
		return p.File
	case p.Col == 0:
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Col)
}

// Fault is one thing that is wrong with a configuration. Message says what,
// Hint what to do about it; a Warning does not keep the configuration from
// being used.
type Fault struct {
	Pos           Pos
	Path          string
	Message, Hint string
	Warning       bool
}

func (f Fault) String() string {
	var b strings.Builder
	if place := f.Pos.String(); place != "" {
		b.WriteString(place)
		b.WriteString(": ")
	}
	if f.Warning {
		b.WriteString("warning: ")
	}
	if f.Path != "" {
		b.WriteString(f.Path)
		b.WriteString(": ")
	}
	b.WriteString(f.Message)
	if f.Hint != "" {
		fmt.Fprintf(&b, " (%s)", f.Hint)
	}
	return b.String()
}

// Faults is everything that was found, errors and warnings.
type Faults []Fault

// Add appends a fault unless the very same is there: one setting may be read
// for several clients.
func (f *Faults) Add(fault Fault) {
	if !slices.Contains(*f, fault) {
		*f = append(*f, fault)
	}
}

// Sort orders by place; faults of one place keep the order in which they were
// found.
func (f Faults) Sort() {
	slices.SortStableFunc(f, func(a, b Fault) int {
		return cmp.Or(
			cmp.Compare(a.Pos.File, b.Pos.File),
			cmp.Compare(a.Pos.Line, b.Pos.Line),
			cmp.Compare(a.Pos.Col, b.Pos.Col),
		)
	})
}

// Errors is what keeps the configuration from being used.
func (f Faults) Errors() Faults { return f.only(false) }

// Warnings is what does not.
func (f Faults) Warnings() Faults { return f.only(true) }

func (f Faults) only(warning bool) Faults {
	var out Faults
	for _, fault := range f {
		if fault.Warning == warning {
			out = append(out, fault)
		}
	}
	return out
}

// Error lists all faults, one a line.
func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, fault := range f {
		lines[i] = fault.String()
	}
	return strings.Join(lines, "\n")
}

// Err is nil when there are no errors, or the errors without the warnings.
func (f Faults) Err() error {
	if errors := f.Errors(); len(errors) > 0 {
		return errors
	}
	return nil
}
