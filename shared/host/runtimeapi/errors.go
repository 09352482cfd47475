package runtimeapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// Names of errors that a function cannot give itself, as Lambda writes them.
const (
	ExitError         = "Runtime.ExitError"             // the process ended
	InvalidEntrypoint = "Runtime.InvalidEntrypoint"     // the process could not be started
	TimedOut          = "Sandbox.Timedout"              // killed at the deadline
	AnswerTooLarge    = "Function.ResponseSizeTooLarge" // more than MaxPayload
	AnswerTruncated   = "Runtime.TruncatedResponse"     // the answer broke off
)

// FunctionError is the failure of a function. Callers of Lambda get it as the
// payload of a successful call with the header X-Amz-Function-Error.
type FunctionError struct {
	Type    string
	Message string
	Payload json.RawMessage // as the function sent it
}

func failed(kind, format string, args ...any) *FunctionError {
	e := &FunctionError{Type: kind, Message: fmt.Sprintf(format, args...)}
	e.Payload = encode(map[string]string{"errorType": e.Type, "errorMessage": e.Message})
	return e
}

// Error returns type and message.
func (e *FunctionError) Error() string { return e.Type + ": " + e.Message }

// ASL returns the name under which a state machine sees the error.
func (e *FunctionError) ASL() string { return e.Type }

// ServiceError is a call that Lambda refuses: no function ran.
type ServiceError struct {
	Name    string // ResourceNotFoundException
	Status  int    // of HTTP
	Message string
}

// Error returns name and message.
func (e *ServiceError) Error() string { return e.Name + ": " + e.Message }

// ASL returns the name under which a state machine sees the error.
func (e *ServiceError) ASL() string { return "Lambda." + e.Name }

func refused(name string, status int, format string, args ...any) *ServiceError {
	return &ServiceError{Name: name, Status: status, Message: fmt.Sprintf(format, args...)}
}

// errClosed is what calls get after Close.
var errClosed = refused("ServiceException", http.StatusServiceUnavailable, "the server of functions has been closed")

// asService returns err as Lambda would tell it.
func asService(err error) *ServiceError {
	if e, ok := errors.AsType[*ServiceError](err); ok {
		return e
	}
	return refused("ServiceException", http.StatusInternalServerError, "the invocation was given up")
}

func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // strings always encode
	}
	return b
}
