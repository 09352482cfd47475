package command

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fulfilment"
	"github.com/openhostfactory/ohfp/shared/op"
)

// Settle decides what follows an attempt that did not complete its operation.
var Settle = op.Define(op.Spec{
	Name: "settle", Kind: op.Step, Timeout: 10 * time.Second,
	Summary: "Decide what follows an attempt that did not complete its operation",
}, Service.settle)

// SettleInput is what the workflow caught.
type SettleInput struct {
	OperationID string      `json:"operation_id" doc:"The operation." required:"true"`
	Attempt     int         `json:"attempt" doc:"Number of the attempt." required:"true" min:"1"`
	Run         int         `json:"run" doc:"The fence of its worker." required:"true" min:"1"`
	Error       CaughtError `json:"error" doc:"The error that the workflow caught."`
}

// CaughtError is an error as a state machine hands it on.
type CaughtError struct {
	Error string `json:"Error" doc:"Error name."`
	Cause string `json:"Cause,omitempty" doc:"Text for people."`
}

// settleTries bounds how often a ledger that keeps changing is read again.
const settleTries = 5

// settle stores its decision before it answers: a state machine that loses the
// answer asks again and, its run being old by then, is told to stop.
func (s Service) settle(ctx context.Context, in SettleInput) (fulfilment.Work, error) {
	report := fulfilment.Report{Attempt: in.Attempt, Run: in.Run, Error: in.Error.Error, Cause: in.Error.Cause}
	d, err := s.decide(ctx, in.OperationID, func(l broker.Ledger) fulfilment.Decision {
		return fulfilment.Settle(l, report, s.rules(), s.Now())
	})
	if err != nil {
		return fulfilment.Work{}, err
	}
	s.Log.InfoContext(ctx, "settled", "operation_id", in.OperationID, "attempt", in.Attempt, "error", in.Error.Error, "decision", d.Verdict, "next", d.Action)
	return fulfilment.WorkOf(in.OperationID, d, s.attemptFunction), nil
}

// decide reads a ledger, takes a decision and stores it; when the ledger has
// changed in between, it does so again.
func (s Service) decide(ctx context.Context, id string, by func(broker.Ledger) fulfilment.Decision) (fulfilment.Decision, error) {
	for range settleTries {
		l, err := s.Ledger.Ledger(ctx, id)
		if err != nil {
			return fulfilment.Decision{}, fmt.Errorf("reading operation %s: %w", id, err)
		}
		d := by(l)
		if d.Step == nil {
			return d, nil
		}
		err = s.Ledger.TakeStep(ctx, *d.Step)
		if c := new(broker.Conflict); errors.As(err, &c) {
			continue
		}
		if err != nil {
			return d, fmt.Errorf("storing a decision about %s: %w", id, err)
		}
		if !d.Step.Operation.Status.Open() {
			s.unreserve(ctx, &d.Step.Operation)
		}
		s.countDead(ctx, &l, d.Step)
		return d, nil
	}
	return fulfilment.Decision{}, fmt.Errorf("deciding about %s: it changed %d times meanwhile", id, settleTries)
}
