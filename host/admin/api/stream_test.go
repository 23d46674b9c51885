package api

import (
	"context"
	"errors"
	"strings"
	"testing"
)

// watch taps the orders until three exchanges have come, and then waits for what
// becomes of the answer.
func watch(t *testing.T, ctx context.Context, s *Server) (came chan struct{}, ended chan error, reason *string) {
	t.Helper()
	remote := dial(t, ClientConfig{Address: s.Addr()})
	came, ended, reason = make(chan struct{}), make(chan error, 1), new(string)
	go func() {
		n := 0
		sink := TapSink{Counts: func(TapCounts) error { return nil }, Exchange: func(TapExchange) error {
			if n++; n == 3 {
				close(came)
			}
			return nil
		}}
		var err error
		*reason, err = remote.Tap(ctx, "orders", TapQuery{}, sink)
		ended <- err
	}()
	return came, ended, reason
}

// A server that ends tells those who watch, and does not wait for them.
func TestStreamsEndWithTheServer(t *testing.T) {
	s := serve(t, Config{})
	came, ended, reason := watch(t, t.Context(), s)
	<-came
	if err := s.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-ended; err != nil || *reason != "weir ends" {
		t.Errorf("reason %q, %v", *reason, err)
	}
}

// Who goes makes room.
func TestStreamsEndWithTheClient(t *testing.T) {
	s := serve(t, Config{})
	ctx, cancel := context.WithCancel(t.Context())
	came, ended, _ := watch(t, ctx, s)
	<-came
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	for range maxStreams { // all places, once the server has noticed
		s.streaming <- struct{}{}
	}
}

// A call-back that fails ends the answer with its error.
func TestStreamsEndWithTheReader(t *testing.T) {
	remote := dial(t, ClientConfig{Address: serve(t, Config{}).Addr()})
	full := errors.New("the disk is full")
	_, err := remote.Tap(t.Context(), "orders", TapQuery{Processor: "route", Topic: "in", Where: "a", Rate: 1, Limit: 9}, TapSink{
		Counts: func(TapCounts) error { return nil }, Exchange: func(TapExchange) error { return full },
	})
	if !errors.Is(err, full) {
		t.Errorf("error %v, want that of the reader", err)
	}
}

// What a client reads of an answer: messages that it knows, and no half ones.
func TestMessages(t *testing.T) {
	var got []string
	err := messages(strings.NewReader("event: a\ndata: 1\n\n: comment\nevent: b\ndata: {}\n\n"), func(name string, data []byte) error {
		got = append(got, name+"="+string(data))
		return nil
	})
	if err != nil || strings.Join(got, " ") != "a=1 b={}" {
		t.Errorf("%v, %v", got, err)
	}
}
