package runtimeapi

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/google/uuid"
)

// Handler serves Lambda's Invoke API, so that any client of AWS can call the
// functions: POST /2015-03-31/functions/NAME/invocations, with
// X-Amz-Invocation-Type RequestResponse, Event or DryRun. NAME is a function's
// name, with a qualifier or without, or its ARN. An Event that fails is logged
// and not tried again.
func (s *Server) Handler() http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("POST /2015-03-31/functions/{name}/invocations", s.serveInvoke)
	return m
}

func (s *Server) serveInvoke(w http.ResponseWriter, r *http.Request) {
	id := uuid.NewString()
	w.Header().Set("X-Amzn-Requestid", id)
	payload, err := readPayload(w, r)
	if err != nil {
		refuse(w, asService(err))
		return
	}
	name := functionName(r.PathValue("name"))
	switch kind := or(r.Header.Get("X-Amz-Invocation-Type"), "RequestResponse"); kind {
	case "RequestResponse":
		s.respond(w, r, call{id, name, payload})
	case "Event":
		s.post(w, r, call{id, name, payload})
	case "DryRun":
		s.dryRun(w, name)
	default:
		refuse(w, refused("InvalidParameterValueException", http.StatusBadRequest, "no such invocation type: %q", kind))
	}
}

// functionName takes a name out of what a caller may write for it: the name,
// ACCOUNT:function:NAME, or a whole ARN; each with a qualifier or without.
func functionName(given string) string {
	if _, name, ok := strings.Cut(given, "function:"); ok {
		given = name
	}
	name, _, _ := strings.Cut(given, ":")
	return name
}

func readPayload(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	payload, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxPayload))
	if _, over := errors.AsType[*http.MaxBytesError](err); over {
		return nil, refused("RequestTooLargeException", http.StatusRequestEntityTooLarge, "the payload is larger than %d bytes", MaxPayload)
	}
	switch {
	case err != nil:
		return nil, refused("InvalidRequestContentException", http.StatusBadRequest, "Could not read request body")
	case len(payload) == 0:
		return []byte("{}"), nil
	case !json.Valid(payload):
		return nil, refused("InvalidRequestContentException", http.StatusBadRequest, "Could not parse request body into json")
	}
	return payload, nil
}

func (s *Server) respond(w http.ResponseWriter, r *http.Request, c call) {
	body, err := s.run(r.Context(), c)
	failure, isFailure := errors.AsType[*FunctionError](err)
	if err != nil && !isFailure {
		refuse(w, asService(err))
		return
	}
	h := w.Header()
	h.Set("Content-Type", mediaJSON)
	h.Set("X-Amz-Executed-Version", "$LATEST")
	if isFailure {
		h.Set("X-Amz-Function-Error", "Unhandled")
		body = failure.Payload
	}
	_, _ = w.Write(body) // a caller who has gone needs no answer
}

// post accepts an event. It waits for a place beside, as the queue would.
func (s *Server) post(w http.ResponseWriter, r *http.Request, c call) {
	if s.pools[c.function] == nil {
		s.dryRun(w, c.function)
		return
	}
	ctx := context.WithoutCancel(r.Context())
	ok := s.enlist(func() {
		if _, err := s.run(ctx, c); err != nil {
			s.opt.Log.WarnContext(ctx, "an asynchronous invocation failed", "function", c.function, "function_request_id", c.id, "error", err.Error())
		}
	})
	if !ok {
		refuse(w, errClosed)
		return
	}
	w.WriteHeader(http.StatusAccepted)
}

// dryRun says whether there is such a function.
func (s *Server) dryRun(w http.ResponseWriter, function string) {
	if s.pools[function] == nil {
		refuse(w, refused("ResourceNotFoundException", http.StatusNotFound, "Function not found: %s", s.arn(function)))
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func refuse(w http.ResponseWriter, e *ServiceError) {
	kind := "User"
	if e.Status >= http.StatusInternalServerError {
		kind = "Service"
	}
	w.Header().Set("Content-Type", mediaJSON)
	w.Header().Set("X-Amzn-Errortype", e.Name)
	w.WriteHeader(e.Status)
	_, _ = w.Write(encode(map[string]string{"Type": kind, "Message": e.Message})) // a caller who has gone needs no answer
}
