package cli

import (
	"fmt"
	"io"
	"os"
	"sync/atomic"

	"golang.org/x/term"
)

// terminal is where a command writes: colour and rewriting only where a person
// looks. Colour is never the only signal.
type terminal struct {
	io.Writer
	interactive bool
	colour      bool
	failed      atomic.Pointer[error] // the first write that failed
}

// Write notes a failure, so that a command need not look at each write.
func (t *terminal) Write(p []byte) (int, error) {
	n, err := t.Writer.Write(p)
	if err != nil {
		t.failed.CompareAndSwap(nil, &err)
	}
	return n, err
}

// lost says why not everything was written, nil if it was.
func (t *terminal) lost() error {
	if err := t.failed.Load(); err != nil {
		return fmt.Errorf("the output is not complete: %w", *err)
	}
	return nil
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
