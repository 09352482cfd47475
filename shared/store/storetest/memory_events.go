package storetest

import (
	"context"
	"fmt"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// tell adds events; mu is held.
func (m *Memory) tell(events ...broker.Event) {
	for _, e := range events {
		e = own(e)
		e.Time = broker.Time{Time: m.now().UTC()}
		if n := len(m.events); n > 0 && e.Time.Before(m.events[n-1].Time.Time) {
			e.Time = m.events[n-1].Time // the clock went back
		}
		e.ID = fmt.Sprintf("%s-%09d", e.Time.Format(memoryStamp), len(m.events))
		m.events = append(m.events, e)
	}
}

const memoryStamp = "20060102T150405.000000000Z"

func registered(r broker.Registration) broker.Event {
	e := broker.Event{
		Type: broker.EventProviderRegistered, Provider: r.Name, Kind: r.Kind, Status: "updated", Version: r.Version,
		Enabled: &r.Enabled, Draining: &r.Draining,
	}
	if r.Version == 1 {
		e.Status = "registered"
	}
	return e
}

// tellLive: the state of a breaker is what its row says, CLOSED when it says
// nothing.
func (m *Memory) tellLive(key broker.LiveKey, before, after broker.Live) {
	state := func(l broker.Live) broker.BreakerState {
		if l.State == "" {
			return broker.Closed
		}
		return l.State
	}
	e := broker.Event{
		Provider: key.Provider, Class: key.Class, State: state(after), PreviousState: state(before), Epoch: after.Epoch,
	}
	forced := e.State == broker.ForcedOpen && after.Epoch > before.Epoch
	switch {
	case e.State == e.PreviousState && !forced:
		return
	case e.State == broker.Closed:
		e.Type = broker.EventCircuitClosed
	case e.State == broker.HalfOpen:
		e.Type = broker.EventCircuitHalfOpen
	default:
		e.Type, e.OpenUntil = broker.EventCircuitOpened, broker.AtTime(after.OpenUntil)
		if !forced {
			e.Reason = after.Reason
		}
	}
	m.tell(e)
}

func (m *Memory) tellLoss(after broker.Machine) {
	if after.Status != broker.MachineLost || m.machines[after.ID].Status == broker.MachineLost {
		return
	}
	m.tell(broker.Event{
		Type: broker.EventMachineLost, MachineID: after.ID, Provider: after.Provider, OperationID: after.OperationID,
	})
}

func (m *Memory) tellEnd(o broker.Operation, provider string) {
	ended := o.Status != broker.OpRunning && o.Status != broker.OpUnknown
	changes := o.Type == broker.CreateInstances || o.Type == broker.TerminateInstances
	if !ended || !changes && o.Status == broker.OpSucceeded {
		return
	}
	var ms int64
	if !o.EndedAt.IsZero() {
		ms = o.EndedAt.Sub(o.CreatedAt).Milliseconds()
	}
	m.tell(broker.Event{
		Type: broker.EventOperationExecuted, OperationID: o.ID, OperationType: o.Type, Status: string(o.Status), Wanted: o.Wanted,
		TemplateID: o.TemplateID, Code: string(o.Code), Provider: provider, DurationMS: &ms,
	})
}

// Events implements [broker.EventReader]: one is there as soon as its change
// is. Those older than seven days are gone.
func (m *Memory) Events(_ context.Context, q broker.EventQuery) ([]broker.Event, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	kept := m.now().Add(-7 * 24 * time.Hour)
	var out []broker.Event
	for _, e := range m.events {
		if len(out) < q.Limit && e.ID > q.After && !e.Time.Before(q.Since) && !e.Time.Before(kept) {
			out = append(out, own(e))
		}
	}
	return out, nil
}
