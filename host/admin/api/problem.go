package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
)

// Code names a kind of problem. Codes are an interface to programs: add, never
// change.
type Code string

// The codes.
const (
	BadRequest    Code = "bad_request"
	BadParameter  Code = "bad_parameter"
	Unknown       Code = "no_such_path"
	NoPipeline    Code = "no_such_pipeline"
	NoProcessor   Code = "no_such_processor"
	WrongMethod   Code = "wrong_method"
	Unnamed       Code = "wrong_host"
	CrossSite     Code = "cross_site"
	NoToken       Code = "no_token"
	BadToken      Code = "bad_token"
	RoleTooLow    Code = "role_too_low"
	TenantOnly    Code = "tenant_only"
	TooLarge      Code = "too_large"
	TooMany       Code = "too_many"
	BadType       Code = "unsupported_media_type"
	NotNow        Code = "not_in_this_state"
	NotAvailable  Code = "not_available"
	Refused       Code = "refused"
	NeedsRestart  Code = "needs_restart"
	TookTooLong   Code = "timeout"
	InternalError Code = "internal_error"
)

type kind struct {
	code   Code
	status int
	title  string
}

// kinds say of every code which status goes with it and what it means, for the
// document too.
var kinds = []kind{
	{BadRequest, http.StatusBadRequest, "the request cannot be understood"},
	{BadParameter, http.StatusBadRequest, "a parameter is unknown, missing or of the wrong form"},
	{NoToken, http.StatusUnauthorized, "a token is needed"},
	{BadToken, http.StatusUnauthorized, "the token is not one of those that the configuration has"},
	{RoleTooLow, http.StatusForbidden, "the role does not allow it"},
	{TenantOnly, http.StatusForbidden, "who belongs to a tenant may not do it: it concerns others"},
	{CrossSite, http.StatusForbidden, "the request was made by a page of another site"},
	{Unknown, http.StatusNotFound, "there is no such path"},
	{NoPipeline, http.StatusNotFound, "there is no such pipeline"},
	{NoProcessor, http.StatusNotFound, "the pipeline has no such processor"},
	{WrongMethod, http.StatusMethodNotAllowed, "the path has no such method"},
	{NotNow, http.StatusConflict, "the state does not allow it"},
	{TooLarge, http.StatusRequestEntityTooLarge, "the body is too large"},
	{BadType, http.StatusUnsupportedMediaType, "the body is of a type that is not taken"},
	{Unnamed, http.StatusMisdirectedRequest, "the host that the request names is not this one"},
	{NeedsRestart, http.StatusConflict, "the process has to be started anew for it"},
	{Refused, http.StatusUnprocessableEntity, "the configuration, or a module, has faults; nothing was changed"},
	{TooMany, http.StatusTooManyRequests, "so many cannot be served at one time"},
	{InternalError, http.StatusInternalServerError, "weir made a mistake, which its log has"},
	{NotAvailable, http.StatusServiceUnavailable, "it cannot be done now, or not here"},
	{TookTooLong, http.StatusGatewayTimeout, "it took too long"},
}

// Problem is the body of an answer that is none of the good ones (RFC 9457).
type Problem struct {
	Type     string `json:"type" doc:"urn:weir:problem: and the code."`
	Title    string `json:"title" doc:"What the code means."`
	Status   int    `json:"status" doc:"The status of the answer."`
	Code     Code   `json:"code" doc:"The kind of problem. Codes are stable."`
	Detail   string `json:"detail,omitempty" doc:"What is wrong here."`
	Hint     string `json:"hint,omitempty" doc:"What helps."`
	Instance string `json:"instance" doc:"urn:weir:request: and the number of the request, which the log has too."`
}

const problemType = "application/problem+json"

// Error is a problem on its way to the client.
type Error struct {
	Code Code
	// Detail says what is wrong, Hint what helps. Both may be empty.
	Detail, Hint string
}

func (e *Error) Error() string {
	text := e.Detail
	if text == "" {
		text = string(e.Code)
	}
	if e.Hint != "" {
		text += " (" + e.Hint + ")"
	}
	return text
}

// Status is the status that goes with the code.
func (e *Error) Status() int { return e.Code.status() }

func (c Code) status() int { return c.kind().status }

func (c Code) kind() kind {
	i := slices.IndexFunc(kinds, func(k kind) bool { return k.code == c })
	if i < 0 { // a test keeps the table whole
		return kind{c, http.StatusInternalServerError, string(c)}
	}
	return kinds[i]
}

// refuse makes an Error.
func refuse(code Code, hint, format string, args ...any) *Error {
	return &Error{Code: code, Detail: fmt.Sprintf(format, args...), Hint: hint}
}

// problem is what the client is told of an error. Of one that is none of the
// API's own it learns nothing: the text may name what is not for it.
func problem(err error, request string) Problem {
	var e *Error
	switch {
	case errors.As(err, &e):
	case errors.Is(err, context.DeadlineExceeded):
		e = refuse(TookTooLong, "it may still be going on: look at the state", "not done within %s", answerWithin)
	default:
		e = &Error{Code: InternalError}
	}
	return Problem{
		Type: "urn:weir:problem:" + string(e.Code), Title: e.Code.kind().title, Status: e.Status(), Code: e.Code,
		Detail: e.Detail, Hint: e.Hint, Instance: requestURN + request,
	}
}

const requestURN = "urn:weir:request:"

// write sends a body.
func write(w http.ResponseWriter, status int, contentType string, body any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	// The client may have gone; nobody is left to tell.
	_, _ = w.Write(append(data, '\n'))
	return nil
}
