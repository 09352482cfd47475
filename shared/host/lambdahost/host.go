package lambdahost

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/host/telemetry"
	"github.com/openhostfactory/ohfp/shared/op"
	"github.com/openhostfactory/ohfp/shared/trace"
)

const (
	// warmWithin is less than the 10 s that Lambda gives a function to start:
	// who is late there is started again, and pays for the second time.
	warmWithin = 8 * time.Second

	// answerMargin is what is left of an invocation's time when its handler
	// has to end, for the answer to be written.
	answerMargin = 250 * time.Millisecond

	// maxAnswer is the most that a function may return, in bytes.
	maxAnswer = 6 << 20
)

// Config is what a host needs. Operation, Open, Log and Now are required.
type Config struct {
	Operation op.Described
	Open      func(context.Context) (op.Endpoint, error)
	Log       *slog.Logger
	Now       func() time.Time
	Metrics   *telemetry.Metrics // nil: none
	Tracer    telemetry.Tracer   // nil: none
	// Debug reports whether a principal may see how an answer came about; nil:
	// nobody may. A gateway that has let a caller through says no more of him.
	Debug func(principal string) bool
}

// Host answers the invocations of one function. It is safe for concurrent
// use, though Lambda sends one event at a time.
type Host struct {
	cfg  Config
	spec op.Spec

	mu    sync.Mutex // held while opening: nobody opens twice
	bound *op.Endpoint
}

var _ lambda.Handler = (*Host)(nil)

// New makes a host that has opened nothing yet.
func New(cfg Config) *Host {
	if cfg.Tracer == nil {
		cfg.Tracer = telemetry.NoTracer{}
	}
	return &Host{cfg: cfg, spec: cfg.Operation.Describe()}
}

// Warm opens what the first invocation needs. An error is logged; that
// invocation tries again.
func (h *Host) Warm(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, warmWithin)
	defer cancel()
	if _, err := h.endpoint(ctx); err != nil {
		h.cfg.Log.ErrorContext(ctx, "opening failed, the next invocation tries again", "operation", h.spec.Name, "error", err.Error())
	}
}

// endpoint opens the operation unless it is open. Errors are the opener's.
func (h *Host) endpoint(ctx context.Context) (e op.Endpoint, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.bound != nil {
		return *h.bound, nil
	}
	defer h.recovered(ctx, &err)
	if e, err = h.cfg.Open(ctx); err != nil {
		return op.Endpoint{}, fmt.Errorf("opening %s: %w", h.spec.Name, err)
	}
	h.bound = &e
	return e, nil
}

// errPanic is the cause of an internal error whose stack is in the log.
var errPanic = errors.New("a panic")

// recovered makes a panic an internal error. It is to be deferred.
func (h *Host) recovered(ctx context.Context, err *error) {
	if p := recover(); p != nil {
		h.cfg.Log.ErrorContext(ctx, "panic", "operation", h.spec.Name, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		*err = &fault.Error{Code: fault.Internal, Err: errPanic}
	}
}

// Invoke answers one event. Its errors are all of the type that the runtime
// passes on as it is, messages.InvokeResponse_Error.
func (h *Host) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	x := &invocation{started: h.cfg.Now(), event: decode(payload)}
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		x.function = lc.AwsRequestID
	}
	ctx, cancel := untilMargin(telemetry.WithRequest(ctx, x.function))
	defer cancel()
	if x.event.request != nil {
		return h.answerHTTP(ctx, x)
	}
	return h.answerDirect(ctx, x)
}

// invocation is one event on its way.
type invocation struct {
	started  time.Time
	function string // Lambda's id of the invocation
	event    event
	id       string          // of the request, for the caller
	trace    *trace.Recorder // nil: nobody asked for one
}

// untilMargin ends ctx early enough before Lambda ends the process.
func untilMargin(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, deadline.Add(-answerMargin))
}

// serve runs the operation. Errors are [*fault.Error] or the opener's.
func (h *Host) serve(ctx context.Context, call op.Call, body []byte) (a op.Answer, err error) {
	e, err := h.endpoint(ctx)
	if err != nil {
		return op.Answer{}, err
	}
	ctx, end := h.cfg.Tracer.Start(ctx, h.spec.Name)
	defer func() { end(err) }()
	defer h.recovered(ctx, &err)
	return e.Serve(ctx, call, body)
}

// measure puts an invocation's metrics on record.
func (h *Host) measure(ctx context.Context, x *invocation, failed bool) {
	v := 0.0
	if failed {
		v = 1
	}
	err := h.cfg.Metrics.Put(h.spec.Name,
		telemetry.Metric{Name: "Duration", Unit: telemetry.Milliseconds, Value: h.took(x)},
		telemetry.Metric{Name: "Failed", Unit: telemetry.Count, Value: v})
	if err != nil {
		h.cfg.Log.WarnContext(ctx, "the metrics were not written", "error", err.Error())
	}
}

// took is in milliseconds.
func (h *Host) took(x *invocation) float64 {
	return float64(h.cfg.Now().Sub(x.started).Microseconds()) / 1000
}

func known(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // strings and numbers of our own always encode
	}
	return b
}
