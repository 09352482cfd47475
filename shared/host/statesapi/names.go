package statesapi

import (
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"
)

// Limits of StartExecution (API reference, "Request Parameters"), in bytes
// and, for names, in characters.
const (
	maxName  = 80
	maxInput = 256 * 1024
	maxError = 256
	maxCause = 32 * 1024
)

// ARN is the name of a state machine as its callers give it.
func (s *Server) ARN(machine string) string { return s.arn("stateMachine", machine) }

func (s *Server) arn(kind, of string) string {
	return strings.Join([]string{"arn:aws:states", s.opt.Region, s.opt.Account, kind, of}, ":")
}

// identify names an execution: for the runner, and for the world. The names of
// Express executions have a part that is new each time, for they may be given
// again.
func (s *Server) identify(o order) (id, arn string) {
	id = o.machine + ":" + o.name
	if s.opt.Machines[o.machine].Type == Express {
		id += ":" + uuid.NewString()
		return id, s.arn("express", id)
	}
	return id, s.arn("execution", id)
}

// machineOf finds the state machine that is meant.
func (s *Server) machineOf(given *string) (string, error) {
	if given == nil {
		return "", missing("stateMachineArn")
	}
	of, err := resource(*given, "stateMachine")
	if err != nil {
		return "", err
	}
	if _, known := s.opt.Machines[of]; !known || *given != s.ARN(of) {
		return "", refused("StateMachineDoesNotExist", "State Machine Does Not Exist: '%s'", *given)
	}
	return of, nil
}

// executionOf finds the Standard execution that is meant.
func (s *Server) executionOf(given *string) (*execution, error) {
	if given == nil {
		return nil, missing("executionArn")
	}
	if _, err := resource(*given, "execution"); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if x := s.executions[*given]; x != nil {
		return x, nil
	}
	return nil, refused("ExecutionDoesNotExist", "Execution Does Not Exist: '%s'", *given)
}

// resource returns what an ARN of the kind names:
// arn:aws:states:REGION:ACCOUNT:KIND:NAME.
func resource(arn, kind string) (string, error) {
	parts := strings.SplitN(arn, ":", 7)
	if len(parts) < 7 || parts[0] != "arn" || parts[2] != "states" || parts[6] == "" {
		return "", refused("InvalidArn", "Invalid Arn: '%s'", arn)
	}
	if parts[5] != kind {
		return "", refused("InvalidArn", "Invalid Arn: 'Resource type not valid in this context: %s'", parts[5])
	}
	return parts[6], nil
}

// nameOf returns the name that an execution is given, or a new one.
func nameOf(given *string) (string, error) {
	if given == nil {
		return uuid.NewString(), nil
	}
	if n := utf8.RuneCountInString(*given); n < 1 || n > maxName {
		return "", refused("ValidationException", "the name has %d characters, want 1 to %d", n, maxName)
	}
	if !nameable(*given) {
		return "", refused("InvalidName", "Invalid Name: '%s'", *given)
	}
	return *given, nil
}

// nameable reports whether Step Functions takes the name: no white space, no
// brackets or wildcards, none of its special characters, no control characters.
func nameable(name string) bool {
	wrong := func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || strings.ContainsRune("<>{}[]?*\"#%\\^|~`$&,;:/", r) ||
			r == 0xFFFE || r == 0xFFFF || r == unicode.MaxRune
	}
	return name != "" && utf8.RuneCountInString(name) <= maxName && !strings.ContainsFunc(name, wrong)
}

// shorter refuses a member that is longer than AWS takes it.
func shorter(member string, value *string, limit int) error {
	if value != nil && len(*value) > limit {
		return refused("ValidationException", "the member %s has %d bytes, want at most %d", member, len(*value), limit)
	}
	return nil
}

func missing(member string) error {
	return refused("ValidationException", "the member %s must not be null", member)
}

// serviceError is a call that is refused.
type serviceError struct {
	name, message string
	status        int
}

func (e *serviceError) Error() string { return e.name + ": " + e.message }

// errStopping is what calls get when the runner has been stopped. Clients try
// it again.
var errStopping = &serviceError{"ServiceUnavailable", "the server is stopping", http.StatusServiceUnavailable}
