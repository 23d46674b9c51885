package cli

import (
	"fmt"
	"sync"
	"time"
)

// progressEvery is how often long work tells of itself where no terminal
// shows it.
const progressEvery = 10 * time.Second

// progressLine tells how far long work is: on a terminal in one line that is
// rewritten, elsewhere now and then through say. Its methods are safe for use
// from several goroutines.
type progressLine struct {
	mu     sync.Mutex
	screen *terminal // nil off a terminal
	text   string
	began  time.Time
	stop   chan struct{}
	ended  sync.WaitGroup
}

// newProgressLine begins to tell; end must be called. ticks is when to tell off a
// terminal.
func newProgressLine(screen *terminal, ticks <-chan time.Time, say func(string)) *progressLine {
	p := &progressLine{stop: make(chan struct{}), began: time.Now()}
	if screen != nil && screen.interactive {
		p.screen = screen
		return p
	}
	p.ended.Go(func() {
		for {
			select {
			case <-p.stop:
				return
			case <-ticks:
			}
			p.mu.Lock()
			text := p.text
			p.mu.Unlock()
			if text != "" {
				say(text)
			}
		}
	})
	return p
}

// at notes a step and how much of it is done.
func (p *progressLine) at(step string, done, total int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.text = fmt.Sprintf("%s: %d of %d%s", step, done, total, pace(time.Since(p.began), done, total))
	if p.screen != nil {
		_, _ = fmt.Fprintf(p.screen, "\r\x1b[K%s", p.screen.dim(p.text))
	}
}

// paceAfter is when there is enough to tell a rate from.
const paceAfter = 2 * time.Second

// pace is how fast work goes and when it will be done.
func pace(since time.Duration, done, total int) string {
	if since < paceAfter || done == 0 {
		return ""
	}
	rate := float64(done) / since.Seconds()
	left := time.Duration(float64(total-done) / rate * float64(time.Second))
	return fmt.Sprintf(", %.3g/s, %v left", rate, left.Round(time.Second))
}

// end clears the line, and says nothing any more.
func (p *progressLine) end() {
	close(p.stop)
	p.ended.Wait()
	if p.screen != nil {
		_, _ = fmt.Fprint(p.screen, "\r\x1b[K")
	}
}
