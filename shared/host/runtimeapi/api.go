package runtimeapi

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
)

// The Runtime API, version 2018-06-01, as AWS documents it for custom runtimes.
const (
	prefix = "/{process}/2018-06-01/runtime/"

	headerRequestID = "Lambda-Runtime-Aws-Request-Id"
	headerDeadline  = "Lambda-Runtime-Deadline-Ms"
	headerARN       = "Lambda-Runtime-Invoked-Function-Arn"
	headerErrorType = "Lambda-Runtime-Function-Error-Type"

	mediaJSON = "application/json"
)

func (s *Server) runtimeAPI() http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("GET "+prefix+"invocation/next", s.of((*process).serveNext))
	m.HandleFunc("POST "+prefix+"invocation/{id}/response", s.of((*process).serveResponse))
	m.HandleFunc("POST "+prefix+"invocation/{id}/error", s.of((*process).serveError))
	m.HandleFunc("POST "+prefix+"init/error", s.of((*process).serveInitError))
	return m
}

// of finds the process that calls.
func (s *Server) of(f func(*process, http.ResponseWriter, *http.Request)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if x := s.process(r.PathValue("process")); x != nil {
			f(x, w, r)
			return
		}
		say(w, http.StatusForbidden, "UnknownProcess", "No process has this path.")
	}
}

func (x *process) serveNext(w http.ResponseWriter, r *http.Request) {
	e := x.next(r.Context().Done())
	if e == nil {
		say(w, http.StatusInternalServerError, "Closed", "There are no more events.")
		return
	}
	h := w.Header()
	h.Set("Content-Type", mediaJSON)
	h.Set(headerRequestID, e.id)
	h.Set(headerDeadline, strconv.FormatInt(e.deadline.UnixMilli(), 10))
	h.Set(headerARN, x.pool.server.arn(x.pool.function.Name))
	if _, err := w.Write(e.payload); err != nil {
		x.pool.server.opt.Log.Debug("a function went away before it had its event", "function", x.pool.function.Name, "error", err.Error())
	}
}

func (x *process) serveResponse(w http.ResponseWriter, r *http.Request) {
	if !x.holding(w, r) {
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxPayload))
	o, status := outcome{body: body}, http.StatusAccepted
	switch _, over := errors.AsType[*http.MaxBytesError](err); {
	case over:
		o = outcome{err: failed(AnswerTooLarge, "Response payload size exceeded maximum allowed payload size (%d bytes).", MaxPayload)}
		status = http.StatusRequestEntityTooLarge
	case err != nil:
		o = outcome{err: failed(AnswerTruncated, "The answer ended before it was complete.")}
		status = http.StatusBadRequest
	case r.Trailer.Get(headerErrorType) != "":
		o = outcome{err: failed(r.Trailer.Get(headerErrorType), "The function failed while it was answering.")}
	}
	x.finish(w, r, o, status)
}

func (x *process) serveError(w http.ResponseWriter, r *http.Request) {
	if !x.holding(w, r) {
		return
	}
	x.finish(w, r, outcome{err: readError(w, r)}, http.StatusAccepted)
}

func (x *process) serveInitError(w http.ResponseWriter, r *http.Request) {
	x.fail(readError(w, r))
	say(w, http.StatusAccepted, "", "")
}

// holding refuses an answer to an event that x does not hold.
func (x *process) holding(w http.ResponseWriter, r *http.Request) bool {
	if x.holds(r.PathValue("id")) {
		return true
	}
	say(w, http.StatusBadRequest, "InvalidRequestID", "Invalid request ID")
	return false
}

func (x *process) finish(w http.ResponseWriter, r *http.Request, o outcome, status int) {
	if err := x.answer(r.PathValue("id"), o); err != nil {
		say(w, http.StatusBadRequest, "InvalidRequestID", "Invalid request ID")
		return
	}
	say(w, status, "", "")
}

// readError reads what a function says about its failure. One that says it in
// no form that we know has failed all the same.
func readError(w http.ResponseWriter, r *http.Request) *FunctionError {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxPayload))
	var said struct {
		Type    string `json:"errorType"`
		Message string `json:"errorMessage"`
	}
	if err != nil || json.Unmarshal(body, &said) != nil {
		return failed(or(r.Header.Get(headerErrorType), "Runtime.Unknown"), "The function failed without saying how.")
	}
	return &FunctionError{Type: or(said.Type, or(r.Header.Get(headerErrorType), "Runtime.Unknown")), Message: said.Message, Payload: body}
}

// say answers a runtime: with a status of its own, or with an error.
func say(w http.ResponseWriter, status int, kind, message string) {
	w.Header().Set("Content-Type", mediaJSON)
	w.WriteHeader(status)
	body := map[string]string{"status": "OK"}
	if kind != "" {
		body = map[string]string{"errorType": kind, "errorMessage": message}
	}
	_, _ = w.Write(encode(body)) // a runtime that has gone needs no answer
}
