package dispatch

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/fulfilment"
	"github.com/openhostfactory/ohfp/shared/providers"
)

// driver opens the provider's driver, or says why no call may be made. The
// registration is read after the call was counted as in flight: whoever drains
// a provider first marks it and then looks for calls, so one sees the other.
func (s Service) driver(ctx context.Context, j *job) (providers.Driver, string) {
	a := j.attempt()
	r, err := s.Registrations.Provider(ctx, a.Provider)
	switch {
	case fault.Is(err, fault.NotFound):
		return nil, fmt.Sprintf("provider %q is not registered any more", a.Provider)
	case err != nil:
		s.Log.ErrorContext(ctx, "reading a registration failed", "provider", a.Provider, "error", err)
		return nil, fmt.Sprintf("the registration of %q could not be read", a.Provider)
	case j.work.Action == fulfilment.ActCreate && (r.Draining || !r.Enabled):
		return nil, fmt.Sprintf("provider %q takes no new work", a.Provider)
	}
	j.order, j.of, j.most = r.Order, r.Version, r.MaxMachines
	d, err := s.Drivers.Driver(r)
	if err != nil && j.work.Action == fulfilment.ActHealth {
		return unopened{why: fault.As(err).Detail}, "" // sick is a result
	}
	if err != nil {
		s.Log.ErrorContext(ctx, "opening a driver failed", "provider", a.Provider, "error", err)
		return nil, fmt.Sprintf("provider %q cannot be used: %s", a.Provider, fault.As(err).Detail)
	}
	return d, ""
}

// unopened stands in, at a check of health, for a driver that cannot be opened.
type unopened struct {
	providers.Driver
	why string
}

// Health says why there is no driver.
func (u unopened) Health(context.Context) (broker.Health, error) {
	return broker.Health{State: broker.Unhealthy, Message: "cannot be used: " + u.why}, nil
}

// call makes the driver call and says what came of it. An answer with results
// is evidence of a provider that works, whatever they say of single machines.
func (s Service) call(ctx context.Context, d providers.Driver, j *job) ending {
	a := *j.attempt()
	switch j.work.Action {
	case fulfilment.ActCreate, fulfilment.ActResolve, fulfilment.ActPoll, fulfilment.ActFind:
		return s.making(ctx, d, j)
	case fulfilment.ActTerminate:
		results, err := safely(ctx, s, func() ([]broker.MachineResult, error) { return d.Terminate(ctx, a.MachineIDs) })
		return ending{fulfilment.Termination(a, results, err, s.Now()), classOfError(err), arose(err)}
	case fulfilment.ActStatus:
		machines, err := safely(ctx, s, func() ([]broker.Machine, error) { return d.Status(ctx, a.MachineIDs) })
		return ending{fulfilment.Reading(a, machines, nil, err, s.Now()), classOfError(err), arose(err)}
	case fulfilment.ActHealth:
		return ending{attempt: s.checkHealth(ctx, d, a)}
	case fulfilment.ActValidate:
		return s.validate(ctx, d, a)
	case fulfilment.ActTemplates:
		return s.templates(ctx, d, j)
	}
	err := &fault.ProviderError{Class: fault.Validation, Code: "unknown_action", Message: fmt.Sprintf("no such action: %q", j.work.Action)}
	return ending{attempt: fulfilment.Reading(a, nil, nil, err, s.Now()), evidence: fault.Refused}
}

// making makes a call that is about machines to be made. Of those that a
// scheduler asked for an attempt sees that they can be used; see
// [fulfilment.Await].
func (s Service) making(ctx context.Context, d providers.Driver, j *job) ending {
	e := s.makingCall(ctx, d, j)
	if j.ledger.Operation.Request != nil {
		e.attempt = fulfilment.Await(e.attempt, s.Now())
	}
	return e
}

func (s Service) makingCall(ctx context.Context, d providers.Driver, j *job) ending {
	a := *j.attempt()
	switch {
	case j.work.Action == fulfilment.ActFind:
		return s.find(ctx, d, a)
	case fulfilment.Awaits(&a):
		seen, err := safely(ctx, s, func() ([]broker.Machine, error) { return d.Status(ctx, idsOf(a.Machines)) })
		return ending{fulfilment.Awaited(a, seen, err, s.Now()), classOfError(err), arose(err)}
	case j.work.Action == fulfilment.ActPoll:
		r, err := safely(ctx, s, func() (providers.CreateResult, error) { return d.Poll(ctx, *a.Spec, a.Continuation) })
		after := fulfilment.Polling(a, made(r, err), s.Now())
		return ending{after, after.Class, short(&after, r.Shortfall, err)}
	}
	r, err := safely(ctx, s, func() (providers.CreateResult, error) { return d.Create(ctx, *a.Spec) })
	after := fulfilment.Creation(j.before, a, made(r, err), s.Now())
	return ending{after, after.Class, short(&after, r.Shortfall, err)}
}

// find looks up by token. The time of a look is when it began: what came after
// that it may not have seen.
func (s Service) find(ctx context.Context, d providers.Driver, a broker.Attempt) ending {
	began := s.Now()
	found, err := safely(ctx, s, func() ([]broker.Machine, error) { return d.Find(ctx, *a.Spec) })
	return ending{fulfilment.Lookup(a, found, err, s.Drivers.Traits(a.Kind).ConsistencyLag, began), classOfError(err), arose(err)}
}

func classOfError(err error) fault.Class {
	if err == nil {
		return fault.None
	}
	return fault.AsProvider(err).Class
}

// arose reports whether a failure arose here.
func arose(err error) bool { return err != nil && fault.AsProvider(err).Local }

// short reports whether what a creation lacks arose here: the reason that it
// is known by.
func short(a *broker.Attempt, shortfall []error, err error) bool {
	for _, why := range shortfall {
		if p := fault.AsProvider(why); err == nil && p.Class == a.Class {
			return p.Local
		}
	}
	return arose(err)
}

// safely makes a driver call. A driver that panics has failed after the
// request may have left; one whose time is over already is not called.
func safely[T any](ctx context.Context, s Service, call func() (T, error)) (out T, err error) {
	if ctx.Err() != nil {
		return out, &fault.ProviderError{Class: fault.Refused, Code: "late", Message: "the time for the call was over before it was made"}
	}
	defer func() {
		if p := recover(); p != nil {
			s.Log.ErrorContext(ctx, "a driver panicked", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			err = &fault.ProviderError{Class: fault.Server, Sent: true, Code: "driver_panic", Message: "the driver failed unexpectedly"}
		}
	}()
	return call()
}

func made(r providers.CreateResult, err error) fulfilment.Made {
	return fulfilment.Made{Machines: r.Machines, Pending: r.Pending, PollAfter: r.PollAfter, Shortfall: r.Shortfall, Err: err, Settled: r.Settled}
}

// checkHealth answers HEALTH_CHECK: a sick provider is a successful check. Who
// asks for one is also told what the checks of the schedule leave out; that
// alone makes no provider sick.
func (s Service) checkHealth(ctx context.Context, d providers.Driver, a broker.Attempt) broker.Attempt {
	h, err := s.examine(ctx, d, a.Provider, false)
	if err != nil {
		s.Log.WarnContext(ctx, "recording a health check failed", "provider", a.Provider, "error", err)
	}
	out, err := json.Marshal(broker.HealthResult{
		IsHealthy: h.OK(), StatusMessage: h.Message, ResponseTimeMS: h.ResponseTime.Milliseconds(),
		Checks: append(append([]broker.Check{}, h.Checks...), s.more(ctx, d, &a)...),
	})
	return fulfilment.Reading(a, nil, out, err, s.Now())
}

// examine asks a driver for the provider's health and records the answer. It
// returns what it found also when recording failed.
func (s Service) examine(ctx context.Context, d providers.Driver, provider string, scheduled bool) (broker.Health, error) {
	started := s.Now()
	h, err := safely(ctx, s, func() (broker.Health, error) { return d.Health(ctx) })
	now := s.Now()
	if err != nil {
		h = broker.Health{State: broker.Unhealthy, Message: "the check failed: " + fault.AsProvider(err).Message}
	}
	if h.ResponseTime == 0 {
		h.ResponseTime = now.Sub(started)
	}
	h.CheckedAt, h.Scheduled = now, scheduled
	cfg, err := s.Config.StrategyConfig(ctx)
	if err != nil {
		return h, fmt.Errorf("reading the configuration: %w", err)
	}
	if h.State == broker.Healthy && h.ResponseTime > cfg.Breaker.SlowCall {
		h.State = broker.Degraded
		h.Message = fmt.Sprintf("%s, slowly: %s", h.Message, h.ResponseTime.Round(time.Millisecond))
	}
	stored, err := s.Health.RecordHealth(context.WithoutCancel(ctx), provider, h)
	if err != nil {
		return h, fmt.Errorf("recording the health of %q: %w", provider, err)
	}
	h.FailedInRow = stored.FailedInRow
	return h, nil
}
