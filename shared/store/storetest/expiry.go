package storetest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
)

// Pruner is a store in which rows do not expire by themselves.
type Pruner interface {
	Prune(ctx context.Context, limit int) (int, error)
}

// Every case holds by the reader's clock; it says the same once more after
// what has expired is deleted, and after a restart.
func testExpiry(t *testing.T, open Open) {
	for _, c := range []struct {
		name string
		run  func(*fixture)
	}{
		{"an operation is kept for 35 days from its end, with all that belongs to it", expiredOperation},
		{"an operation that is open is kept without end", openOperationStays},
		{"a machine is kept for 40 days from its end", expiredMachine},
		{"a machine that is not final is kept without end", runningMachineStays},
		{"lists go on over days of which nothing is left", expiredLists},
		{"an id that has expired can be used again", expiredAgain},
		{"a key, health and counters expire, and what is set up stays", expiredRest},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(newFixture(t, open)) })
	}
}

const (
	day     = 24 * time.Hour
	instant = time.Second // rows go to the second
)

// passes lets time pass to just before the end of so many days since start and
// then to it; told says what holds before and after.
func (f *fixture) passes(days int, told func(kept bool)) {
	f.Helper()
	f.clock.advance(start.Add(time.Duration(days) * day).Add(-instant).Sub(f.clock.now()))
	f.prune()
	told(true)
	f.clock.advance(instant)
	told(false)
	f.prune()
	told(false)
	f.restart()
	told(false)
}

// prune deletes what has expired, where it does not go by itself.
func (f *fixture) prune() {
	f.Helper()
	if p, ok := f.Store.(Pruner); ok {
		n, err := p.Prune(f.Context(), 10_000)
		f.ok(err)
		if n == 10_000 {
			f.Error("it goes on without end")
		}
		again := must[int](f)(p.Prune(f.Context(), 10_000))
		f.same(0, again)
	}
}

// over ends an operation with its attempt and a machine.
func (f *fixture) over(id string, ended time.Time, machines ...broker.Machine) broker.Operation {
	f.Helper()
	o, a := f.claimed(id)
	a.State, a.Confirmed, a.Machines, a.EndedAt = broker.Confirmed, len(machines), machines, ended
	o.Status, o.EndedAt = broker.OpSucceeded, ended
	f.ok(f.RecordOutcome(f.Context(), broker.Outcome{
		OperationID: id, Attempt: broker.Fenced{Attempt: a, SeenRun: 1, SeenState: broker.Intent}, Machines: machines, Closed: &o,
	}))
	return o
}

func (f *fixture) allOperations() (ids []string) {
	f.Helper()
	for p := (broker.Page{Limit: 2}); ; {
		page, next, err := f.Operations(f.Context(), broker.OperationFilter{}, p)
		f.ok(err)
		for _, o := range page {
			ids = append(ids, o.ID)
		}
		if p.Cursor = next; next == "" {
			return ids
		}
	}
}

func (f *fixture) allMachines() (ids []string) {
	f.Helper()
	for p := (broker.Page{Limit: 2}); ; {
		page, next, err := f.ListMachines(f.Context(), broker.MachineFilter{}, p)
		f.ok(err)
		for _, m := range page {
			ids = append(ids, m.ID)
		}
		if p.Cursor = next; next == "" {
			return ids
		}
	}
}

func expiredOperation(f *fixture) {
	o, a := f.claimed("op")
	failed := a
	failed.State, failed.EndedAt = broker.NoEffect, start
	second := attempt(2)
	f.ok(f.TakeStep(f.Context(), broker.Step{
		Operation: o, Changed: []broker.Fenced{{Attempt: failed, SeenRun: 1, SeenState: broker.Intent}}, Added: []broker.Attempt{second},
	}))
	o.Version++
	second.State, second.Confirmed, second.EndedAt = broker.Confirmed, 3, start
	o.Status, o.EndedAt = broker.OpSucceeded, start
	f.ok(f.RecordOutcome(f.Context(), broker.Outcome{
		OperationID: "op", Attempt: broker.Fenced{Attempt: second, SeenRun: 1, SeenState: broker.Intent}, Closed: &o,
	}))
	f.passes(35, func(kept bool) {
		if !kept {
			_, err := f.Ledger(f.Context(), "op")
			f.refused(err, fault.NotFound)
			_, _, err = f.ListMachines(f.Context(), broker.MachineFilter{OperationID: "op"}, broker.Page{Limit: 10})
			f.refused(err, fault.NotFound)
			f.same(0, len(f.allOperations()))
			return
		}
		l := f.ledger("op")
		f.same(2, len(l.Attempts))
		f.same(decision(), *l.Decision)
		f.same([]string{"op"}, f.allOperations())
	})
}

func openOperationStays(f *fixture) {
	o, a := f.claimed("op")
	o.Status = broker.OpUnknown
	failed := a
	failed.State, failed.EndedAt = broker.NoEffect, start
	f.ok(f.TakeStep(f.Context(), broker.Step{
		Operation: o, Changed: []broker.Fenced{{Attempt: failed, SeenRun: 1, SeenState: broker.Intent}}, Added: []broker.Attempt{attempt(2)},
	}))
	f.passes(140, func(bool) {
		f.same(2, len(f.ledger("op").Attempts))
		f.same([]string{"op"}, f.allOperations())
		f.same(1, len(must[[]broker.Operation](f)(f.OpenOperations(f.Context(), f.clock.now(), 10))))
	})
}

func expiredMachine(f *fixture) {
	f.over("op", start, machine("m-1", "pool-a", broker.MachineRunning), machine("m-2", "pool-a", broker.MachineRunning))
	must[broker.Machine](f)(f.NoteMachine(f.Context(), "m-1", broker.MachineNote{Status: broker.MachineLost, At: start}))
	f.passes(40, func(kept bool) {
		want := []string{"m-2"}
		if kept {
			want = []string{"m-2", "m-1"}
		}
		f.same(want, f.allMachines())
		f.same(len(want), len(must[[]broker.Machine](f)(f.Machines(f.Context(), []string{"m-1", "m-2"}))))
		f.same(1, len(must[[]broker.Machine](f)(f.OwnedMachines(f.Context(), "pool-a", 10))))
	})
}

func runningMachineStays(f *fixture) {
	for i, status := range []broker.MachineStatus{broker.MachinePending, broker.MachineRunning, broker.MachineStopping, broker.MachineStopped} {
		id := string(rune('a' + i))
		f.over("op-"+id, start, machine(id, "pool-a", status))
	}
	f.passes(800, func(bool) {
		f.same([]string{"d", "c", "b", "a"}, f.allMachines())
		f.same(4, len(must[[]broker.Machine](f)(f.OwnedMachines(f.Context(), "pool-a", 10))))
	})
}

func expiredLists(f *fixture) {
	var running []string
	for i := range 90 {
		f.clock.advance(start.Add(time.Duration(i) * day).Sub(f.clock.now()))
		id := f.clock.now().Format(time.DateOnly)
		m := machine("m-"+id, "pool-a", broker.MachineTerminated)
		m.LaunchTime, m.UpdatedAt = f.clock.now(), f.clock.now()
		if i%30 == 0 {
			m.Status = broker.MachineRunning
			running = append(running, m.ID)
		}
		f.over(id, f.clock.now(), m)
		if i%7 == 0 {
			f.prune()
		}
	}
	slices.Reverse(running)
	f.same(42, len(f.allMachines())) // 40 days but one, and the three that run
	f.same(35, len(f.allOperations()))
	f.clock.advance(60 * day)
	for range 2 {
		f.same(running, f.allMachines())
		f.same(0, len(f.allOperations()))
		f.prune()
	}
}

func expiredAgain(f *fixture) {
	f.over("op", start)
	f.clock.advance(36 * day)
	f.prune()
	if _, ok := f.Store.(Pruner); ok { // elsewhere the row may be there for a while, and its id is taken
		f.claimed("op")
		f.same(broker.OpRunning, f.ledger("op").Operation.Status)
	}
}

func expiredRest(f *fixture) {
	must[broker.Registration](f)(f.PutProvider(f.Context(), registration("pool-a")))
	must[broker.Template](f)(f.PutTemplate(f.Context(), broker.Template{ID: "t"}))
	must[broker.Lease](f)(f.TakeLease(f.Context(), lease("pool-a", "h", "m")))
	must[int64](f)(f.Ticket(f.Context(), "scope"))
	k := keyRecord(broker.Key{Principal: "p", Operation: "o", Key: "k"})
	f.ok(f.ClaimKey(f.Context(), k, start))
	row := broker.MetricRow{
		MetricKey: broker.MetricKey{Provider: "pool-a", Partition: "2026-03-01T12", Row: "00#CREATE_INSTANCES"},
		Flat:      broker.Flat{Numbers: map[string]int64{"n": 1}}, ExpiresAt: at(day),
	}
	f.ok(f.AddMetric(f.Context(), row))
	f.passes(1, func(kept bool) {
		_, there, err := f.ReadKey(f.Context(), k.Key, f.clock.now())
		f.ok(err)
		f.same(kept, there)
		rows := must[[]broker.MetricRow](f)(f.MetricRows(f.Context(), broker.MetricRange{Provider: "pool-a", Partition: "2026-03-01T12", First: "00", Below: "60"}))
		f.same(kept, len(rows) == 1)
	})
	f.clock.advance(1000 * day)
	f.prune()
	must[broker.Registration](f)(f.Provider(f.Context(), "pool-a"))
	must[broker.Template](f)(f.Template(f.Context(), "t"))
	f.same(1, len(must[[]broker.Lease](f)(f.Leases(f.Context(), "pool-a"))))
	must[int64](f)(f.Ticket(f.Context(), "scope"))
}
