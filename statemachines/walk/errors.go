package walk

import (
	"errors"
	"strings"
)

// Error names that the interpreter itself gives. Names that begin with
// "States." are the language's own; a function cannot raise them.
const (
	StatesAll        = "States.ALL"                       // in ErrorEquals: every name but the two that end an execution
	StatesTaskFailed = "States.TaskFailed"                // in ErrorEquals: as States.ALL, less States.Timeout
	StatesTimeout    = "States.Timeout"                   // a task, or the execution, took too long
	StatesRuntime    = "States.Runtime"                   // a path found nothing, or the execution went round too often
	StatesDataLimit  = "States.DataLimitExceeded"         // more than 256 KiB between states
	StatesResultPath = "States.ResultPathMatchFailure"    // a result has no place in the state's input
	LambdaUnknown    = "Lambda.Unknown"                   // a function failed without a name: it crashed, or was killed
	LambdaNotFound   = "Lambda.ResourceNotFoundException" // no such function
)

// causeLimit is the length of a cause on AWS, in bytes.
const causeLimit = 32 * 1024

// TaskError is a failure under the name that Retry and Catch see.
type TaskError struct {
	Name  string
	Cause string // for people
}

// Error returns name and cause on one line.
func (e *TaskError) Error() string {
	if e.Cause == "" {
		return e.Name
	}
	return e.Name + ": " + e.Cause
}

// ASL returns the name.
func (e *TaskError) ASL() string { return e.Name }

// Named is an error that says under which name a state machine sees it. A
// function may return any such error; others are [LambdaUnknown].
type Named interface {
	error
	ASL() string
}

// Status is how an execution ended that did not succeed.
type Status string

// The statuses.
const (
	Failed   Status = "FAILED"
	TimedOut Status = "TIMED_OUT" // the execution's own time-out
	Aborted  Status = "ABORTED"   // its context ended
)

// Failure is the end of an execution that did not succeed.
type Failure struct {
	Status Status
	Name   string // the error's name; "" when aborted
	Cause  string
}

// Error returns status, name and cause on one line.
func (f *Failure) Error() string {
	s := "execution " + string(f.Status)
	for _, part := range []string{f.Name, f.Cause} {
		if part != "" {
			s += ": " + part
		}
	}
	return s
}

// classify gives a function's error its name.
func classify(err error) *TaskError {
	if e, ok := errors.AsType[*TaskError](err); ok && raisable(e.Name) {
		return &TaskError{Name: e.Name, Cause: clip(e.Cause)}
	}
	if e, ok := errors.AsType[Named](err); ok && raisable(e.ASL()) {
		return &TaskError{Name: e.ASL(), Cause: clip(err.Error())}
	}
	return &TaskError{Name: LambdaUnknown, Cause: clip(err.Error())}
}

func raisable(name string) bool { return name != "" && !strings.HasPrefix(name, "States.") }

func clip(s string) string {
	if len(s) <= causeLimit {
		return s
	}
	return strings.ToValidUTF8(s[:causeLimit], "")
}

func runtimeError(cause string) *TaskError { return &TaskError{Name: StatesRuntime, Cause: cause} }

// matches reports whether ErrorEquals names e. No wildcard reaches the errors
// that end an execution whatever it says.
func matches(equals []string, e *TaskError) bool {
	fatal := e.Name == StatesRuntime || e.Name == StatesDataLimit
	for _, name := range equals {
		switch {
		case name == e.Name,
			name == StatesAll && !fatal,
			name == StatesTaskFailed && !fatal && e.Name != StatesTimeout:
			return true
		}
	}
	return false
}
