package storetest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
)

func testClaim(t *testing.T, open Open) {
	t.Run("an unknown operation is not found", func(t *testing.T) {
		f := newFixture(t, open)
		_, err := f.Ledger(f.Context(), "nothing")
		f.refused(err, fault.NotFound)
	})
	t.Run("an operation comes back with decision and attempts by number", func(t *testing.T) {
		f := newFixture(t, open)
		o, d := operation("op-1", start), decision()
		o.Version = 4 // kept as it is given
		var attempts []broker.Attempt
		for _, n := range []int{10, 2, 1} {
			attempts = append(attempts, attempt(n))
		}
		f.ok(f.ClaimOperation(f.Context(), claim(o, attempts...)))
		f.restart()
		want := broker.Ledger{Operation: o, Decision: &d, Attempts: []broker.Attempt{attempt(1), attempt(2), attempt(10)}}
		f.same(want, f.ledger("op-1"))
	})
	t.Run("an id is used once", func(t *testing.T) {
		f := newFixture(t, open)
		o, _ := f.claimed("op-1")
		other := operation("op-1", start)
		other.Wanted = 99
		f.conflict(f.ClaimOperation(f.Context(), claim(other)), o)
		f.same(o, f.ledger("op-1").Operation)
	})
	t.Run("operations whose ids are alike are apart", func(t *testing.T) {
		f := newFixture(t, open)
		ids := []string{"op", "op-1", "op#META", "op%23META", "OP#op"}
		for _, id := range ids {
			f.claimed(id)
		}
		for _, id := range ids {
			f.same(id, f.ledger(id).Operation.ID)
			f.same(1, len(f.ledger(id).Attempts))
		}
	})
}

func testFences(t *testing.T, open Open) {
	for _, c := range []struct {
		name string
		run  func(*fixture)
	}{
		{"an attempt is marked sent once", fenceSentOnce},
		{"an old run can neither send nor record", fenceOldRun},
		{"an outcome needs the state that its writer saw", fenceState},
		{"what is not there is a conflict with nothing", fenceMissing},
		{"a large attempt is sent, and refuses as a whole", fenceLarge},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(newFixture(t, open)) })
	}
}

// outcome says that an attempt was confirmed, as seen at (run, state).
func outcome(id string, a broker.Attempt, run int, state broker.AttemptState) broker.Outcome {
	a.Run, a.State, a.Confirmed, a.EndedAt = run, broker.Confirmed, a.Count, at(time.Second)
	return broker.Outcome{OperationID: id, Attempt: broker.Fenced{Attempt: a, SeenRun: run, SeenState: state}}
}

// sending says that an attempt is about to be sent by a run of it.
func sending(a broker.Attempt, run int, when time.Time) broker.Fenced {
	a.Run, a.State, a.SentAt = run, broker.Sent, when
	return broker.Fenced{Attempt: a, SeenRun: run, SeenState: broker.Intent}
}

func fenceSentOnce(f *fixture) {
	_, a := f.claimed("op-1")
	f.ok(f.MarkSent(f.Context(), "op-1", sending(attempt(1), 1, at(time.Second))))
	want := a
	want.State, want.SentAt = broker.Sent, at(time.Second)
	f.same([]broker.Attempt{want}, f.ledger("op-1").Attempts)
	f.conflict(f.MarkSent(f.Context(), "op-1", sending(attempt(1), 1, at(2*time.Second))), want)
	f.restart()
	f.same([]broker.Attempt{want}, f.ledger("op-1").Attempts)
}

func fenceOldRun(f *fixture) {
	o, a := f.claimed("op-1")
	handed := a
	handed.Run = 2
	step := broker.Step{Operation: o, Changed: []broker.Fenced{{Attempt: handed, SeenRun: 1, SeenState: broker.Intent}}}
	f.ok(f.TakeStep(f.Context(), step))
	f.conflict(f.MarkSent(f.Context(), "op-1", sending(attempt(1), 1, start)), handed)
	f.conflict(f.RecordOutcome(f.Context(), outcome("op-1", a, 1, broker.Intent)), handed)
	f.same([]broker.Attempt{handed}, f.ledger("op-1").Attempts)
	f.ok(f.MarkSent(f.Context(), "op-1", sending(attempt(1), 2, start)))
}

func fenceState(f *fixture) {
	o, a := f.claimed("op-1")
	before := f.ledger("op-1")
	closed := o
	closed.Status = broker.OpSucceeded
	out := outcome("op-1", a, 1, broker.Sent)
	out.Closed = &closed
	f.conflict(f.RecordOutcome(f.Context(), out), a)
	f.same(before, f.ledger("op-1"))
}

func fenceMissing(f *fixture) {
	f.conflict(f.MarkSent(f.Context(), "nothing", sending(attempt(1), 1, start)), broker.Attempt{})
	f.conflict(f.RecordOutcome(f.Context(), outcome("nothing", attempt(1), 1, broker.Sent)), broker.Attempt{})
	f.conflict(f.TakeStep(f.Context(), broker.Step{Operation: operation("nothing", start)}), broker.Operation{})
	f.claimed("op-1")
	f.conflict(f.MarkSent(f.Context(), "op-1", sending(attempt(2), 1, start)), broker.Attempt{})
	f.conflict(f.RecordOutcome(f.Context(), outcome("op-1", attempt(2), 0, "")), broker.Attempt{})
}

// fenceLarge has an attempt whose results take more than one row.
func fenceLarge(f *fixture) {
	o, _ := f.claimed("op-1")
	large := attempt(1)
	large.Output = json.RawMessage(`"` + strings.Repeat("é", 400_000) + `"`)
	f.ok(f.MarkSent(f.Context(), "op-1", sending(large, 1, start)))
	want := sending(large, 1, start).Attempt
	f.same([]broker.Attempt{want}, f.ledger("op-1").Attempts)
	f.conflict(f.MarkSent(f.Context(), "op-1", sending(attempt(1), 1, start)), want)
	f.conflict(f.MarkSent(f.Context(), "op-1", sending(large, 1, at(time.Second))), want)
	f.conflict(f.RecordOutcome(f.Context(), outcome("op-1", attempt(1), 1, broker.Intent)), want)
	f.conflict(f.TakeStep(f.Context(), broker.Step{Operation: o, Added: []broker.Attempt{attempt(1)}}), want)
}

func testSteps(t *testing.T, open Open) {
	for _, c := range []struct {
		name string
		run  func(*fixture)
	}{
		{"a step changes and adds attempts and counts the version", stepTaken},
		{"a step with an old version changes nothing", stepVersion},
		{"a step with one broken fence changes nothing", stepFence},
		{"an attempt is added once", stepAdded},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(newFixture(t, open)) })
	}
}

func stepTaken(f *fixture) {
	o, a := f.claimed("op-1")
	a.State, a.Class = broker.NoEffect, fault.Capacity
	o.Message, o.DueAt = "going on", at(time.Hour)
	f.ok(f.TakeStep(f.Context(), broker.Step{
		Operation: o, Changed: []broker.Fenced{{Attempt: a, SeenRun: 1, SeenState: broker.Intent}}, Added: []broker.Attempt{attempt(2)},
	}))
	o.Version = 1
	got := f.ledger("op-1")
	f.same(o, got.Operation)
	f.same([]broker.Attempt{a, attempt(2)}, got.Attempts)
}

func stepVersion(f *fixture) {
	o, a := f.claimed("op-1")
	before := f.ledger("op-1")
	for _, version := range []int64{1, -1} {
		seen := o
		seen.Version, seen.Message = version, "no"
		f.conflict(f.TakeStep(f.Context(), broker.Step{
			Operation: seen, Changed: []broker.Fenced{{Attempt: a, SeenRun: 1, SeenState: broker.Intent}}, Added: []broker.Attempt{attempt(2)},
		}), o)
	}
	f.same(before, f.ledger("op-1"))
}

func stepFence(f *fixture) {
	o := operation("op-1", start)
	f.ok(f.ClaimOperation(f.Context(), claim(o, attempt(1), attempt(2))))
	f.ok(f.MarkSent(f.Context(), "op-1", sending(attempt(2), 1, start)))
	before := f.ledger("op-1")
	one, two := attempt(1), attempt(2)
	one.State, two.State = broker.NoEffect, broker.NoEffect
	f.conflict(f.TakeStep(f.Context(), broker.Step{
		Operation: o,
		Changed: []broker.Fenced{
			{Attempt: one, SeenRun: 1, SeenState: broker.Intent},
			{Attempt: two, SeenRun: 1, SeenState: broker.Intent},
		},
		Added: []broker.Attempt{attempt(3)},
	}), before.Attempts[1])
	f.same(before, f.ledger("op-1"))
}

func stepAdded(f *fixture) {
	o, a := f.claimed("op-1")
	before := f.ledger("op-1")
	changed := o
	changed.Message = "no"
	f.conflict(f.TakeStep(f.Context(), broker.Step{Operation: changed, Added: []broker.Attempt{attempt(2), attempt(1)}}), a)
	f.same(before, f.ledger("op-1"))
}

func testOutcomes(t *testing.T, open Open) {
	for _, c := range []struct {
		name string
		run  func(*fixture)
	}{
		{"an outcome stores machines, attempt and the end of the operation", outcomeStored},
		{"without an end the operation stays as it is", outcomeOpen},
		{"a conflict of the operation leaves the attempt untouched and keeps the machines", outcomeConflict},
		{"a thousand machines and their results fit", outcomeLarge},
		{"a large output fits, shrinks, and grows again", outcomeOutput},
		{"a machine named twice ends as it was named last", outcomeTwice},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(newFixture(t, open)) })
	}
}

func (f *fixture) machines(ids ...string) []broker.Machine {
	f.Helper()
	return must[[]broker.Machine](f)(f.Machines(f.Context(), ids))
}

func outcomeStored(f *fixture) {
	o, a := f.claimed("op-1")
	f.ok(f.MarkSent(f.Context(), "op-1", sending(attempt(1), 1, start)))
	out := outcome("op-1", a, 1, broker.Sent)
	out.Machines = []broker.Machine{machine("m-1", "pool-a", broker.MachineRunning)}
	closed := o
	closed.Status, closed.EndedAt = broker.OpSucceeded, at(time.Second)
	out.Closed = &closed
	f.ok(f.RecordOutcome(f.Context(), out))
	closed.Version = 1
	got := f.ledger("op-1")
	f.same(closed, got.Operation)
	f.same([]broker.Attempt{out.Attempt.Attempt}, got.Attempts)
	f.same(out.Machines, f.machines("m-1"))
	f.conflict(f.RecordOutcome(f.Context(), out), out.Attempt.Attempt)
}

func outcomeOpen(f *fixture) {
	o, a := f.claimed("op-1")
	f.ok(f.RecordOutcome(f.Context(), outcome("op-1", a, 1, broker.Intent)))
	f.same(o, f.ledger("op-1").Operation)
}

func outcomeConflict(f *fixture) {
	o, a := f.claimed("op-1")
	out := outcome("op-1", a, 1, broker.Intent)
	out.Machines = []broker.Machine{machine("m-1", "pool-a", broker.MachineRunning)}
	closed := o
	closed.Version, closed.Status = 7, broker.OpSucceeded
	out.Closed = &closed
	f.conflict(f.RecordOutcome(f.Context(), out), o)
	got := f.ledger("op-1")
	f.same(o, got.Operation)
	f.same([]broker.Attempt{a}, got.Attempts)
	f.same(out.Machines, f.machines("m-1"))
}

func outcomeLarge(f *fixture) {
	_, a := f.claimed("op-1")
	out := outcome("op-1", a, 1, broker.Intent)
	var ids []string
	for i := range 1000 {
		m := machine(fmt.Sprintf("m-%036d", i), "pool-a", broker.MachineRunning)
		m.Message = strings.Repeat("because ", 20)
		out.Machines = append(out.Machines, m)
		ids = append(ids, m.ID)
	}
	out.Attempt.Attempt.Machines = out.Machines
	f.ok(f.RecordOutcome(f.Context(), out))
	f.restart()
	f.same([]broker.Attempt{out.Attempt.Attempt}, f.ledger("op-1").Attempts)
	f.same(out.Machines, f.machines(ids...))
	owned := must[[]broker.Machine](f)(f.OwnedMachines(f.Context(), "pool-a", 2000))
	f.same(out.Machines, owned)
}

func outcomeOutput(f *fixture) {
	o, _ := f.claimed("op-1")
	seen := broker.Intent
	for i, size := range []int{900_000, 10, 400_000, 100_000} {
		a := attempt(1)
		a.State = broker.Sent
		a.Output = json.RawMessage(`"` + strings.Repeat("ü", size/2) + `"`)
		f.ok(f.TakeStep(f.Context(), broker.Step{Operation: o, Changed: []broker.Fenced{{Attempt: a, SeenRun: 1, SeenState: seen}}}))
		f.same([]broker.Attempt{a}, f.ledger("op-1").Attempts)
		o.Version, seen = int64(i+1), broker.Sent
	}
}

func outcomeTwice(f *fixture) {
	_, a := f.claimed("op-1")
	out := outcome("op-1", a, 1, broker.Intent)
	first, second := machine("m-1", "pool-a", broker.MachinePending), machine("m-1", "pool-a", broker.MachineRunning)
	out.Machines = []broker.Machine{first, machine("m-2", "pool-a", broker.MachineRunning), second}
	f.ok(f.RecordOutcome(f.Context(), out))
	f.same([]broker.Machine{second}, f.machines("m-1"))
	f.same(2, len(f.machines("m-1", "m-2")))
}
