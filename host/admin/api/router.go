package api

import (
	"net/url"
	"slices"
	"strings"
)

// router finds operations by method and path.
type router struct{ routes []route }

type route struct {
	op       *operation
	segments []string // {name} is a parameter; a verb follows it by a colon
}

func newRouter(ops []*operation) router {
	var r router
	for _, op := range ops {
		r.routes = append(r.routes, route{op, strings.Split(op.path, "/")})
	}
	return r
}

// find takes a path as the client wrote it, so that an escaped slash is none.
func (r *router) find(method, path string) (*operation, map[string]string, error) {
	segments := strings.Split(path, "/")
	if method == "HEAD" {
		method = "GET"
	}
	var methods []string
	for _, candidate := range r.routes {
		params, ok := candidate.match(segments)
		switch {
		case !ok:
		case candidate.op.method == method:
			return candidate.op, params, nil
		default:
			methods = append(methods, candidate.op.method)
		}
	}
	if len(methods) > 0 {
		slices.Sort(methods)
		allow := strings.Join(slices.Compact(methods), ", ")
		return nil, nil, &methodError{refuse(WrongMethod, "use "+allow, "%s does not have the method %s", path, method), allow}
	}
	return nil, nil, refuse(Unknown, "/openapi.json has all paths", "there is nothing at %s", path)
}

func (r *route) match(segments []string) (map[string]string, bool) {
	if len(segments) != len(r.segments) {
		return nil, false
	}
	var params map[string]string
	for i, want := range r.segments {
		name, verb, isParam := parameterSegment(want)
		if !isParam {
			if segments[i] != want {
				return nil, false
			}
			continue
		}
		raw, ok := strings.CutSuffix(segments[i], verb)
		value, err := url.PathUnescape(raw)
		if !ok || err != nil || value == "" || strings.Contains(raw, ":") {
			return nil, false // no name has a colon; what follows one is a verb
		}
		if params == nil {
			params = map[string]string{}
		}
		params[name] = value
	}
	return params, true
}

// parameterSegment parts {name}:verb.
func parameterSegment(segment string) (name, verb string, ok bool) {
	rest, ok := strings.CutPrefix(segment, "{")
	if !ok {
		return "", "", false
	}
	name, verb, ok = strings.Cut(rest, "}")
	return name, verb, ok
}

// methodError also says what the header Allow does.
type methodError struct {
	error
	allow string
}

func (e *methodError) Unwrap() error { return e.error }
