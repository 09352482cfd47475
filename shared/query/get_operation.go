package query

import (
	"context"
	"fmt"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/op"
)

// GetOperation shows one operation with every attempt.
var GetOperation = op.Define(op.Spec{
	Name: "getOperation", Kind: op.Query,
	Summary:  "Show an operation with every attempt",
	Detail:   "Reads the record: no provider is called.",
	Examples: []op.Example{{Title: "One operation", Body: `{"operation_id": "01980000-0000-7000-8000-000000000000"}`}},
	Faults:   []fault.Code{fault.NotFound},
}, Service.getOperation)

// GetOperationInput names the operation.
type GetOperationInput struct {
	OperationID     string `json:"operation_id" doc:"The operation." required:"true" format:"name"`
	IncludeDecision bool   `json:"include_decision,omitempty" doc:"Also why each provider was ranked or refused."`
	IncludeEvidence bool   `json:"include_evidence,omitempty" doc:"Also what the decision read, for ohfp replay to take it again; asks for the decision too."`
}

// OperationAnswer is an operation, with the decision where it was asked for.
type OperationAnswer struct {
	broker.OperationView
	Decision *broker.Decision `json:"decision,omitempty" doc:"The selection as it was made."`
}

// getOperation returns not_found.
func (s Service) getOperation(ctx context.Context, in GetOperationInput) (OperationAnswer, error) {
	l, err := s.Operations.Ledger(ctx, in.OperationID)
	if err != nil {
		return OperationAnswer{}, fmt.Errorf("reading operation %s: %w", in.OperationID, fault.Lookup(err, "operation_id", "listOperations shows those that are kept."))
	}
	out := OperationAnswer{OperationView: l.View()}
	if in.IncludeDecision || in.IncludeEvidence {
		out.Decision = l.Decision
	}
	if d := out.Decision; d != nil && !in.IncludeEvidence {
		d.Evidence = nil
	}
	return out, nil
}
