package command

import (
	"context"
	"fmt"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/fulfilment"
	"github.com/openhostfactory/ohfp/shared/op"
)

// CancelOperation ends an operation that is wanted no more.
var CancelOperation = op.Define(op.Spec{
	Name: "cancelOperation", Kind: op.Command, Role: op.Scheduler,
	Summary: "Cancel an operation that is wanted no more",
	Detail: "What was not sent to a provider never will be. What was sent is finished: the machines that it makes stay, are shown, " +
		"and are yours to terminate. The answer is the operation: CANCELLED, SUCCEEDED when its whole wish had been fulfilled " +
		"already, or RUNNING while something is out. A termination that was sent cannot be cancelled.",
	Examples: []op.Example{{Title: "One operation", Body: `{"operation_id": "01980000-0000-7000-8000-000000000000"}`}},
	Faults:   []fault.Code{fault.NotFound, fault.Conflict},
}, Service.cancelOperation)

// CancelInput names the operation.
type CancelInput struct {
	OperationID string `json:"operation_id" doc:"The operation." required:"true" format:"name"`
}

// Cancelled is the operation after it.
type Cancelled struct {
	broker.OperationView
}

// cancelOperation returns not_found, or conflict for an operation that ended
// without having been cancelled, and for a termination that was sent. One that
// was cancelled before is answered as it stands.
func (s Service) cancelOperation(ctx context.Context, in CancelInput) (Cancelled, error) {
	by := broker.Cancellation{At: s.Now(), Actor: actor(ctx)}
	d, err := s.decide(ctx, in.OperationID, func(l broker.Ledger) fulfilment.Decision {
		if fulfilment.Final(&l) {
			return fulfilment.Decision{Verdict: fulfilment.Done}
		}
		return fulfilment.Cancel(l, by, s.rules(), s.Now())
	})
	if err != nil {
		return Cancelled{}, fault.Lookup(err, "operation_id", "listOperations shows those that are kept.")
	}
	if d.Step != nil {
		s.Log.InfoContext(ctx, "cancelled", "operation_id", in.OperationID, "status", d.Step.Operation.Status)
		s.finish(ctx, d)
	}
	l, err := s.Ledger.Ledger(ctx, in.OperationID)
	if err != nil {
		return Cancelled{}, fmt.Errorf("reading operation %s: %w", in.OperationID, err)
	}
	return cancelled(&l)
}

// finish starts a workflow for what a cancellation leaves to do. When it cannot
// be started the reconciler resumes the operation.
func (s Service) finish(ctx context.Context, d fulfilment.Decision) {
	if d.Attempt.N == 0 {
		return
	}
	o := d.Step.Operation
	if err := s.start(ctx, &o, d); err != nil {
		s.Log.ErrorContext(ctx, "starting a workflow failed; the operation will be resumed", "operation_id", o.ID, "error", err)
	}
}

func cancelled(l *broker.Ledger) (Cancelled, error) {
	o := &l.Operation
	e := fault.New(fault.Conflict, "")
	e.OperationID = o.ID
	switch {
	case o.Cancelled != nil:
		return Cancelled{l.View()}, nil
	case !o.Status.Open():
		e.Detail = fmt.Sprintf("the operation has ended %s; there is nothing left to cancel", o.Status)
	case o.Type != broker.TerminateInstances: // it is final
		e.Detail = "the result of this request is final: return its machines with requestReturnMachines"
	default:
		e.Detail = "the termination was sent: what is gone does not come back, and the rest of it goes on"
	}
	e.Extra = map[string]any{"operation": l.View()}
	return Cancelled{}, e
}
