package campaign

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os/exec"
	"sync"
)

// child is one process of the pipeline.
type child struct {
	cmd    *exec.Cmd
	log    tail
	exited chan struct{}
}

// start runs a process of the pipeline. There must be none.
func (c *campaign) start() error {
	p := &child{exited: make(chan struct{})}
	p.cmd = exec.Command(c.Program, "run", "--config", c.config, "--exit-on-stop", "--listen", "off", "--log-format", "json")
	p.cmd.Args[0] = c.Name
	p.cmd.Env, p.cmd.Dir = c.Environ, c.dir
	p.cmd.Stderr = &p.log
	isolate(p.cmd)
	if err := p.cmd.Start(); err != nil {
		return fmt.Errorf("start weir run: %w", err)
	}
	c.child = p
	go func() {
		_ = p.cmd.Wait() // the exit code is read from ProcessState
		close(p.exited)
	}()
	return nil
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

// tail keeps the end of what is written to it. Its methods are safe for use
// from several goroutines.
type tail struct {
	mu  sync.Mutex
	buf []byte
}

func (t *tail) Write(data []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, data...)
	if over := len(t.buf) - maxTail; over > 0 {
		t.buf = bytes.Clone(t.buf[over:])
	}
	return len(data), nil
}

func (t *tail) bytes() []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	return bytes.Clone(t.buf)
}

func (t *tail) String() string { return string(t.bytes()) }
