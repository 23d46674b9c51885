package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/weirhq/weir/host/event"
	"github.com/weirhq/weir/host/trial"
)

// eachCall is the command as a filter on lines.
type eachCall struct {
	*app
	session *trial.Session
	form    string
	now     time.Time

	line   trial.RecordLine
	out    *bufio.Writer
	read   int // lines
	failed int
}

// run processes each line as a batch of its own. What is written goes out
// whenever there is nothing more to read for now.
func (c *eachCall) run(ctx context.Context) error {
	in := bufio.NewReaderSize(c.in, 64<<10)
	c.out = bufio.NewWriterSize(c.app.out, 64<<10)
	for ctx.Err() == nil {
		line, err := in.ReadBytes('\n')
		if err != nil && err != io.EOF {
			return fmt.Errorf("read the standard input: %w", err)
		}
		ended := err == io.EOF
		if text := bytes.TrimSuffix(line, []byte("\n")); len(line) > 0 {
			if err := c.one(ctx, text); err != nil {
				return err
			}
		}
		if ended || in.Buffered() == 0 {
			if err := c.out.Flush(); err != nil {
				return err
			}
		}
		if ended {
			break
		}
	}
	if c.failed > 0 {
		return fmt.Errorf("%d of %s failed", c.failed, plural(c.read, "line"))
	}
	return ctx.Err()
}

func (c *eachCall) one(ctx context.Context, text []byte) error {
	c.read++
	in, err := c.event(text)
	if err != nil {
		c.fail(err)
		return nil
	}
	result, err := c.session.Process(ctx, []event.Event{in})
	if err != nil {
		return err
	}
	for _, l := range c.session.Logs() {
		writeLine(c.err, "%s", c.err.dim(fmt.Sprintf("line %d: log %s %s", c.read, l.Level, l.Message)))
	}
	for _, f := range result.Failures {
		c.fail(callError{failureReport{f.Class, f.Message}})
	}
	for i := range result.Outputs {
		if err := c.write(&result.Outputs[i]); err != nil {
			c.fail(err)
		}
	}
	return nil
}

func (c *eachCall) fail(err error) {
	c.failed++
	writeLine(c.err, "%s %v", c.err.red(fmt.Sprintf("line %d:", c.read)), err)
}

func (c *eachCall) event(text []byte) (event.Event, error) {
	i := c.read - 1
	if c.form == eachKafka {
		return c.line.Parse(text, i, c.now)
	}
	g := trial.Given{Value: text, Fields: []trial.GivenText{{Name: "offset", Text: fmt.Sprint(i)}}}
	return g.Event(c.now)
}

// errNoLine says that a value cannot be written as a line.
var errNoLine = errors.New("the value that comes of it is no line of text; use --each=kafka")

// write prints an output. A value of several lines is one when it is JSON.
func (c *eachCall) write(e *event.Event) error {
	var line []byte
	switch {
	case c.form == eachKafka:
		line = c.line.Append(nil, e)
	case e.Value == nil:
		return errNoLine
	case bytes.ContainsRune(e.Value, '\n'):
		var b bytes.Buffer
		if json.Compact(&b, e.Value) != nil {
			return errNoLine
		}
		line = b.Bytes()
	default:
		line = e.Value
	}
	_, err := c.out.Write(append(line[:len(line):len(line)], '\n'))
	return err
}
