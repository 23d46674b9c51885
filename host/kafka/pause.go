package kafka

import (
	"context"
	"sync"
)

// pause is the switch that holds the polls of a source. Not polling is all that
// it takes: as with a lack of credit, heartbeats, commits and lanes go on.
type pause struct {
	busy chan struct{} // has a token while a poll and its dispatch go on

	mu      sync.Mutex
	on      bool
	running context.Context // ends when the source is paused
	stop    context.CancelFunc
	resumed chan struct{} // closed when it is resumed; nil unless paused
}

func newPause() *pause {
	p := &pause{busy: make(chan struct{}, 1)}
	p.running, p.stop = context.WithCancel(context.Background())
	return p
}

// Pause keeps the source from taking records until Resume, also before and
// between its runs. What has been taken goes on to its end and is committed, and
// the source stays a member of its group. Pause returns when nothing more comes
// to the lanes, or with the error of ctx when that cannot be waited for; the source
// is paused then too.
func (s *Source) Pause(ctx context.Context) error {
	p := s.pause
	p.mu.Lock()
	if !p.on {
		p.on, p.resumed = true, make(chan struct{})
		p.stop()
	}
	p.mu.Unlock()
	select {
	case p.busy <- struct{}{}: // a poll that had begun is over
		<-p.busy
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Resume lets a paused source read on where it was.
func (s *Source) Resume() {
	p := s.pause
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.on {
		return
	}
	p.on = false
	p.running, p.stop = context.WithCancel(context.Background())
	close(p.resumed)
}

// Paused tells whether the source is paused.
func (s *Source) Paused() bool {
	s.pause.mu.Lock()
	defer s.pause.mu.Unlock()
	return s.pause.on
}

// begin waits until the source is not paused and says that a poll begins. The
// context of the poll ends with ctx and when the source is paused; ok is false when
// ctx ended before. end must be called after an ok.
func (p *pause) begin(ctx context.Context) (polling context.Context, end func(), ok bool) {
	for {
		p.busy <- struct{}{} // nobody keeps it while the poller is here
		p.mu.Lock()
		on, running, resumed := p.on, p.running, p.resumed
		p.mu.Unlock()
		if !on {
			polling, cancel := context.WithCancel(ctx)
			stop := context.AfterFunc(running, cancel)
			return polling, func() {
				stop()
				cancel()
				<-p.busy
			}, true
		}
		<-p.busy
		select {
		case <-resumed:
		case <-ctx.Done():
			return nil, nil, false
		}
	}
}
