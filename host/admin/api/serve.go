package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
)

// requests numbers the requests of the process.
var requests atomic.Uint64

// ServeHTTP answers one request and notes it.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	e := entry{request: strconv.FormatUint(requests.Add(1), 10), r: r}
	head := w.Header()
	head.Set("Cache-Control", "no-store")
	head.Set("X-Content-Type-Options", "nosniff")
	head.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	head.Set("Cross-Origin-Resource-Policy", "same-origin")
	body, err := s.answer(r, &e)
	if going, ok := body.(stream); ok {
		err = s.stream(w, r, going, &e)
	} else if err == nil {
		e.status = http.StatusOK
		err = write(w, e.status, "application/json", body)
	}
	if err != nil {
		e.err = err
		e.status = s.tell(w, err, e.request)
	}
	e.took = time.Since(began)
	s.audit.note(e)
}

// tell answers with a problem and returns its status.
func (s *Server) tell(w http.ResponseWriter, err error, request string) int {
	p := problem(err, request)
	if p.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="weir"`)
	}
	var method *methodError
	if errors.As(err, &method) {
		w.Header().Set("Allow", method.allow)
	}
	if err := write(w, p.Status, problemType, p); err != nil { // texts and numbers can always be written
		w.WriteHeader(http.StatusInternalServerError)
	}
	return p.Status
}

// answer does what a request asks for. A mistake of weir's own ends the request
// and nothing else.
func (s *Server) answer(r *http.Request, e *entry) (body any, err error) {
	defer func() {
		if p := recover(); p != nil {
			s.audit.log.Error("request panicked", zap.Any("panic", p), zap.ByteString("stack", debug.Stack()))
			body, err = nil, fmt.Errorf("panic: %v", p)
		}
	}()
	if err := s.guard(r); err != nil {
		return nil, err
	}
	op, path, err := s.router.find(r.Method, r.URL.EscapedPath())
	if err != nil {
		return nil, err
	}
	e.op = op
	if op.role != anybody {
		if e.who, err = s.identify(r); err != nil {
			return nil, err
		}
		if err := allow(e.who, op); err != nil {
			return nil, err
		}
	}
	if err := noBody(r); err != nil {
		return nil, err
	}
	query, err := readQuery(r.URL.RawQuery, op.query)
	if err != nil {
		return nil, err
	}
	c := &call{who: e.who, path: path, query: query}
	if op.stream != nil {
		return op.do(r.Context(), s, c)
	}
	ctx, cancel := context.WithTimeout(r.Context(), answerWithin)
	defer cancel()
	if r.Method == http.MethodGet {
		select {
		case s.reading <- struct{}{}:
			defer func() { <-s.reading }()
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return op.do(ctx, s, c)
}

// noBody is for operations that take none: what comes anyway must be an empty
// one, and of a type that no page of another site can send without being asked.
func noBody(r *http.Request) error {
	if kind := r.Header.Get("Content-Type"); kind != "" {
		if media, _, err := mime.ParseMediaType(kind); err != nil || media != "application/json" {
			return refuse(BadType, "send application/json, or no body", "the body is of type %q", kind)
		}
	}
	data, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxBody))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return refuse(TooLarge, "", "the body has more than %d bytes", maxBody)
	case err != nil:
		return refuse(BadRequest, "", "the body cannot be read: %v", err)
	case len(strings.TrimSpace(string(data))) > 0 && string(data) != "{}":
		return refuse(BadRequest, "leave it out", "the operation takes no body")
	}
	return nil
}

// readQuery takes the parameters that an operation knows, each once.
func readQuery(raw string, known []parameter) (map[string]string, error) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, refuse(BadParameter, "", "the query cannot be read: %v", err)
	}
	out := map[string]string{}
	for name, given := range values {
		i := slices.IndexFunc(known, func(p parameter) bool { return p.name == name })
		switch {
		case i < 0:
			return nil, refuse(BadParameter, didYouMean(name, names(known)), "no parameter is called %q here", name)
		case len(given) > 1:
			return nil, refuse(BadParameter, "", "the parameter %s is there %d times", name, len(given))
		}
		if err := known[i].check(given[0]); err != nil {
			return nil, err
		}
		out[name] = given[0]
	}
	for _, p := range known {
		if _, there := out[p.name]; p.required && !there {
			return nil, refuse(BadParameter, p.about, "the parameter %s is missing", p.name)
		}
	}
	return out, nil
}

func names(of []parameter) []string {
	var out []string
	for _, p := range of {
		out = append(out, p.name)
	}
	return out
}

func (p *parameter) check(value string) error {
	switch {
	case len(p.enum) > 0 && !slices.Contains(p.enum, value):
		return refuse(BadParameter, "want "+strings.Join(p.enum, ", "), "the parameter %s is %q", p.name, value)
	case p.kind == "integer":
		if n, err := strconv.Atoi(value); err != nil || n < p.low || n > p.high {
			return refuse(BadParameter, fmt.Sprintf("want a number from %d to %d", p.low, p.high), "the parameter %s is %q", p.name, value)
		}
	case p.kind == "boolean" && value != "true" && value != "false":
		return refuse(BadParameter, "want true or false", "the parameter %s is %q", p.name, value)
	}
	return nil
}

// didYouMean is a hint at the nearest of some names, else at all of them when
// they are few.
func didYouMean(name string, of []string) string {
	best, bestAt := "", max(len(name)/3, 1)+1
	for _, candidate := range of {
		if d := distance(name, candidate); d < bestAt {
			best, bestAt = candidate, d
		}
	}
	switch {
	case best != "":
		return fmt.Sprintf("did you mean %q?", best)
	case len(of) > 0 && len(of) <= 8:
		return "there are: " + strings.Join(of, ", ")
	}
	return ""
}

// distance is the number of letters to change, add or leave out.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			same := before
			if a[i] != b[j] {
				same++
			}
			before = row[j+1]
			row[j+1] = min(same, row[j]+1, before+1)
		}
	}
	return row[len(b)]
}
