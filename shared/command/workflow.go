package command

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fulfilment"
)

// executeInput is the input of execute_with_failover: ids, names, deadlines.
type executeInput struct {
	OperationID string          `json:"operation_id"`
	Functions   stepFunctions   `json:"functions"`
	Current     fulfilment.Work `json:"current"`
}

type stepFunctions struct {
	Settle string `json:"settle"`
}

// start starts the workflow of an operation with its next piece of work.
func (s Service) start(ctx context.Context, o *broker.Operation, d fulfilment.Decision) error {
	work := fulfilment.WorkOf(o.ID, d, s.attemptFunction)
	input, err := json.Marshal(executeInput{OperationID: o.ID, Functions: stepFunctions{s.Functions.Settle}, Current: work})
	if err != nil {
		return fmt.Errorf("writing the workflow's input: %w", err)
	}
	name := o.ID
	if o.Resumes > 0 {
		name = fmt.Sprintf("%s-r%d", o.ID, o.Resumes)
	}
	e := broker.Execution{
		Name: name, OperationID: o.ID, ReadOnly: readOnly(o.Type), Awaited: !o.Async && o.Resumes == 0,
		Deadline: o.Deadline, Input: input,
	}
	if err := s.Flows.StartOperation(ctx, e); err != nil {
		return fmt.Errorf("starting the workflow of %s: %w", o.ID, err)
	}
	return nil
}

// readOnly reports whether operations of the type change nothing at a provider.
func readOnly(t broker.OperationType) bool {
	return t != broker.CreateInstances && t != broker.TerminateInstances
}
