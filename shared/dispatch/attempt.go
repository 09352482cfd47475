package dispatch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/fulfilment"
	"github.com/openhostfactory/ohfp/shared/op"
)

// Attempt carries out one action of one attempt and records what came of it.
var Attempt = op.Define(op.Spec{
	Name: "attempt", Kind: op.Step, PerKind: true, Timeout: 65 * time.Second,
	Summary: "Carry out one action of one attempt at a provider and record what came of it",
}, Service.attempt)

// Attempted says that the operation is complete. Anything else is an error
// whose name tells the workflow why.
type Attempted struct {
	OperationID string                 `json:"operation_id"`
	Status      broker.OperationStatus `json:"status"`
}

// job is one attempt in a worker's hands: the ledger as it was read, and the
// fence under which the attempt is stored.
type job struct {
	work   fulfilment.Work
	ledger broker.Ledger
	seen   broker.Fenced
	now    time.Time
}

func (j *job) attempt() *broker.Attempt { return &j.seen.Attempt }

// attempt returns fault.Task errors: Ohfp.Partial and Ohfp.Pending when the
// operation goes on, Ohfp.<Class> when the provider failed, Ohfp.Superseded
// when another worker has the attempt.
func (s Service) attempt(ctx context.Context, w fulfilment.Work) (Attempted, error) {
	l, err := s.Ledger.Ledger(ctx, w.OperationID)
	if err != nil {
		return Attempted{}, fmt.Errorf("reading operation %s: %w", w.OperationID, err)
	}
	a := l.Attempt(w.Attempt)
	if a == nil || a.Run != w.Run || a.State == broker.Confirmed || a.State == broker.NoEffect {
		return Attempted{}, superseded(w)
	}
	if !l.Operation.Status.Open() {
		return Attempted{OperationID: w.OperationID, Status: l.Operation.Status}, nil
	}
	j := &job{work: w, ledger: l, now: s.Now(), seen: broker.Fenced{Attempt: *a, SeenRun: a.Run, SeenState: a.State}}
	done, err := s.guarded(ctx, j)
	if err != nil {
		return Attempted{}, err
	}
	return s.record(ctx, j, done)
}

func superseded(w fulfilment.Work) error {
	return &fault.Task{Name: fault.ASLSuperseded, Cause: fmt.Sprintf("attempt %d of %s has another worker", w.Attempt, w.OperationID)}
}

// perform makes the one driver call of an action, after SENT is stored when
// the call may have an effect.
func (s Service) perform(ctx context.Context, j *job) (broker.Attempt, error) {
	d, refusal := s.driver(ctx, j)
	if refusal != "" {
		return fulfilment.Refusal(*j.attempt(), refusal, time.Time{}, s.Now()), nil
	}
	timeout := time.Duration(j.work.DriverTimeoutMS) * time.Millisecond
	resolving := j.seen.SeenState == broker.UnknownEffect
	if mutates(j.work.Action) {
		if err := s.markSent(ctx, j, timeout); err != nil {
			return broker.Attempt{}, err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return s.call(ctx, d, j, resolving), nil
}

func mutates(a fulfilment.Action) bool {
	return a == fulfilment.ActCreate || a == fulfilment.ActResolve || a == fulfilment.ActTerminate
}

// markSent stores SENT under the attempt's fence. When it fails the driver
// must not be called: another worker has the attempt, or nothing is known.
func (s Service) markSent(ctx context.Context, j *job, timeout time.Duration) error {
	now := s.Now()
	sent := j.seen
	sent.Attempt = fulfilment.Sending(sent.Attempt, now, now.Add(timeout))
	err := s.Ledger.RecordOutcome(ctx, broker.Outcome{OperationID: j.work.OperationID, Attempt: sent})
	if c := new(broker.Conflict); errors.As(err, &c) {
		return superseded(j.work)
	}
	if err != nil {
		return fmt.Errorf("storing that attempt %d of %s is sent: %w", j.work.Attempt, j.work.OperationID, err)
	}
	j.seen = broker.Fenced{Attempt: sent.Attempt, SeenRun: sent.Attempt.Run, SeenState: broker.Sent}
	return nil
}
