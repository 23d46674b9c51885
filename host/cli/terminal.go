package cli

import (
	"io"
	"os"

	"golang.org/x/term"
)

// terminal is where a command writes: colour and rewriting only where a person
// looks. Colour is never the only signal.
type terminal struct {
	io.Writer
	interactive bool
	colour      bool
}

// input is where a command reads answers.
type input struct {
	io.Reader
	interactive bool
}

func newInput(f *os.File) *input {
	return &input{Reader: f, interactive: term.IsTerminal(int(f.Fd()))}
}

// newTerminal obeys NO_COLOR and TERM=dumb.
func newTerminal(f *os.File) *terminal {
	interactive := term.IsTerminal(int(f.Fd()))
	return &terminal{
		Writer:      f,
		interactive: interactive,
		colour:      interactive && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb",
	}
}

func (t *terminal) paint(code, s string) string {
	if !t.colour || s == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func (t *terminal) bold(s string) string   { return t.paint("1", s) }
func (t *terminal) dim(s string) string    { return t.paint("2", s) }
func (t *terminal) red(s string) string    { return t.paint("31", s) }
func (t *terminal) green(s string) string  { return t.paint("32", s) }
func (t *terminal) yellow(s string) string { return t.paint("33", s) }
func (t *terminal) cyan(s string) string   { return t.paint("36", s) }
