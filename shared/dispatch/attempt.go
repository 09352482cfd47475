package dispatch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/fulfilment"
	"github.com/openhostfactory/ohfp/shared/op"
	"github.com/openhostfactory/ohfp/shared/trace"
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

// job is one attempt in a worker's hands: the ledger and the attempt as they
// were read, and the fence under which the attempt is stored.
type job struct {
	work   fulfilment.Work
	ledger broker.Ledger
	before broker.Attempt
	seen   broker.Fenced
	began  time.Time     // of the driver call; zero: none was made
	order  int64         // of the registration that it was made by
	of     int64         // its version
	trying []string      // blocked offerings that this job alone tries
	most   *int          // max_machines of the registration
	price  *float64      // its price of a machine per hour
	short  string        // why it asks for fewer machines than it was to
	slow   time.Duration // from when a call is slow; 0: none is
}

func (j *job) attempt() *broker.Attempt { return &j.seen.Attempt }

// name tells the job from all others at its provider.
func (j *job) name() string {
	return fmt.Sprintf("%s/%d/%d", j.work.OperationID, j.work.Attempt, j.work.Run)
}

// lease is how long what the job takes for its call is kept from others.
func (j *job) lease() time.Duration {
	return time.Duration(j.work.DriverTimeoutMS)*time.Millisecond + permitMargin
}

// ending is what came of a job: the attempt after it, and what the call says
// about the provider's health.
type ending struct {
	attempt  broker.Attempt
	evidence fault.Class
	local    bool // the failure arose here: see [fault.ProviderError]
}

// refused is the ending of a call that our own gate held back.
func (s Service) refused(j *job, why string, until time.Time) ending {
	return ending{attempt: fulfilment.Refusal(*j.attempt(), why, until, s.Now()), evidence: fault.Refused}
}

// attempt returns fault.Task errors: Ohfp.Partial and Ohfp.Pending when the
// operation goes on, Ohfp.<Class> when the provider failed, Ohfp.Superseded
// when another worker has the attempt.
func (s Service) attempt(ctx context.Context, w fulfilment.Work) (Attempted, error) {
	l, err := s.Ledger.Ledger(ctx, w.OperationID)
	if err != nil {
		return Attempted{}, fmt.Errorf("reading operation %s: %w", w.OperationID, err)
	}
	a := l.Attempt(w.Attempt)
	if !w.Fits(a) {
		return Attempted{}, superseded(w)
	}
	if !l.Operation.Status.Open() {
		return Attempted{OperationID: w.OperationID, Status: l.Operation.Status}, nil
	}
	j := &job{work: w, ledger: l, before: *a, seen: broker.Fenced{Attempt: *a, SeenRun: a.Run, SeenState: a.State}}
	e, err := s.guarded(ctx, j)
	if err != nil {
		return Attempted{}, err
	}
	out, err := s.record(ctx, j, e.attempt)
	if recorded(err) {
		s.unreserve(context.WithoutCancel(ctx), j, &e)
		s.measure(context.WithoutCancel(ctx), j, &e)
	}
	return out, err
}

func superseded(w fulfilment.Work) error {
	return &fault.Task{Name: fault.ASLSuperseded, Cause: fmt.Sprintf("attempt %d of %s has another worker", w.Attempt, w.OperationID)}
}

// perform makes the one driver call of an action, after SENT is stored when
// the call may have an effect.
func (s Service) perform(ctx context.Context, j *job) (ending, error) {
	d, refusal := s.driver(ctx, j)
	if refusal != "" {
		return s.refused(j, refusal, time.Time{}), nil
	}
	if shut, err := s.tries(ctx, j); shut != nil || err != nil {
		return s.outOf(j, shut), err
	}
	if full, err := s.reserve(ctx, j); full != nil || err != nil {
		return s.noRoom(j, full), err
	}
	until := s.Now().Add(time.Duration(j.work.DriverTimeoutMS) * time.Millisecond)
	if mutates(j.work.Action) {
		if err := s.markSent(ctx, j, until); err != nil {
			return ending{}, err
		}
	}
	j.began = s.Now()
	ctx, cancel := context.WithTimeout(ctx, until.Sub(j.began)) // storing took some of it
	defer cancel()
	e := j.explained(s.call(ctx, d, j))
	s.tell(ctx, j, &e)
	return e, nil
}

// tell says what a driver call came to, to who asked.
func (s Service) tell(ctx context.Context, j *job, e *ending) {
	r := trace.From(ctx)
	if r == nil {
		return
	}
	r.Add(ctx, "driver call", slog.String("provider", e.attempt.Provider), slog.String("action", string(j.work.Action)),
		slog.Float64("duration_ms", float64(s.Now().Sub(j.began).Microseconds())/1000),
		slog.String("class", string(e.attempt.Class)), slog.String("code", e.attempt.Code), slog.String("state", string(e.attempt.State)))
}

func mutates(a fulfilment.Action) bool {
	return a == fulfilment.ActCreate || a == fulfilment.ActResolve || a == fulfilment.ActTerminate
}

// markSent stores SENT under the attempt's fence. When it fails the driver
// must not be called: another worker has the attempt, or nothing is known.
func (s Service) markSent(ctx context.Context, j *job, until time.Time) error {
	sent := j.seen
	sent.Attempt = fulfilment.Sending(sent.Attempt, s.Now(), until)
	err := s.Ledger.MarkSent(ctx, j.work.OperationID, sent)
	if c := new(broker.Conflict); errors.As(err, &c) {
		return superseded(j.work)
	}
	if err != nil {
		return fmt.Errorf("storing that attempt %d of %s is sent: %w", j.work.Attempt, j.work.OperationID, err)
	}
	j.seen = broker.Fenced{Attempt: sent.Attempt, SeenRun: sent.Attempt.Run, SeenState: broker.Sent}
	return nil
}
