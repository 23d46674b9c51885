package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

const streamType = "text/event-stream"

// messageWithin is how long a client may take to receive one message.
const messageWithin = 10 * time.Second

// stream is an answer that goes on: it sends messages until ctx ends, or send
// fails. What it returns before the first message is a problem.
type stream func(ctx context.Context, send func(name string, data any) error) (End, error)

// End is the last message of an answer that goes on.
type End struct {
	Reason string `json:"reason" doc:"Why nothing more comes."`
}

// stream serves one.
func (s *Server) stream(w http.ResponseWriter, r *http.Request, going stream, e *entry) error {
	select {
	case s.streaming <- struct{}{}:
		defer func() { <-s.streaming }()
	default:
		return refuse(TooMany, "end another one", "there are %d already", maxStreams)
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	go func() {
		select {
		case <-s.ending:
			cancel()
		case <-ctx.Done():
		}
	}()
	control := http.NewResponseController(w)
	begun := false
	send := func(name string, data any) error {
		if !begun {
			// The limit of a request's time is over with the request.
			if err := control.SetReadDeadline(time.Time{}); err != nil {
				return err
			}
			w.Header().Set("Content-Type", streamType)
			w.WriteHeader(http.StatusOK)
			begun, e.status = true, http.StatusOK
			begins := *e // told of now: it may take long to end
			begins.begins = true
			s.audit.note(begins)
		}
		text, err := json.Marshal(data)
		if err != nil {
			return err
		}
		if err := control.SetWriteDeadline(time.Now().Add(messageWithin)); err != nil {
			return err
		}
		if _, err := fmt.Fprintf(w, "event: %s\ndata: %s\n\n", name, text); err != nil {
			return err
		}
		return control.Flush()
	}
	end, err := going(ctx, send)
	switch {
	case !begun && err != nil && ctx.Err() == nil:
		return err
	case r.Context().Err() != nil:
		return nil // the client has gone
	case ctx.Err() != nil:
		end = End{"weir ends"}
	case err != nil:
		end = End{"an error, which the log has"}
		e.err = err
	}
	if err := send("end", end); err != nil {
		e.err = errors.Join(e.err, err)
	}
	return nil
}
