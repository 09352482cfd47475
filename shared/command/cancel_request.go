package command

import (
	"context"
	"fmt"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/hostfactory"
	"github.com/openhostfactory/ohfp/shared/op"
)

// CancelRequest ends a scheduler's request that is wanted no more.
var CancelRequest = op.Define(op.Spec{
	Name: "cancelRequest", Kind: op.Command, Role: op.Scheduler,
	Summary: "Cancel a scheduler's request for machines",
	Detail: "What was not sent to a provider never will be; what was made, or is still being made, is returned. A request whose result " +
		"is final cannot be cancelled: return its machines.",
	Examples: []op.Example{{Title: "One request", Body: `{"request_id": "req-00000000-0000-7000-8000-000000000000"}`}},
	Faults:   []fault.Code{fault.NotFound, fault.Conflict},
}, Service.cancelRequest)

// CancelRequestInput names the request.
type CancelRequestInput struct {
	RequestID string `json:"request_id" doc:"The request." required:"true" maxlen:"256"`
}

// cancelRequest returns not_found for what is no request, and conflict for one
// whose result is final, and for a return.
func (s Service) cancelRequest(ctx context.Context, in CancelRequestInput) (hostfactory.Requested, error) {
	l, err := s.Ledger.Ledger(ctx, in.RequestID)
	if err == nil && l.Operation.Request == nil {
		err = fault.New(fault.NotFound, "%q is no scheduler's request; cancelOperation cancels an operation.", in.RequestID)
	}
	if err != nil {
		return hostfactory.Requested{}, fmt.Errorf("reading request %s: %w", in.RequestID, fault.Lookup(err, "request_id", "listRequests shows those that are kept."))
	}
	o := &l.Operation
	switch {
	case o.Type == broker.TerminateInstances:
		return hostfactory.Requested{}, fault.New(fault.Conflict, "%s is a return: what is being ended does not come back", o.ID)
	case o.Cancelled == nil && !o.Request.ClosedAt.IsZero():
		return hostfactory.Requested{}, fault.New(fault.Conflict, "the result of %s is final; return its machines with requestReturnMachines", o.ID)
	}
	if _, err := s.cancelOperation(ctx, CancelInput{OperationID: o.ID}); err != nil {
		return hostfactory.Requested{}, err
	}
	return hostfactory.Requested{Message: "Cancelled; what was made is returned.", RequestID: o.ID}, nil
}
