package op

import (
	"maps"
	"time"

	"github.com/openhostfactory/ohfp/shared/fault"
)

// ProblemType is the media type of a problem document, RFC 9457.
const ProblemType = "application/problem+json"

// ProblemURI precedes a code in a problem's type.
const ProblemURI = "https://openhostfactory.github.io/ohfp/problems/"

// ProblemDocument is the shape of a problem, without the members that some
// codes add. Members that say nothing are left out.
type ProblemDocument struct {
	Type        string        `json:"type" doc:"URI of the code's description."`
	Title       string        `json:"title" doc:"The code in words; the same at each occurrence."`
	Status      int           `json:"status" doc:"HTTP status."`
	Detail      string        `json:"detail" doc:"What happened and what to do."`
	Instance    string        `json:"instance,omitempty" doc:"What was called."`
	Code        fault.Code    `json:"code" doc:"For machines; stable."`
	Errors      []fault.Field `json:"errors,omitempty" doc:"What is wrong with which field."`
	OperationID string        `json:"operation_id,omitempty" doc:"Where the operation's record is."`
	RetryAfter  int64         `json:"retry_after_seconds,omitempty" doc:"When it makes sense to try again."`
}

// Problem renders err as a problem document and its HTTP status. Of an
// internal error nothing leaves but the request id to report it with.
func Problem(err error, instance, requestID string) (status int, body []byte) {
	e := fault.As(err)
	if e == nil {
		e = &fault.Error{Code: fault.Internal}
	}
	body, failed := renderProblem(e, instance, requestID)
	if failed != nil { // an extra member that cannot be encoded is our fault
		plain := &fault.Error{Code: e.Code, Detail: e.Detail, OperationID: e.OperationID, RetryAfter: e.RetryAfter}
		body, _ = renderProblem(plain, instance, requestID) // strings and numbers always encode
	}
	return e.Code.Status(), body
}

func renderProblem(e *fault.Error, instance, requestID string) ([]byte, error) {
	doc := ProblemDocument{
		Type: ProblemURI + string(e.Code), Title: e.Code.Title(), Status: e.Code.Status(), Detail: e.Detail,
		Instance: instance, Code: e.Code, Errors: e.Fields, OperationID: e.OperationID, RetryAfter: WholeSeconds(e.RetryAfter),
	}
	extra := e.Extra
	if doc.Status == fault.Internal.Status() {
		doc.Type, doc.Code = ProblemURI+string(fault.Internal), fault.Internal
		doc.Detail = "The broker failed in a way it should not. Please report it with the request id " + requestID + "."
		doc.Errors, extra = nil, nil
	}
	if doc.Detail == "" {
		doc.Detail = doc.Title + "."
	}
	body, err := encode(doc)
	if err != nil || len(extra) == 0 {
		return body, err
	}
	return splice(body, extra)
}

// standard members cannot be replaced by extra ones.
var standard = map[string]bool{
	"type": true, "title": true, "status": true, "detail": true, "instance": true, "code": true,
	"errors": true, "operation_id": true, "retry_after_seconds": true,
}

// splice adds members to an encoded object, in the order of their names.
func splice(object []byte, extra map[string]any) ([]byte, error) {
	extra = maps.Clone(extra)
	maps.DeleteFunc(extra, func(name string, _ any) bool { return standard[name] })
	if len(extra) == 0 {
		return object, nil
	}
	more, err := encode(extra)
	if err != nil {
		return nil, err
	}
	return append(append(object[:len(object)-1], ','), more[1:]...), nil
}

// WholeSeconds rounds up: a caller that waits so long is never early.
func WholeSeconds(d time.Duration) int64 {
	return int64((d + time.Second - 1) / time.Second)
}
