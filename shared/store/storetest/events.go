package storetest

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
)

func testEvents(t *testing.T, open Open) {
	for _, c := range []struct {
		name string
		run  func(*fixture)
	}{
		{"registrations and the configuration tell of each version", eventsOfRegistry},
		{"health tells of another state only", eventsOfHealth},
		{"a breaker tells of each state", eventsOfBreaker},
		{"a breaker that somebody holds tells so, without the words", eventsOfForce},
		{"operations tell of their end, once", eventsOfOperations},
		{"an operation that only reads tells when it fails", eventsOfReads},
		{"a lost machine is told once, however it is learnt", eventsOfLosses},
		{"what is refused tells nothing", eventsOfRefusals},
		{"a reader goes on after what he has", eventsInPages},
		{"ids rise when the clock goes back, and after a restart", eventsInOrder},
		{"events expire after seven days", eventsExpire},
		{"who reads beside writers misses none and sees each once", eventsBesideWriters},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(newFixture(t, open)) })
	}
}

// unseen is longer than any store under test waits before it shows an event:
// twice its time-out of a call, which is generous in tests.
const unseen = 10 * time.Minute

// told returns all events, without what differs from store to store, once all
// of them are to be seen.
func (f *fixture) told() []broker.Event {
	f.Helper()
	f.clock.advance(unseen)
	all := must[[]broker.Event](f)(f.Events(f.Context(), broker.EventQuery{Limit: 1000}))
	for i := range all {
		if all[i].ID == "" || all[i].Time.IsZero() {
			f.Errorf("an event without id or time: %+v", all[i])
		}
		all[i].ID, all[i].Time = "", broker.Time{}
	}
	return all
}

func eventsOfRegistry(f *fixture) {
	r := must[broker.Registration](f)(f.PutProvider(f.Context(), registration("a")))
	r.Enabled, r.Draining = false, true
	must[broker.Registration](f)(f.PutProvider(f.Context(), r))
	f.putConfig(configuration())
	f.ok(f.DeleteProvider(f.Context(), "a", 2, broker.Actor{}))
	f.ok(f.DeleteProvider(f.Context(), "a", 2, broker.Actor{}))
	yes, no := true, false
	got := f.told()
	slices.SortStableFunc(got, func(a, b broker.Event) int { return len(a.Provider) - len(b.Provider) })
	f.same([]broker.Event{
		{Type: broker.EventStrategyConfigured, Version: 1, Mode: broker.ModeFrozen, Policy: broker.RoundRobin, BreakerEnabled: &no},
		{Type: broker.EventProviderRegistered, Provider: "a", Kind: "static", Status: "registered", Version: 1, Enabled: &yes, Draining: &no},
		{Type: broker.EventProviderRegistered, Provider: "a", Kind: "static", Status: "updated", Version: 2, Enabled: &no, Draining: &yes},
		{Type: broker.EventProviderDeregistered, Provider: "a", Version: 2},
	}, got)
}

func eventsOfHealth(f *fixture) {
	must[broker.Registration](f)(f.PutProvider(f.Context(), registration("a")))
	for i, h := range []broker.Health{
		{State: broker.Healthy, Message: "fine"},
		{State: broker.Healthy, Message: "fine"},
		{State: broker.Healthy, Message: "better"},
		{State: broker.Unhealthy, Message: "secret words", Source: "ada"},
		{State: broker.Unhealthy, Message: "no answer"},
		{State: broker.Unknown},
	} {
		h.CheckedAt = at(time.Duration(i) * time.Second)
		must[broker.Health](f)(f.RecordHealth(f.Context(), "a", h))
	}
	late := broker.Health{State: broker.Healthy, CheckedAt: start.Add(-time.Hour)}
	f.same(broker.Unknown, must[broker.Health](f)(f.RecordHealth(f.Context(), "a", late)).State)
	yes, no := true, false
	f.same([]broker.Event{
		{Type: broker.EventProviderHealthChanged, Provider: "a", Health: broker.Healthy, PreviousHealth: broker.Unknown, Reported: &no},
		{Type: broker.EventProviderHealthChanged, Provider: "a", Health: broker.Unhealthy, PreviousHealth: broker.Healthy, Reported: &yes},
		{Type: broker.EventProviderHealthChanged, Provider: "a", Health: broker.Unknown, PreviousHealth: broker.Unhealthy, Reported: &no},
	}, slices.DeleteFunc(f.told(), func(e broker.Event) bool { return e.Type == broker.EventProviderRegistered }))
	f.same(5, len(must[[]broker.Health](f)(f.HealthHistory(f.Context(), "a", start, 10))))
}

var breakerOfA = broker.LiveKey{Provider: "a", Class: broker.ClassMutate}

func (f *fixture) live(w broker.LiveWrite) broker.Live {
	f.Helper()
	return must[broker.Live](f)(f.ApplyLive(f.Context(), breakerOfA, w))
}

func eventsOfBreaker(f *fixture) {
	until := at(time.Minute)
	f.live(broker.LiveWrite{Kind: broker.LiveBegin, Now: start, Started: start})
	f.live(broker.LiveWrite{Kind: broker.LiveEnd, Now: start, Started: start, Bad: true})
	f.live(broker.LiveWrite{Kind: broker.LiveTrip, Now: start, OpenUntil: until, Reason: "5 failures in a row"})
	probe := broker.LiveWrite{Kind: broker.LiveProbe, Now: until, Started: until, Epoch: 1, Attempt: "x", Expires: until.Add(time.Minute), Permits: 2}
	f.live(probe)
	probe.Attempt = "y"
	after := f.live(probe)
	f.same(int64(2), after.Calls(until))
	f.live(broker.LiveWrite{Kind: broker.LiveRelease, Now: until, Epoch: 1, Attempt: "y"})
	f.live(broker.LiveWrite{Kind: broker.LivePass, Now: until, Epoch: 1, Attempt: "x", Threshold: 1})
	f.live(broker.LiveWrite{Kind: broker.LiveClear, Now: until})
	e := broker.Event{Provider: "a", Class: "mutate"}
	opened, half, closed := e, e, e
	opened.Type, opened.State, opened.PreviousState, opened.Epoch = broker.EventCircuitOpened, broker.Open, broker.Closed, 1
	opened.OpenUntil, opened.Reason = &broker.Time{Time: until}, "5 failures in a row"
	half.Type, half.State, half.PreviousState, half.Epoch = broker.EventCircuitHalfOpen, broker.HalfOpen, broker.Open, 1
	closed.Type, closed.State, closed.PreviousState, closed.Epoch = broker.EventCircuitClosed, broker.Closed, broker.HalfOpen, 2
	f.same([]broker.Event{opened, half, closed}, f.told())
}

func eventsOfForce(f *fixture) {
	force := broker.LiveWrite{Kind: broker.LiveForce, Now: start, Reason: "secret words", Source: "ada"}
	f.live(force)
	force.OpenUntil = at(time.Hour)
	f.live(force)
	f.live(broker.LiveWrite{Kind: broker.LiveLift, Now: start})
	e := broker.Event{Type: broker.EventCircuitOpened, Provider: "a", Class: "mutate", State: broker.ForcedOpen, PreviousState: broker.Closed, Epoch: 1}
	again, lifted := e, e
	again.PreviousState, again.Epoch, again.OpenUntil = broker.ForcedOpen, 2, &broker.Time{Time: at(time.Hour)}
	lifted.Type, lifted.State, lifted.PreviousState, lifted.Epoch = broker.EventCircuitClosed, broker.Closed, broker.ForcedOpen, 3
	f.same([]broker.Event{e, again, lifted}, f.told())
}

func ended(o broker.Operation, status broker.OperationStatus) broker.Operation {
	o.Status, o.EndedAt = status, o.CreatedAt.Add(1500*time.Millisecond)
	return o
}

func executed(o broker.Operation, provider string) broker.Event {
	ms := int64(1500)
	return broker.Event{
		Type: broker.EventOperationExecuted, OperationID: o.ID, OperationType: o.Type, Status: string(o.Status), Wanted: 3,
		TemplateID: "small", Code: string(o.Code), Provider: provider, DurationMS: &ms,
	}
}

func eventsOfOperations(f *fixture) {
	o, a := f.claimed("op")
	o = ended(o, broker.OpSucceeded)
	out := broker.Outcome{OperationID: "op", Attempt: broker.Fenced{Attempt: a, SeenRun: 1, SeenState: broker.Intent}, Closed: &o}
	out.Attempt.Attempt.State = broker.Confirmed
	f.ok(f.RecordOutcome(f.Context(), out))
	if f.RecordOutcome(f.Context(), out) == nil {
		f.Error("an outcome is recorded twice")
	}
	f.same([]broker.Event{executed(o, "pool-a")}, f.told())

	p, _ := f.claimed("op-2")
	step := broker.Step{Operation: p, Tells: []broker.Event{broker.CancellationEvent(&p)}}
	f.ok(f.TakeStep(f.Context(), step))
	step = broker.Step{Operation: ended(p, broker.OpCancelled)}
	step.Operation.Version, step.Operation.Code = 1, "provider_failed"
	f.ok(f.TakeStep(f.Context(), step))
	f.same([]broker.Event{
		executed(o, "pool-a"),
		{Type: broker.EventOperationCancelled, OperationID: "op-2", OperationType: broker.CreateInstances},
		executed(step.Operation, ""),
	}, f.told())
}

func eventsOfReads(f *fixture) {
	var want []broker.Event
	for i, status := range []broker.OperationStatus{broker.OpSucceeded, broker.OpFailed, broker.OpRunning} {
		o := operation(fmt.Sprintf("op-%d", i), start)
		o.Type = broker.ValidateTemplate
		if o.Status = status; !status.Open() {
			o = ended(o, status)
		}
		f.ok(f.ClaimOperation(f.Context(), claim(o)))
		if status == broker.OpFailed {
			want = append(want, executed(o, ""))
		}
	}
	f.same(want, f.told())
}

func eventsOfLosses(f *fixture) {
	_, a := f.claimed("op")
	sent := broker.Fenced{Attempt: a, SeenRun: 1, SeenState: broker.Intent}
	out := broker.Outcome{OperationID: "op", Attempt: sent, Machines: []broker.Machine{
		machine("m-1", "a", broker.MachineRunning), machine("m-2", "a", broker.MachineLost), machine("m-3", "a", broker.MachineRunning),
	}}
	f.ok(f.RecordOutcome(f.Context(), out))
	out.Machines = []broker.Machine{machine("m-1", "a", broker.MachineLost), machine("m-2", "a", broker.MachineLost)}
	f.ok(f.RecordOutcome(f.Context(), out))
	for range 2 {
		must[broker.Machine](f)(f.NoteMachine(f.Context(), "m-3", broker.MachineNote{Status: broker.MachineLost, At: at(time.Minute)}))
	}
	var want []broker.Event
	for _, id := range []string{"m-2", "m-1", "m-3"} {
		want = append(want, broker.Event{Type: broker.EventMachineLost, MachineID: id, Provider: "a", OperationID: "op"})
	}
	f.same(want, f.told())
}

func eventsOfRefusals(f *fixture) {
	r := must[broker.Registration](f)(f.PutProvider(f.Context(), registration("a")))
	o, a := f.claimed("op")
	f.told()
	r.Version = 7
	_, err := f.PutProvider(f.Context(), r)
	f.conflict(err, must[broker.Registration](f)(f.Provider(f.Context(), "a")))
	f.conflict(f.DeleteProvider(f.Context(), "a", 7, broker.Actor{}), must[broker.Registration](f)(f.Provider(f.Context(), "a")))
	c := configuration()
	c.Version = 7
	_, err = f.PutConfig(f.Context(), c)
	f.conflict(err, broker.DefaultConfig())
	_, err = f.ApplyLive(f.Context(), breakerOfA, broker.LiveWrite{Kind: broker.LiveTrip, Epoch: 7, OpenUntil: start})
	f.conflict(err, broker.Live{})
	step := broker.Step{Operation: ended(o, broker.OpFailed), Tells: []broker.Event{broker.CancellationEvent(&o)}}
	step.Operation.Version = 7
	f.conflict(f.TakeStep(f.Context(), step), o)
	closed := ended(o, broker.OpSucceeded)
	out := broker.Outcome{OperationID: "op", Attempt: broker.Fenced{Attempt: a, SeenRun: 7, SeenState: broker.Intent}, Closed: &closed}
	f.conflict(f.RecordOutcome(f.Context(), out), a)
	f.same(1, len(f.told()))
}

func eventsInPages(f *fixture) {
	for i := range 7 {
		c := configuration()
		c.Version = int64(i)
		f.putConfig(c)
		must[broker.Registration](f)(f.PutProvider(f.Context(), registration(fmt.Sprintf("p-%d", i))))
		f.clock.advance(time.Second)
	}
	f.clock.advance(unseen)
	var got []string
	q := broker.EventQuery{Since: at(2 * time.Second), Limit: 3}
	for {
		page := must[[]broker.Event](f)(f.Events(f.Context(), q))
		if len(page) == 0 {
			break
		}
		for _, e := range page {
			got = append(got, fmt.Sprint(e.Type, e.Version, e.Provider))
		}
		q.After = page[len(page)-1].ID
	}
	var want []string
	for i := 2; i < 7; i++ {
		want = append(want, fmt.Sprint("StrategyConfigured", i+1, ""), fmt.Sprint("ProviderRegistered", 1, fmt.Sprintf("p-%d", i)))
	}
	f.same(want, got)
	f.same(0, len(must[[]broker.Event](f)(f.Events(f.Context(), broker.EventQuery{}))))
}

func eventsInOrder(f *fixture) {
	for i := range 6 {
		c := configuration()
		c.Version = int64(i)
		f.putConfig(c)
		f.clock.advance(-time.Second)
		if i == 3 {
			f.clock.advance(time.Hour)
			f.restart()
		}
	}
	f.clock.advance(unseen)
	last, all := "", must[[]broker.Event](f)(f.Events(f.Context(), broker.EventQuery{Limit: 10}))
	f.same(6, len(all))
	for i, e := range all {
		f.same(int64(i+1), e.Version)
		if e.ID <= last {
			f.Errorf("%s after %s", e.ID, last)
		}
		last = e.ID
	}
}

func eventsExpire(f *fixture) {
	f.putConfig(configuration())
	f.clock.advance(7*24*time.Hour - 2*unseen)
	f.same(1, len(f.told()))
	f.clock.advance(2 * unseen)
	f.same(0, len(f.told()))
}

func eventsBesideWriters(f *fixture) {
	const writers, each = 6, 8
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() {
			for v := range int64(each) {
				r := registration(fmt.Sprintf("p-%d", i))
				r.Version = v
				if _, err := f.PutProvider(f.Context(), r); err != nil {
					f.Error(err)
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	seen, q := map[string]int64{}, broker.EventQuery{Limit: 5}
	for ended, left := false, true; !ended || left; {
		select {
		case <-done:
			if !ended {
				f.clock.advance(unseen)
			}
			ended = true
		default:
		}
		page, err := f.Events(f.Context(), q)
		f.ok(err)
		left = len(page) > 0
		for _, e := range page {
			if e.ID <= q.After || e.Version != seen[e.Provider]+1 {
				f.Fatalf("after %s of %v: %+v", q.After, seen, e)
			}
			q.After, seen[e.Provider] = e.ID, e.Version
		}
	}
	for i := range writers {
		f.same(int64(each), seen[fmt.Sprintf("p-%d", i)])
	}
}
