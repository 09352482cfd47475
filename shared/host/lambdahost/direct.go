package lambdahost

import (
	"context"
	"errors"
	"log/slog"

	"github.com/aws/aws-lambda-go/lambda/messages"

	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/op"
)

// workflow is the principal of what no person calls.
const workflow = "workflow"

// answerDirect runs a step, a schedule or an event. Errors are typed, see [typed].
func (h *Host) answerDirect(ctx context.Context, x *invocation) ([]byte, error) {
	x.id = x.function
	out, err := h.run(ctx, x)
	name, message := "", ""
	if err != nil {
		name, message = typed(err, x.id)
	}
	h.cfg.Log.LogAttrs(ctx, slog.LevelInfo, "step",
		slog.String("operation", h.spec.Name),
		slog.String("error_type", name),
		slog.Float64("duration_ms", h.took(x)),
		slog.Int("bytes", len(out)),
	)
	h.measure(ctx, x, name == fault.ASLInternal)
	if name == fault.ASLInternal { // nobody reads the answer of a step: all of it is for the log
		h.logFailure(ctx, x, fault.As(err), slog.LevelError)
	}
	if err != nil {
		return nil, messages.InvokeResponse_Error{Type: name, Message: message}
	}
	return out, nil
}

func (h *Host) run(ctx context.Context, x *invocation) (out []byte, err error) {
	defer h.recovered(ctx, &err)
	if x.event.err != nil {
		return nil, x.event.err
	}
	if len(op.Routes(h.spec)) > 0 {
		return nil, fault.New(fault.InvalidRequest, "This function answers API Gateway: the event has another shape.")
	}
	a, err := h.serve(ctx, op.Call{Principal: workflow, Role: op.Admin, RequestID: x.id, Now: x.started}, x.event.body)
	if err != nil {
		return nil, err
	}
	if len(a.Body) > maxAnswer {
		return nil, fault.New(fault.TooLarge, "The answer is larger than the %d bytes that a function may return.", maxAnswer)
	}
	return a.Body, nil
}

// typed gives an error the name that a state machine sees. A name of ours says
// that the step has recorded what happened, so that nothing but a
// [*fault.Task] has one; all else is Ohfp.Internal, with the detail that the
// API would give.
func typed(err error, requestID string) (name, message string) {
	if t, ok := errors.AsType[*fault.Task](err); ok {
		return t.Name, t.Cause
	}
	f := fault.As(err)
	if f.Code.Status() == fault.Internal.Status() || f.Detail == "" {
		return fault.ASLInternal, "The step failed in a way it should not. Its log holds the reason under the request id " + requestID + "."
	}
	return fault.ASLInternal, string(f.Code) + ": " + f.Detail
}
