package command

import (
	"context"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/metrics"
)

// countDead counts the attempts that a step has taken from workers which died:
// they could not do it themselves. What is found of such an attempt later is
// added by whoever finds it. Counters are evidence, not truth: one that cannot
// be written is logged.
func (s Service) countDead(ctx context.Context, before *broker.Ledger, step *broker.Step) {
	for i := range step.Changed {
		a := &step.Changed[i].Attempt
		e, dead := s.death(before, a)
		if !dead {
			continue
		}
		row := e.Delta()
		if err := s.Counters.AddMetric(context.WithoutCancel(ctx), row.Stored(a.Provider)); err != nil {
			s.Log.WarnContext(ctx, "counting an attempt failed", "provider", a.Provider, "operation_id", before.Operation.ID, "error", err)
		}
	}
}

// death is the end of an attempt whose worker died. What was never sent never
// reached the provider, and does not speak against it.
func (s Service) death(before *broker.Ledger, a *broker.Attempt) (e metrics.Event, dead bool) {
	was := before.Attempt(a.N)
	if was == nil || was.State != broker.Intent && (was.State != broker.Sent || was.Continuation != nil) {
		return e, false
	}
	e = metrics.Event{Operation: before.Operation.Type, Ended: s.Now(), Class: a.Class, Code: a.Code, Message: a.Message}
	switch {
	case was.State == broker.Intent && a.Tries > was.Tries: // and may have been opened again in the same step
		e.Class, e.Code, e.Message = fault.Refused, "worker_lost", "the worker ended before it called"
	case was.State == broker.Sent && a.State == broker.UnknownEffect:
		e.Duration = max(time.Duration(0), e.Ended.Sub(was.SentAt))
	default:
		return e, false
	}
	if e.Operation == broker.CreateInstances {
		e.Wanted = a.Count
	}
	return e, true
}
