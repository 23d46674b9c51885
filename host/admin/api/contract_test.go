package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// contract is the document as a client reads it.
type contract struct {
	whole    any
	compiler *jsonschema.Compiler
	paths    map[string]map[string]struct {
		Responses map[string]struct {
			Description string
			Content     map[string]struct{ Schema any }
		}
	}
}

// read takes the document from the server. Where objects have known fields, no
// other may come: what is not in the document has no meaning.
func read(t *testing.T, s *Server) *contract {
	t.Helper()
	got := send(t, plain(t), request(t, s, "GET", DocumentPath, ""))
	if got.status != http.StatusOK {
		t.Fatalf("document: %d %s", got.status, got.body)
	}
	whole, err := jsonschema.UnmarshalJSON(strings.NewReader(got.body))
	if err != nil {
		t.Fatal(err)
	}
	for _, schema := range whole.(map[string]any)["components"].(map[string]any)["schemas"].(map[string]any) {
		schema.(map[string]any)["additionalProperties"] = false
	}
	c := &contract{whole: whole, compiler: jsonschema.NewCompiler()}
	if err := c.compiler.AddResource("openapi.json", whole); err != nil {
		t.Fatal(err)
	}
	var head struct{ Paths *json.RawMessage }
	if err := json.Unmarshal([]byte(got.body), &head); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(*head.Paths, &c.paths); err != nil {
		t.Fatal(err)
	}
	return c
}

// holds checks an answer against what the document has for an operation, and
// returns the code of a problem.
func (c *contract) holds(t *testing.T, op *operation, got answer) Code {
	t.Helper()
	status := fmt.Sprint(got.status)
	response, ok := c.paths[op.path][strings.ToLower(op.method)].Responses[status]
	if !ok {
		t.Errorf("%s: status %s is not in the document: %s", op.id, status, got.body)
		return ""
	}
	if _, ok := response.Content[got.kind]; !ok {
		t.Errorf("%s: %s: content type %q is not in the document", op.id, status, got.kind)
		return ""
	}
	pointer := strings.NewReplacer("~", "~0", "/", "~1")
	place := fmt.Sprintf("openapi.json#/paths/%s/%s/responses/%s/content/%s/schema", pointer.Replace(op.path), strings.ToLower(op.method), status, pointer.Replace(got.kind))
	place = strings.NewReplacer("{", "%7B", "}", "%7D").Replace(place)
	schema, err := c.compiler.Compile(place)
	if err != nil {
		t.Fatal(err)
	}
	if got.kind == streamType {
		c.streamHolds(t, op, got.body)
		return ""
	}
	body, err := jsonschema.UnmarshalJSON(strings.NewReader(got.body))
	if err != nil {
		t.Fatalf("%s: %v in %s", op.id, err, got.body)
	}
	if err := schema.Validate(body); err != nil {
		t.Errorf("%s: %s is not as the document has it: %v", op.id, got.body, err)
	}
	var p Problem
	if got.status != http.StatusOK {
		if err := json.Unmarshal([]byte(got.body), &p); err != nil {
			t.Fatal(err)
		}
		if p.Status != got.status || !strings.Contains(response.Description, string(p.Code)+": ") {
			t.Errorf("%s: %s with status %d, which the document describes as %q", op.id, got.body, got.status, response.Description)
		}
	}
	return p.Code
}

// streamHolds checks each message of an answer that goes on.
func (c *contract) streamHolds(t *testing.T, op *operation, body string) {
	t.Helper()
	seen := map[string]bool{}
	for _, message := range strings.Split(strings.TrimSuffix(body, "\n\n"), "\n\n") {
		head, data, _ := strings.Cut(message, "\ndata: ")
		name := strings.TrimPrefix(head, "event: ")
		if op.stream[name] == nil {
			t.Fatalf("%s: message %q", op.id, message)
		}
		seen[name] = true
		schema, err := c.compiler.Compile("openapi.json#/components/schemas/" + op.stream[name].Name())
		if err != nil {
			t.Fatal(err)
		}
		value, err := jsonschema.UnmarshalJSON(strings.NewReader(data))
		if err != nil {
			t.Fatalf("%s: %v in %q", op.id, err, message)
		}
		if err := schema.Validate(value); err != nil {
			t.Errorf("%s: %s is not as the document has it: %v", op.id, message, err)
		}
	}
	if len(seen) != len(op.stream) {
		t.Errorf("%s: of the messages only %v came", op.id, seen)
	}
}

// target is where an operation of the fake host is.
func target(op *operation) string {
	path := strings.ReplaceAll(op.path, "{pipeline}", "orders")
	if strings.Contains(path, "{") {
		panic("the test knows no parameter of " + op.path)
	}
	if op.stream != nil {
		path += "?limit=2"
	}
	for _, p := range op.query {
		if p.required {
			path = with(path, p.name+"=earliest")
		}
	}
	return path
}

// with adds a parameter.
func with(path, query string) string {
	if strings.Contains(path, "?") {
		return path + "&" + query
	}
	return path + "?" + query
}

// provoke makes a request that meets a problem, by code.
var provoke = map[Code]func(t *testing.T, s *Server, host *fakeHost, op *operation) *http.Request{
	BadRequest: func(t *testing.T, s *Server, _ *fakeHost, op *operation) *http.Request {
		r := request(t, s, op.method, target(op), `[1]`)
		r.Header.Set("Content-Type", "application/json; charset=utf-8")
		return r
	},
	BadParameter: func(t *testing.T, s *Server, _ *fakeHost, op *operation) *http.Request {
		return request(t, s, op.method, with(target(op), "healt=up"), "")
	},
	CrossSite: func(t *testing.T, s *Server, _ *fakeHost, op *operation) *http.Request {
		r := request(t, s, op.method, target(op), "")
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		return r
	},
	TooLarge: func(t *testing.T, s *Server, _ *fakeHost, op *operation) *http.Request {
		r := request(t, s, op.method, target(op), strings.Repeat(" ", maxBody+1))
		r.Header.Set("Content-Type", "application/json")
		return r
	},
	BadType: func(t *testing.T, s *Server, _ *fakeHost, op *operation) *http.Request {
		r := request(t, s, op.method, target(op), "{}")
		r.Header.Set("Content-Type", "text/plain")
		return r
	},
	Unnamed: func(t *testing.T, s *Server, _ *fakeHost, op *operation) *http.Request {
		r := request(t, s, op.method, target(op), "")
		r.Host = "weir.attacker.example:8481"
		return r
	},
	InternalError: func(t *testing.T, s *Server, host *fakeHost, op *operation) *http.Request {
		host.panics = true
		return request(t, s, op.method, target(op), "")
	},
	NoToken: func(t *testing.T, s *Server, _ *fakeHost, op *operation) *http.Request {
		r := request(t, s, op.method, target(op), "")
		r.Header.Del("Authorization")
		return r
	},
	BadToken: func(t *testing.T, s *Server, _ *fakeHost, op *operation) *http.Request {
		r := request(t, s, op.method, target(op), "")
		r.Header.Set("Authorization", "Bearer "+ruling+"x")
		return r
	},
	RoleTooLow: func(t *testing.T, s *Server, _ *fakeHost, op *operation) *http.Request {
		r := request(t, s, op.method, target(op), "")
		if op.role == Viewer {
			return nil // there is no less
		}
		r.Header.Set("Authorization", "Bearer "+viewing)
		return r
	},
	NoPipeline: func(t *testing.T, s *Server, _ *fakeHost, op *operation) *http.Request {
		return request(t, s, op.method, strings.Replace(target(op), "orders", "order", 1), "")
	},
	NoProcessor: func(t *testing.T, s *Server, _ *fakeHost, op *operation) *http.Request {
		return request(t, s, op.method, with(target(op), "processor=rout"), "")
	},
	TooMany: func(t *testing.T, s *Server, _ *fakeHost, op *operation) *http.Request {
		for range maxStreams {
			s.streaming <- struct{}{}
		}
		return request(t, s, op.method, target(op), "")
	},
	Refused: func(t *testing.T, s *Server, host *fakeHost, op *operation) *http.Request {
		host.failWith(refuse(Refused, "", "weir.yaml:1:1: bad"))
		return request(t, s, op.method, target(op), "")
	},
	NeedsRestart: func(t *testing.T, s *Server, host *fakeHost, op *operation) *http.Request {
		host.failWith(refuse(NeedsRestart, "", "a change of admin"))
		return request(t, s, op.method, target(op), "")
	},
	TenantOnly: func(t *testing.T, s *Server, _ *fakeHost, op *operation) *http.Request {
		r := request(t, s, op.method, target(op), "")
		r.Header.Set("Authorization", "Bearer "+shopping)
		return r
	},
	NotNow: func(t *testing.T, s *Server, host *fakeHost, op *operation) *http.Request {
		host.failWith(refuse(NotNow, "", "it has failed"))
		return request(t, s, op.method, target(op), "")
	},
	NotAvailable: func(t *testing.T, s *Server, host *fakeHost, op *operation) *http.Request {
		host.failWith(refuse(NotAvailable, "", "the host ends"))
		return request(t, s, op.method, target(op), "")
	},
	TookTooLong: func(t *testing.T, s *Server, host *fakeHost, op *operation) *http.Request {
		host.failWith(fmt.Errorf("pause: %w", context.DeadlineExceeded))
		return request(t, s, op.method, target(op), "")
	},
}

// unprovoked are codes that an operation may meet and that nothing outside of it
// can bring about here.
var unprovoked = map[Code][]string{
	InternalError: {"openapi", "version"},                                                                        // they ask nobody
	TookTooLong:   {"version", "listPipelines", "showPipeline", "listModules", "listTenants", "listDifferences"}, // TestTurns
	RoleTooLow:    {"version", "listPipelines", "showPipeline", "listModules", "listTenants"},
}

// Every path, method, status, code and body is as the document says, and nothing
// is in the document that the server does not do.
func TestDocument(t *testing.T) {
	document := read(t, serve(t, Config{}))
	for path, methods := range document.paths {
		for method := range methods {
			if !slices.ContainsFunc(operations, func(op *operation) bool { return op.path == path && strings.EqualFold(op.method, method) }) {
				t.Errorf("the document has %s %s, which is no operation", method, path)
			}
		}
	}
	for _, op := range operations {
		t.Run(op.id, func(t *testing.T) {
			client := plain(t)
			host := &fakeHost{}
			s := serve(t, Config{Host: host, Tokens: everyRole()})
			good := request(t, s, op.method, target(op), "")
			good.Header.Set("Authorization", "Bearer "+ruling)
			got := send(t, client, good)
			if document.holds(t, op, got); got.status != http.StatusOK {
				t.Errorf("%d %s", got.status, got.body)
			}
			for _, codes := range op.problems() {
				for _, code := range codes {
					if slices.Contains(unprovoked[code], op.id) {
						continue
					}
					provoked := provoke[code]
					if provoked == nil {
						t.Fatalf("nothing brings about %s", code)
					}
					host.failWith(nil)
					for len(s.streaming) > 0 { // as TooMany has left it
						<-s.streaming
					}
					host.panics = false
					r := request(t, s, op.method, target(op), "")
					r.Header.Set("Authorization", "Bearer "+ruling)
					made := provoked(t, s, host, op)
					if made.Header.Get("Authorization") == "" && code != NoToken {
						made.Header.Set("Authorization", "Bearer "+ruling)
					}
					if got := document.holds(t, op, send(t, client, made)); got != code {
						t.Errorf("code %q, want %q", got, code)
					}
				}
			}
		})
	}
}

// What is not in the document has its problem, too.
func TestNotInTheDocument(t *testing.T) {
	s := serve(t, Config{})
	client := plain(t)
	for _, tt := range []struct {
		method, path string
		status       int
		code         Code
		hint, allow  string
	}{
		{"GET", "/", 404, Unknown, "/openapi.json has all paths", ""},
		{"GET", "/api/v1/pipelines/", 404, Unknown, "/openapi.json has all paths", ""},
		{"GET", "//api/v1/pipelines", 404, Unknown, "/openapi.json has all paths", ""},
		{"GET", "/api/v1/../v1/pipelines", 404, Unknown, "/openapi.json has all paths", ""},
		{"POST", "/api/v1/pipelines/orders:stop", 404, Unknown, "/openapi.json has all paths", ""},
		{"GET", "/api/v1/pipelines/orders%2Fx", 404, NoPipeline, `did you mean "orders"?`, ""},
		{"GET", "/api/v1/pipelines/order", 404, NoPipeline, `did you mean "orders"?`, ""},
		{"GET", "/api/v1/pipelines/x", 404, NoPipeline, "there are: orders, clicks", ""},
		{"GET", "/api/v1/pipelines/orders:pause", 405, WrongMethod, "use POST", "POST"},
		{"DELETE", "/api/v1/pipelines/orders", 405, WrongMethod, "use GET", "GET"},
		{"OPTIONS", "/api/v1/pipelines", 405, WrongMethod, "use GET", "GET"},
		{"GET", "/api/v1/pipelines?health=fine", 400, BadParameter, "want up, degraded, waiting, down", ""},
		{"GET", "/api/v1/pipelines?health=up&health=up", 400, BadParameter, "", ""},
		{"GET", "/api/v1/pipelines?heath=up", 400, BadParameter, `did you mean "health"?`, ""},
		{"POST", "/api/v1/pipelines/orders:seek", 400, BadParameter, "earliest, latest, an offset, or a time such as 2026-01-31T12:00:00Z.", ""},
		{"GET", "/api/v1/pipelines/orders:tap?rate=0", 400, BadParameter, "want a number from 1 to 1000", ""},
		{"GET", "/api/v1/pipelines/orders:tap?rate=1e2", 400, BadParameter, "want a number from 1 to 1000", ""},
		{"POST", "/api/v1/reload?dryRun=1", 400, BadParameter, "want true or false", ""},
		{"GET", "/api/v1/pipelines?%zz", 400, BadParameter, "", ""},
	} {
		t.Run(tt.method+" "+tt.path, func(t *testing.T) {
			got := send(t, client, request(t, s, tt.method, tt.path, ""))
			var p Problem
			if err := json.Unmarshal([]byte(got.body), &p); err != nil {
				t.Fatalf("%v in %q", err, got.body)
			}
			if got.status != tt.status || p.Code != tt.code || p.Hint != tt.hint || got.kind != problemType || got.header.Get("Allow") != tt.allow {
				t.Errorf("%d %s %q, want %+v", got.status, got.body, got.header, tt)
			}
		})
	}
}

// HEAD is GET without the body.
func TestHead(t *testing.T) {
	s := serve(t, Config{})
	got := send(t, plain(t), request(t, s, "HEAD", versionPath, ""))
	if got.status != 200 || got.body != "" || got.kind != "application/json" {
		t.Errorf("%+v", got)
	}
}

// Of an error that is none of the API's, the client learns no text.
func TestErrorsOfTheHostStayInside(t *testing.T) {
	host := &fakeHost{fail: errors.New("the password is swordfish")}
	s := serve(t, Config{Host: host})
	got := send(t, plain(t), request(t, s, "POST", "/api/v1/pipelines/orders:pause", ""))
	if got.status != 500 || strings.Contains(got.body, "swordfish") {
		t.Errorf("%d %s", got.status, got.body)
	}
}

// Each code has a status and a title of its own.
func TestKinds(t *testing.T) {
	titles := map[string]Code{}
	for _, k := range kinds {
		if k.status < 400 || k.title == "" || titles[k.title] != "" {
			t.Errorf("%+v, which has the title of %q", k, titles[k.title])
		}
		titles[k.title] = k.code
	}
	if len(provoke) > len(kinds) {
		t.Errorf("%d codes, of which the tests provoke %d", len(kinds), len(provoke))
	}
	if diff := cmp.Diff(Code("x").kind(), kind{"x", 500, "x"}, cmp.AllowUnexported(kind{})); diff != "" {
		t.Error(diff)
	}
}

// Requests that read take turns; one whose client gives up leaves its place in
// the line.
func TestTurns(t *testing.T) {
	s := serve(t, Config{})
	for range maxReading {
		s.reading <- struct{}{}
	}
	ctx, cancel := context.WithCancel(t.Context())
	r := request(t, s, "GET", versionPath, "").WithContext(ctx)
	done := make(chan error, 1)
	go func() {
		resp, err := plain(t).Do(r)
		if err == nil {
			resp.Body.Close()
		}
		done <- err
	}()
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that it was cancelled", err)
	}
	<-s.reading
	if got := send(t, plain(t), request(t, s, "GET", versionPath, "")); got.status != 200 {
		t.Errorf("%d %s", got.status, got.body)
	}
	<-s.reading
}

// The document says in one place what the server takes and gives; it is the same
// each time.
func TestDocumentIsStable(t *testing.T) {
	a, err := Document(Version{}, true)
	if err != nil {
		t.Fatal(err)
	}
	b, err := Document(Version{}, true)
	if err != nil || !bytes.Equal(a, b) {
		t.Errorf("two documents differ: %v\n%s", err, cmp.Diff(string(a), string(b)))
	}
}
