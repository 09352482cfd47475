package dispatch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/openhostfactory/ohfp/shared/breaker"
	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/fulfilment"
)

// permitMargin is how much longer a permit lives than the call it is for.
const permitMargin = time.Second

// admitTries bounds how often a row that keeps changing is read again.
const admitTries = 4

// guarded performs an attempt between the two halves of the breaker: let in
// before, reported after. A health check passes unguarded: it is how a
// provider that is shut out is looked at.
func (s Service) guarded(ctx context.Context, j *job) (ending, error) {
	if j.work.Action == fulfilment.ActHealth {
		return s.perform(ctx, j)
	}
	cfg, err := s.Config.StrategyConfig(ctx)
	if err != nil {
		return ending{}, fmt.Errorf("reading the configuration: %w", err)
	}
	j.slow = cfg.Breaker.SlowCall
	key := broker.LiveKey{Provider: j.attempt().Provider, Class: classOf(j.work.Action)}
	call, refused, err := s.admit(ctx, key, cfg.Breaker, j)
	switch {
	case err != nil:
		return ending{}, err
	case refused != nil:
		return s.shutOut(j, refused), nil
	case call.Probe():
		probeWithOne(j)
	}
	e, err := s.perform(ctx, j)
	if err != nil {
		e.evidence = fault.Cancelled // ours, not the provider's
	}
	s.report(context.WithoutCancel(ctx), key, cfg.Breaker, call, e.evidence)
	return e, err
}

func classOf(a fulfilment.Action) string {
	switch a {
	case fulfilment.ActFind, fulfilment.ActStatus, fulfilment.ActPoll, fulfilment.ActValidate, fulfilment.ActTemplates:
		return broker.ClassRead
	case fulfilment.ActCreate, fulfilment.ActResolve, fulfilment.ActTerminate, fulfilment.ActHealth:
	}
	return broker.ClassMutate
}

// admit takes a place at the provider, and a permit while it is half-open. It
// returns the row that refused when there is none.
func (s Service) admit(ctx context.Context, key broker.LiveKey, cfg broker.BreakerConfig, j *job) (breaker.Call, *broker.Live, error) {
	var seen broker.Live
	for range admitTries {
		w, ok := breaker.Admit(seen, cfg, breaker.Caller{
			Attempt: fmt.Sprintf("%s/%d/%d", j.work.OperationID, j.work.Attempt, j.work.Run), Now: s.Now(),
			Lease: time.Duration(j.work.DriverTimeoutMS)*time.Millisecond + permitMargin, Try: tryOf(j),
		})
		if !ok {
			return breaker.Call{}, &seen, nil
		}
		row, err := s.Live.ApplyLive(ctx, key, w)
		if c := new(broker.Conflict); errors.As(err, &c) {
			if seen, ok = c.Current.(broker.Live); ok {
				continue
			}
		}
		if err != nil {
			return breaker.Call{}, nil, fmt.Errorf("taking a place at %q: %w", key.Provider, err)
		}
		return breaker.Began(w, row), nil, nil
	}
	return breaker.Call{}, &seen, nil
}

// tryOf is what a call is to the budget of retries: what may be left undone, or
// done by another provider, is charged. A repetition that finds an outcome out,
// a poll and a termination are not.
func tryOf(j *job) broker.LiveTry {
	switch j.work.Action {
	case fulfilment.ActResolve, fulfilment.ActFind, fulfilment.ActPoll, fulfilment.ActTerminate:
		return ""
	case fulfilment.ActCreate, fulfilment.ActStatus, fulfilment.ActHealth, fulfilment.ActValidate, fulfilment.ActTemplates:
	}
	if j.before.Tries > 0 {
		return broker.Retry
	}
	return broker.FirstTry
}

// shutOut is the ending of a call that the breaker held back, or the budget of
// retries.
func (s Service) shutOut(j *job, row *broker.Live) ending {
	if state := row.StateAt(s.Now()); (state == broker.Closed || state == broker.Disabled) && !row.Retries() {
		return s.refused(j, fmt.Sprintf("too many calls of %s are retries already", j.attempt().Provider), time.Time{})
	}
	why := fmt.Sprintf("the circuit breaker of %s is open", j.attempt().Provider)
	if row.Source != "" {
		why = fmt.Sprintf("%s is held back by %s", j.attempt().Provider, row.Source)
	}
	if row.Reason != "" {
		why += ": " + row.Reason
	}
	return s.refused(j, why, row.OpenUntil)
}

// probeWithOne lets a half-open permit risk one machine: the rest of the wish
// goes elsewhere. The smaller count is stored with SENT, before the call.
func probeWithOne(j *job) {
	a := j.attempt()
	if j.work.Action != fulfilment.ActCreate || a.Count <= 1 {
		return
	}
	spec := *a.Spec
	spec.Count, a.Count, a.Spec = 1, 1, &spec
}

// report writes a call's end to the provider's row. The row is evidence, not
// truth: when it cannot be written the attempt's record still stands.
func (s Service) report(ctx context.Context, key broker.LiveKey, cfg broker.BreakerConfig, call breaker.Call, class fault.Class) {
	answer := breaker.Answer{Class: class, Now: s.Now(), Jitter: s.Jitter()}
	var row broker.Live
	for _, w := range call.End(cfg, answer) {
		var ok bool
		if row, ok = s.apply(ctx, key, w); !ok {
			return
		}
	}
	if w, ok := call.After(row, cfg, answer); ok {
		if after, changed := s.apply(ctx, key, w); changed && w.Kind == broker.LiveTrip {
			s.opened(ctx, key, after)
		}
	}
}

func (s Service) opened(ctx context.Context, key broker.LiveKey, l broker.Live) {
	s.Log.WarnContext(ctx, "a circuit breaker opened", "provider", key.Provider, "class", key.Class, "reason", l.Reason, "open_until", l.OpenUntil)
}

// apply writes to a provider's row and reports whether it can go on. A
// conflict means that another caller moved the row on: then this answer is
// late and counts nowhere.
func (s Service) apply(ctx context.Context, key broker.LiveKey, w broker.LiveWrite) (broker.Live, bool) {
	row, err := s.Live.ApplyLive(ctx, key, w)
	if c := new(broker.Conflict); errors.As(err, &c) {
		row, ok := c.Current.(broker.Live)
		return row, ok
	}
	if err != nil {
		s.Log.ErrorContext(ctx, "writing a breaker's row failed", "provider", key.Provider, "class", key.Class, "write", w.Kind, "error", err)
	}
	return row, err == nil
}
