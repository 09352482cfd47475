package statesapi

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/openhostfactory/ohfp/shared/flow/local"
	"github.com/openhostfactory/ohfp/statemachines"
)

// DefaultClosed is how many Standard executions that have ended are remembered.
const DefaultClosed = 10_000

// Type is how a state machine runs.
type Type string

// The types.
const (
	Standard Type = "STANDARD" // once by its name, and remembered
	Express  Type = "EXPRESS"  // as often as it is started, and forgotten
)

// Machine is a state machine as it would be deployed.
type Machine struct {
	Definition string // one of statemachines.Names()
	Type       Type
	Timeout    time.Duration // of an execution; on AWS the text's TimeoutSeconds
}

// Options configure a server. Runner and Machines are needed.
type Options struct {
	Runner   *local.Runner // walks the executions; its Invoker calls the functions
	Machines map[string]Machine
	Region   string // "": us-east-1
	Account  string // "": 000000000000
	Closed   int    // 0: DefaultClosed
}

// Server is the API as an [http.Handler], under any path. It is safe for
// concurrent use, and is stopped by stopping its runner.
type Server struct {
	opt Options

	mu         sync.Mutex
	executions map[string]*execution // Standard ones, by ARN
	closed     []*execution          // those of them that have ended, in that order
}

var _ http.Handler = (*Server)(nil)

// New returns a server. A machine that could not run is an error.
func New(o Options) (*Server, error) {
	o.Region, o.Account, o.Closed = or(o.Region, "us-east-1"), or(o.Account, "000000000000"), or(o.Closed, DefaultClosed)
	for name, m := range o.Machines {
		known := slices.Contains(statemachines.Names(), m.Definition) && (m.Type == Standard || m.Type == Express)
		if !known || m.Timeout <= 0 || !nameable(name) {
			return nil, fmt.Errorf("the state machine %q needs a name of Step Functions, a known definition and type, and a time-out: got %+v", name, m)
		}
	}
	return &Server{opt: o, executions: map[string]*execution{}}, nil
}

func or[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}
