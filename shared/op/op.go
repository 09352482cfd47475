package op

import (
	"context"
	"reflect"
	"time"

	"github.com/openhostfactory/ohfp/shared/fault"
)

// Kind says how an operation is reached.
type Kind uint8

// The kinds. Only commands and queries have routes, subcommands and a place
// in the OpenAPI document; the others are called by workflows.
const (
	Query    Kind = iota // reads
	Command              // changes something
	Step                 // called by a state machine
	Schedule             // called by the clock
	Event                // called by what happened elsewhere: an event of a bus
)

// Role is what a principal may do; each includes those before it.
type Role uint8

// The roles.
const (
	Reader    Role = iota // queries
	Scheduler             // run operations on machines
	Operator              // register and configure
	Admin
)

// Example is an invocation that works when pasted.
type Example struct {
	Title string
	Body  string // JSON; "" for none
	Async bool
}

// Shape is what a field of any shape holds in one case: strategy_config, which
// each kind of provider defines.
type Shape struct {
	Field string       // strategy_config
	When  string       // provider_type static
	Type  reflect.Type // a struct
}

// Spec is everything about an operation but its code.
type Spec struct {
	Name     string // camelCase: the route, the subcommand
	Kind     Kind
	Summary  string  // one sentence in the imperative
	Detail   string  // further paragraphs of help
	Shapes   []Shape // of fields that the request's own type leaves open
	Examples []Example
	Role     Role          // the least that may call it
	Timeout  time.Duration // of the handler; 0: 10 s
	MaxBody  int64         // bytes; 0: 64 KiB
	Faults   []fault.Code  // that it returns beyond those of every operation
	Async    bool          // honours Prefer: respond-async
	OwnsKeys bool          // the handler itself keeps idempotency keys, in the transaction of its claim
	Changes  bool          // makes or changes something, whatever it is asked: refused while the broker is frozen
	PerKind  bool          // one function per provider kind (steps)
	OfKind   string        // the provider kind whose driver its function links; "": none
}

// Op is a spec with its handler: a method of the room's service S from In to
// Out, whose types give fields, flags, help and schema.
type Op[S, In, Out any] struct {
	Spec
	handle func(S, context.Context, In) (Out, error)
}

// Define ties a spec to a handler. The types are inferred from the method.
func Define[S, In, Out any](spec Spec, handle func(S, context.Context, In) (Out, error)) Op[S, In, Out] {
	return Op[S, In, Out]{Spec: spec, handle: handle}
}

// Types returns the shapes of request and answer.
func (o Op[S, In, Out]) Types() (in, out reflect.Type) {
	return reflect.TypeFor[In](), reflect.TypeFor[Out]()
}

// Describe returns the spec.
func (o Op[S, In, Out]) Describe() Spec { return o.Spec }

// Described is any operation, bound or not: what routes, help and OpenAPI are
// derived from.
type Described interface {
	Describe() Spec
	Types() (in, out reflect.Type)
}

// Call is what a transport knows about one request, beside its body.
type Call struct {
	Principal      string
	Role           Role
	SourceIP       string
	RequestID      string
	IdempotencyKey string // "" for none
	Async          bool   // Prefer: respond-async
	Now            time.Time
	BodyHash       string // SHA-256 of the canonical body, hex; set by the endpoint
	Operation      string // what is called; set by the endpoint
}

type callKey struct{}

// WithCall puts c into ctx for handlers.
func WithCall(ctx context.Context, c Call) context.Context {
	return context.WithValue(ctx, callKey{}, c)
}

// CallFrom returns the call of ctx; the zero Call when a step has none.
func CallFrom(ctx context.Context) Call {
	c, _ := ctx.Value(callKey{}).(Call)
	return c
}

// Accepted is implemented by an answer that may stand for work still running:
// Location is where the result will appear, "" when the work is done.
type Accepted interface{ Location() string }
