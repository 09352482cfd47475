package fault

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Field is what is wrong with one field, and the remedy.
type Field struct {
	Field   string `json:"field"` // dotted path: parameters.count, hosts[2].address
	Message string `json:"message"`
}

// Error is a failure as the API answers it. Err is for logs and never leaves
// the process; all else may.
type Error struct {
	Code        Code
	Detail      string         // what happened and what to do, in one or two sentences
	Fields      []Field        // for malformed requests
	RetryAfter  time.Duration  // 0 when unknown
	OperationID string         // when an operation was stored
	Extra       map[string]any // further members: attempts, operation, candidates, current_version
	Err         error          // cause, for logs only
}

// Error returns code, detail, fields and cause on one line.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(string(e.Code))
	if e.Detail != "" {
		b.WriteString(": " + e.Detail)
	}
	for _, f := range e.Fields {
		b.WriteString("; " + f.Field + ": " + f.Message)
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// New makes an Error of code with a formatted detail.
func New(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Detail: fmt.Sprintf(format, args...)}
}

// Invalid makes an invalid_request that names one field.
func Invalid(field, format string, args ...any) *Error {
	m := fmt.Sprintf(format, args...)
	return &Error{Code: InvalidRequest, Detail: field + ": " + m, Fields: []Field{{field, m}}}
}

// Unsupported makes a not_supported that names one field.
func Unsupported(field, format string, args ...any) *Error {
	e := Invalid(field, format, args...)
	e.Code = NotSupported
	return e
}

// As returns err as an *Error; anything else becomes an internal error with
// err as its cause. It returns nil for nil.
func As(err error) *Error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return &Error{Code: Internal, Err: err}
}

// Is reports whether err is an *Error with the given code.
func Is(err error, code Code) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Code == code
}

// Lookup names, in a not_found, the field that asked for what is missing and
// says where to look; any other err is returned as it is.
func Lookup(err error, field, where string) error {
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Code != NotFound {
		return err
	}
	named := *e
	named.Detail += " " + where
	named.Fields = []Field{{field, named.Detail}}
	return &named
}

// ProviderError is a provider's failure, classified by its driver.
type ProviderError struct {
	Class      Class
	Sent       bool          // the request may have reached the provider
	Local      bool          // it arose here (names, our network, credentials that could not be loaded): no evidence by itself
	Code       string        // the vendor's own code
	Message    string        // for people, without secrets
	RetryAfter time.Duration // the provider's hint; 0 when it gave none
	Err        error         // cause, for logs only
}

// Error returns class, vendor code and message on one line.
func (e *ProviderError) Error() string {
	s := string(e.Class)
	if e.Code != "" {
		s += " " + e.Code
	}
	if e.Message != "" {
		s += ": " + e.Message
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *ProviderError) Unwrap() error { return e.Err }

// Ambiguous reports whether a mutation that ended with e may have happened.
func (e *ProviderError) Ambiguous() bool { return e.Sent && e.Class.Rule().Ambiguous }

// AsProvider returns err as a *ProviderError. What no driver classified is
// taken as [Server] and sent: the most careful reading. It returns nil for nil.
func AsProvider(err error) *ProviderError {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*ProviderError](err); ok {
		return e
	}
	return &ProviderError{Class: Server, Sent: true, Code: "unclassified", Message: "the driver failed without saying how", Err: err}
}

// Task is how a step tells its state machine what happened: an error name of
// the definition's Catch, and a cause for people.
type Task struct {
	Name  string // ASL error name: Ohfp.Partial, Ohfp.Capacity
	Cause string
}

// Error returns name and cause.
func (e *Task) Error() string { return e.Name + ": " + e.Cause }

// ASL returns the error's name, as a state machine sees it.
func (e *Task) ASL() string { return e.Name }
