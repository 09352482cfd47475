package broker

import (
	"slices"
	"time"
)

// What changes tell. Each function is given what was stored before and what is
// stored now, and is called by the store that makes the change.

// RegistrationEvent tells of r, which took the place of a version before; 0:
// there was none.
func RegistrationEvent(before int64, r *Registration) Event {
	e := Event{
		Type: EventProviderRegistered, Provider: r.Name, Kind: r.Kind, Status: "registered", Version: r.Version,
		Enabled: new(r.Enabled), Draining: new(r.Draining),
	}
	if before > 0 {
		e.Status = "updated"
	}
	return e
}

// DeregistrationEvent tells that a provider of that version is gone.
func DeregistrationEvent(provider string, version int64) Event {
	return Event{Type: EventProviderDeregistered, Provider: provider, Version: version}
}

// ConfigEvent tells of a new configuration.
func ConfigEvent(c *StrategyConfig) Event {
	return Event{Type: EventStrategyConfigured, Version: c.Version, Mode: c.Mode, Policy: c.DefaultPolicy, BreakerEnabled: new(c.Breaker.Enabled)}
}

// HealthEvents tells of another state of health.
func HealthEvents(provider string, before, after HealthState, reported bool) []Event {
	if before == after {
		return nil
	}
	return []Event{{
		Type: EventProviderHealthChanged, Provider: provider, Health: after, PreviousHealth: before, Reported: new(reported),
	}}
}

// LiveEvents tells of another state of a breaker, and of one that is held open
// anew. A breaker that is closed again while it was closed tells nothing.
func LiveEvents(key LiveKey, before, after *Live) []Event {
	was, is := before.stored(), after.stored()
	if was == is && (is != ForcedOpen || before.Epoch == after.Epoch) {
		return nil
	}
	e := Event{Provider: key.Provider, Class: key.Class, State: is, PreviousState: was, Epoch: after.Epoch}
	switch is {
	case Open, ForcedOpen:
		e.Type, e.OpenUntil = EventCircuitOpened, AtTime(after.OpenUntil)
		if after.Source == "" {
			e.Reason = after.Reason
		}
	case HalfOpen:
		e.Type = EventCircuitHalfOpen
	case Closed, Disabled:
		e.Type = EventCircuitClosed
	}
	return []Event{e}
}

// stored is the state as it is written; that of a row that never was is
// CLOSED.
func (l *Live) stored() BreakerState {
	if l.closed() {
		return Closed
	}
	return l.State
}

// LossEvents tells that a machine is lost, if it was not before; nil: it was
// not known.
func LossEvents(before *Machine, m *Machine) []Event {
	if m.Status != MachineLost || before != nil && before.Status == MachineLost {
		return nil
	}
	return []Event{{Type: EventMachineLost, MachineID: m.ID, Provider: m.Provider, OperationID: m.OperationID}}
}

// executed tells that an operation has ended, at the provider if one ended it.
// That one which only reads succeeded is no news.
func executed(o *Operation, provider string) []Event {
	if o.Status.Open() || o.Status == OpSucceeded && !o.Type.Mutates() {
		return nil
	}
	return []Event{{
		Type: EventOperationExecuted, OperationID: o.ID, OperationType: o.Type, Status: string(o.Status), Wanted: o.Wanted,
		TemplateID: o.TemplateID, Code: string(o.Code), Provider: provider, DurationMS: new(o.duration().Milliseconds()),
	}}
}

func (o *Operation) duration() time.Duration {
	if o.EndedAt.IsZero() {
		return 0
	}
	return o.EndedAt.Sub(o.CreatedAt)
}

// Events are what the claim tells: the end of an operation that needs nobody.
func (c *Claim) Events() []Event { return executed(&c.Operation, "") }

// Events are what the outcome tells.
func (o *Outcome) Events() []Event {
	if o.Closed == nil {
		return nil
	}
	return executed(o.Closed, o.Attempt.Attempt.Provider)
}

// Events are what the step tells.
func (s *Step) Events() []Event {
	if s.Amends {
		return s.Tells
	}
	return slices.Concat(s.Tells, executed(&s.Operation, ""))
}

// FailoverEvent tells that after an attempt another provider is asked.
func FailoverEvent(o *Operation, failed, next *Attempt) Event {
	return Event{
		Type: EventFailoverOccurred, OperationID: o.ID, OperationType: o.Type, Attempt: next.N,
		Provider: next.Provider, PreviousProvider: failed.Provider, ErrorClass: string(failed.Class),
	}
}

// CancellationEvent tells that an operation is wanted no more.
func CancellationEvent(o *Operation) Event {
	return Event{Type: EventOperationCancelled, OperationID: o.ID, OperationType: o.Type}
}
