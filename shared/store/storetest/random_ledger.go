package storetest

import (
	"context"
	"fmt"
	"time"

	"pgregory.net/rapid"

	"github.com/openhostfactory/ohfp/shared/broker"
)

func (d *duel) claimOperation(r *rapid.T) {
	if now := d.clock.now(); !now.After(d.newest) {
		d.clock.advance(d.newest.Sub(now) + time.Second)
	}
	d.newest = d.clock.now()
	c := claim(operation(d.op(r), d.newest), attempt(1), attempt(2))
	c.Operation.Status = pick(r, "status", broker.OpRunning, broker.OpRunning, broker.OpSucceeded, broker.OpFailed)
	c.Operation.Type = pick(r, "type", broker.CreateInstances, broker.ValidateTemplate)
	if rapid.Bool().Draw(r, "with key") {
		rec := d.key(r)
		rec.OperationID = c.Operation.ID
		c.Key = &rec
	}
	d.done(func(s Store) error { return s.ClaimOperation(r.Context(), c) })
}

func (d *duel) markSent(r *rapid.T) {
	id, f := d.op(r), d.fenced(r, rapid.IntRange(1, 3).Draw(r, "n"))
	f.Attempt.State, f.Attempt.SentAt = broker.Sent, d.clock.now()
	d.done(func(s Store) error { return s.MarkSent(r.Context(), id, f) })
}

var states = []broker.AttemptState{broker.Intent, broker.Sent, broker.Confirmed, broker.NoEffect, broker.UnknownEffect}

func (d *duel) fenced(r *rapid.T, n int) broker.Fenced {
	a := attempt(n)
	a.Run, a.State = rapid.IntRange(1, 2).Draw(r, "run"), pick(r, "state", states...)
	return broker.Fenced{Attempt: a, SeenRun: rapid.IntRange(1, 2).Draw(r, "seen run"), SeenState: pick(r, "seen state", states...)}
}

// seen is an operation as a caller may have seen it: often the stored one.
func (d *duel) seen(r *rapid.T, id string) broker.Operation {
	o := operation(id, start)
	if l, err := d.model.Ledger(r.Context(), id); err == nil {
		o = l.Operation
	}
	o.Version += int64(rapid.IntRange(0, 3).Draw(r, "ahead") / 3)
	o.Status = pick(r, "status", broker.OpRunning, broker.OpUnknown, broker.OpSucceeded, broker.OpFailed)
	o.DueAt = d.moment(r, "due")
	return o
}

func (d *duel) recordOutcome(r *rapid.T) {
	id := d.op(r)
	out := broker.Outcome{OperationID: id, Attempt: d.fenced(r, rapid.IntRange(1, 3).Draw(r, "n"))}
	if rapid.Bool().Draw(r, "closes") {
		o := d.seen(r, id)
		out.Closed = &o
	}
	for range rapid.IntRange(0, 40).Draw(r, "machines") {
		m := machine(fmt.Sprintf("m-%02d", rapid.IntRange(0, 50).Draw(r, "machine")), d.provider(r), pick(r, "status",
			broker.MachineRunning, broker.MachinePending, broker.MachineTerminated, broker.MachineLost))
		m.Name = pick(r, "name", "", "n1", "n2")
		m.LaunchTime = start.Add(time.Duration(rapid.IntRange(0, 3).Draw(r, "launch")) * 20 * time.Hour)
		out.Machines = append(out.Machines, m)
	}
	d.done(func(s Store) error { return s.RecordOutcome(r.Context(), out) })
}

func (d *duel) noteMachine(r *rapid.T) {
	id := fmt.Sprintf("m-%02d", rapid.IntRange(0, 50).Draw(r, "machine"))
	n := broker.MachineNote{At: d.moment(r, "when"), Message: pick(r, "message", "", "x"), Status: pick(r, "status",
		broker.MachinePending, broker.MachineRunning, broker.MachineStopping, broker.MachineStopped, broker.MachineTerminated, broker.MachineLost)}
	n.ReturnedAt = pick(r, "returned", time.Time{}, n.At)
	d.both(func(s Store) (any, error) { return s.NoteMachine(r.Context(), id, n) })
}

func (d *duel) takeStep(r *rapid.T) {
	step := broker.Step{Operation: d.seen(r, d.op(r))}
	for n := 1; n <= 3; n++ {
		switch rapid.IntRange(0, 3).Draw(r, "part") {
		case 0:
			step.Changed = append(step.Changed, d.fenced(r, n))
		case 1:
			step.Added = append(step.Added, attempt(n))
		}
	}
	if rapid.Bool().Draw(r, "tells") {
		step.Tells = []broker.Event{broker.CancellationEvent(&step.Operation)}
	}
	d.done(func(s Store) error { return s.TakeStep(r.Context(), step) })
}

// compareEvents compares what both have told, once all of it is to be seen: of
// each subject in order.
func (d *duel) compareEvents() {
	d.clock.advance(unseen)
	d.both(func(s Store) (any, error) {
		told := map[string][]broker.Event{}
		all, err := s.Events(d.Context(), broker.EventQuery{Limit: 10_000})
		for _, e := range all {
			e.ID, e.Time = "", broker.Time{}
			told[e.Subject()] = append(told[e.Subject()], e)
		}
		return told, err
	})
	if d.clock.now().Sub(start) > 7*24*time.Hour {
		return // the first of them have expired
	}
	if err := CheckRegistryEvents(d.Context(), d.real); err != nil {
		d.Fatal(err)
	}
}

// compareSome looks at one part of the stores.
func (d *duel) compareSome(r *rapid.T) {
	views := d.views(r)
	d.both(views[rapid.IntRange(0, len(views)-1).Draw(r, "view")])
}

// compareAll looks at everything, again after a restart.
func (d *duel) compareAll() {
	for _, view := range d.views(d.T) {
		d.both(view)
	}
	d.reopen()
	for _, view := range d.views(d.T) {
		d.both(view)
	}
}

// views are what can be read.
func (d *duel) views(r *rapid.T) []func(Store) (any, error) {
	ctx, now := r.Context(), d.clock.now()
	views := []func(Store) (any, error){
		func(s Store) (any, error) { return s.Snapshot(ctx) },
		func(s Store) (any, error) { return s.FreshSnapshot(ctx) },
		func(s Store) (any, error) { return s.OpenOperations(ctx, now, 10) },
		func(s Store) (any, error) { return s.OpenOperations(ctx, now.Add(time.Hour), 2) },
		func(s Store) (any, error) { return s.Leases(ctx, "a") },
		func(s Store) (any, error) { return pages(ctx, s.Templates) },
		func(s Store) (any, error) {
			return pages(ctx, func(ctx context.Context, p broker.Page) ([]broker.Operation, string, error) {
				return s.Operations(ctx, broker.OperationFilter{}, p)
			})
		},
		func(s Store) (any, error) { return machinePagesOf(ctx, s, broker.MachineFilter{}) },
		func(s Store) (any, error) { return machinePagesOf(ctx, s, broker.MachineFilter{Provider: "a"}) },
	}
	for _, p := range []string{"a", "b", "a-b"} {
		views = append(
			views,
			func(s Store) (any, error) { return s.Provider(ctx, p) },
			func(s Store) (any, error) { return s.Capabilities(ctx, p) },
			func(s Store) (any, error) { return s.HealthHistory(ctx, p, time.Time{}, 1000) },
			func(s Store) (any, error) { return s.OwnedMachines(ctx, p, 100) },
			func(s Store) (any, error) { return s.MetricRows(ctx, wholeHour(p)) },
			func(s Store) (any, error) {
				return s.MetricRows(ctx, broker.MetricRange{Provider: p, Hourly: true, Partition: thisHour, First: "00#X", Below: "59#X"})
			},
		)
	}
	for _, id := range []string{"op-1", "op-2", "op-3"} {
		views = append(views, func(s Store) (any, error) { return s.Ledger(ctx, id) })
	}
	for _, principal := range []string{"ada", "a#b"} {
		k := broker.Key{Principal: principal, Operation: "o", Key: "k"}
		views = append(views, func(s Store) (any, error) { rec, _, err := s.ReadKey(ctx, k, now); return rec, err })
	}
	return views
}

func machinePagesOf(ctx context.Context, s Store, f broker.MachineFilter) ([]broker.Machine, error) {
	return pages(ctx, func(ctx context.Context, p broker.Page) ([]broker.Machine, string, error) {
		return s.ListMachines(ctx, f, p)
	})
}

// pages reads a list to its end, two at a time.
func pages[T any](ctx context.Context, list func(context.Context, broker.Page) ([]T, string, error)) (all []T, err error) {
	for p := (broker.Page{Limit: 2}); ; {
		page, next, err := list(ctx, p)
		all = append(all, page...)
		if err != nil || next == "" {
			return all, err
		}
		p.Cursor = next
	}
}
