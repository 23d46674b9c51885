package campaign

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
)

// child is one process of the pipeline.
type child struct {
	cmd    *exec.Cmd
	log    tail
	exited chan struct{}
}

// launch runs a member as a process.
func (c *campaign) launch(number int) (*child, error) {
	p := &child{exited: make(chan struct{})}
	p.log.said, p.log.lost = make(map[string]int), c.lost
	p.cmd = exec.Command(c.Program, "run", "--config", c.configFile(number), "--exit-on-stop", "--listen", "127.0.0.1:0", "--log-format", "json")
	p.cmd.Args[0] = c.Name
	p.cmd.Env = c.Environ // the folder stays the same: the connection may name files
	isolate(p.cmd)
	file, err := c.logFile(number)
	if err != nil {
		return nil, err
	}
	p.cmd.Stderr = io.MultiWriter(&p.log, file)
	if err := c.parent.run(p.cmd); err != nil {
		return nil, errors.Join(fmt.Errorf("start weir run: %w", err), file.Close())
	}
	go func() {
		_ = p.cmd.Wait() // the exit code is read from ProcessState
		_ = file.Close() // what a log could not hold is nobody's anomaly
		close(p.exited)
	}()
	return p, nil
}

// logFile is where the log of another process goes besides the report.
func (c *campaign) logFile(number int) (io.WriteCloser, error) {
	c.starts++
	name := os.DevNull
	if c.Logs != "" {
		name = filepath.Join(c.Logs, fmt.Sprintf("%03d-member-%d.log", c.starts, number))
	}
	return os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
}

// restart puts another process in the place of the one that has ended.
func (c *campaign) restart() (err error) {
	c.child, err = c.launch(0)
	return err
}

// killAll leaves no process behind.
func (c *campaign) killAll() {
	for _, p := range append(c.others, c.child) {
		if p != nil {
			p.kill()
		}
	}
}

// kill ends the process on the spot, and waits until it is gone.
func (p *child) kill() {
	_ = p.cmd.Process.Kill() // which fails only when it is gone
	<-p.exited
}

// gone tells whether the process has ended.
func (p *child) gone() bool {
	select {
	case <-p.exited:
		return true
	default:
		return false
	}
}

// ended is what a pipeline says at its end.
type ended struct {
	Msg          string
	Consumed     int64 `json:"consumed"`
	Delivered    int64 `json:"delivered"`
	Dropped      int64 `json:"dropped"`
	Filtered     int64 `json:"filtered"`
	DeadLettered int64 `json:"dead_lettered"`
	Abandoned    int64 `json:"abandoned"`
}

// books says what is wrong with the counters that the process has told at its
// end, "" if they add up.
func (p *child) books() string {
	for line := range bytes.Lines(p.log.bytes()) {
		var e ended
		if json.Unmarshal(line, &e) != nil || e.Msg != "pipeline ended" {
			continue
		}
		if e.Consumed != e.Delivered+e.Dropped+e.Filtered+e.DeadLettered+e.Abandoned {
			return fmt.Sprintf("consumed %d is not delivered %d + dropped %d + filtered %d + dead-lettered %d + abandoned %d",
				e.Consumed, e.Delivered, e.Dropped, e.Filtered, e.DeadLettered, e.Abandoned)
		}
		return ""
	}
	return "the process told no counters at its end"
}

// maxTail bounds what is kept of a log.
const maxTail = 16 << 10

// tail keeps the end of what is written to it, and counts the messages. Its
// methods are safe for use from several goroutines.
type tail struct {
	mu   sync.Mutex
	buf  []byte
	line []byte // the last one, as far as it has come
	said map[string]int
	lost func() // called at each of the losses
	url  string // where the process serves its counters
}

func (t *tail) Write(data []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, data...)
	if over := len(t.buf) - maxTail; over > 0 {
		t.buf = bytes.Clone(t.buf[over:])
	}
	for part := range bytes.Lines(data) {
		if t.line = append(t.line, part...); part[len(part)-1] == '\n' {
			t.read(t.line)
			t.line = t.line[:0]
		}
	}
	return len(data), nil
}

// read takes a line up that is complete.
func (t *tail) read(line []byte) {
	var said struct{ Msg, URL string }
	if json.Unmarshal(line, &said) != nil {
		return // of somebody who writes no log, such as a crash
	}
	t.said[said.Msg]++
	if slices.Contains(losses, said.Msg) {
		t.lost()
	}
	if said.URL != "" {
		t.url = said.URL
	}
}

// heard is how often a message was said.
func (t *tail) heard(message string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.said[message]
}

// counters is where the process serves its counters, "" as long as it does not.
func (t *tail) counters() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.url
}

func (t *tail) bytes() []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	return bytes.Clone(t.buf)
}

func (t *tail) String() string { return string(t.bytes()) }
