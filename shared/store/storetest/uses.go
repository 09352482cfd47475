package storetest

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/openhostfactory/ohfp/shared/broker"
)

const someScope = "provider pool-a#1/%"

func testUses(t *testing.T, open Open) {
	for _, c := range []struct {
		name string
		run  func(*fixture)
	}{
		{"what is reserved is what there is room for", useReserve},
		{"who counted before a hold ended counts again", useEnds},
		{"a hold that another run has is not released", useRelease},
		{"what is owned says who made it, until it ends", useOwned},
		{"of many that reserve at once as many succeed as there is room for", useRace},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(newFixture(t, open)) })
	}
}

func reserve(operation string, count, room int, ends int64) broker.UseWrite {
	return broker.UseWrite{
		Kind: broker.UseReserve, Operation: operation, Hold: broker.Hold{Count: count, Run: 1, Since: start}, Least: 1, Room: room, Ends: ends,
	}
}

func (f *fixture) use(w broker.UseWrite) broker.Use {
	f.Helper()
	return must[broker.Use](f)(f.ApplyUse(f.Context(), someScope, w))
}

func useReserve(f *fixture) {
	f.same(broker.Use{}, must[broker.Use](f)(f.Use(f.Context(), someScope)))
	f.use(reserve("a", 2, 5, 0))
	want := broker.Use{Holds: map[string]broker.Hold{"a": {Count: 2, Run: 1, Since: start}, "b": {Count: 3, Run: 1, Since: start}}}
	f.same(want, f.use(reserve("b", 9, 5, 0))) // of nine there is room for three
	f.restart()
	_, err := f.ApplyUse(f.Context(), someScope, reserve("c", 1, 5, 0))
	f.conflict(err, want)
	least := reserve("c", 3, 7, 0)
	least.Least = 3
	_, err = f.ApplyUse(f.Context(), someScope, least)
	f.conflict(err, want)
	want.Holds["a"] = broker.Hold{Count: 1, Run: 1, Since: start}
	f.same(want, f.use(reserve("a", 1, 5, 0))) // its own does not count against it
	f.same(want, must[broker.Use](f)(f.Use(f.Context(), someScope)))
	f.same(broker.Use{}, must[broker.Use](f)(f.Use(f.Context(), "another")))
}

func useEnds(f *fixture) {
	held := f.use(reserve("a", 2, 5, 0)).Holds["a"]
	f.same(int64(1), f.use(broker.UseWrite{Kind: broker.UseRelease, Operation: "a", Hold: held}).Ends)
	_, err := f.ApplyUse(f.Context(), someScope, reserve("b", 1, 5, 0))
	f.conflict(err, broker.Use{Ends: 1})
	f.use(reserve("b", 1, 5, 1))
}

func useRelease(f *fixture) {
	old := f.use(reserve("a", 2, 5, 0)).Holds["a"]
	next := reserve("a", 2, 5, 0)
	next.Hold.Run = 2
	stored := f.use(next)
	release := broker.UseWrite{Kind: broker.UseRelease, Operation: "a", Hold: old}
	_, err := f.ApplyUse(f.Context(), someScope, release)
	f.conflict(err, stored)
	release.Hold = stored.Holds["a"]
	f.same(broker.Use{Ends: 1}, f.use(release))
	_, err = f.ApplyUse(f.Context(), someScope, release)
	f.conflict(err, broker.Use{Ends: 1})
	_, err = f.ApplyUse(f.Context(), someScope, broker.UseWrite{Kind: "no such kind", Operation: "a"})
	f.conflict(err, broker.Use{Ends: 1})
}

func useOwned(f *fixture) {
	_, a := f.claimed("op-1")
	made := machine("m-1", "pool-a", broker.MachineRunning)
	made.TemplateID = "web"
	out := outcome("op-1", a, 1, broker.Intent)
	out.Machines = []broker.Machine{made, machine("m-2", "pool-a", broker.MachineRunning), machine("m-3", "pool-b", broker.MachineRunning)}
	f.ok(f.RecordOutcome(f.Context(), out))
	owned := func() []broker.Owned { return must[[]broker.Owned](f)(f.Owned(f.Context(), "pool-a")) }
	f.same([]broker.Owned{{MachineID: "m-1", OperationID: "op", TemplateID: "web"}, {MachineID: "m-2", OperationID: "op"}}, owned())
	must[broker.Machine](f)(f.NoteMachine(f.Context(), "m-1", broker.MachineNote{Status: broker.MachineLost, At: at(time.Hour)}))
	f.restart()
	f.same([]broker.Owned{{MachineID: "m-2", OperationID: "op"}}, owned())
	f.same([]broker.Owned(nil), must[[]broker.Owned](f)(f.Owned(f.Context(), "nobody")))
}

func useRace(f *fixture) {
	const room = 7
	var won atomic.Int64
	for _, err := range race(func(i int) error {
		_, err := f.ApplyUse(f.Context(), someScope, reserve(fmt.Sprint(i), 1, room, 0))
		if err == nil {
			won.Add(1)
		}
		return err
	}) {
		if c := new(broker.Conflict); err != nil && !errors.As(err, &c) {
			f.Error(err)
		}
	}
	f.same(int64(room), won.Load())
	u := must[broker.Use](f)(f.Use(f.Context(), someScope))
	f.same(room, u.Reserved(""))
}

func (d *duel) applyUse(r *rapid.T) {
	scope := pick(r, "scope", "template t", "provider p")
	w := broker.UseWrite{
		Kind: pick(r, "kind", broker.UseReserve, broker.UseReserve, broker.UseRelease), Operation: d.op(r),
		Hold:  broker.Hold{Count: rapid.IntRange(1, 3).Draw(r, "count"), Run: rapid.IntRange(0, 1).Draw(r, "run"), Since: start},
		Least: rapid.IntRange(0, 2).Draw(r, "least"), Room: rapid.IntRange(0, 6).Draw(r, "room"), Ends: int64(rapid.IntRange(0, 2).Draw(r, "ends")),
	}
	d.both(func(s Store) (any, error) { return s.ApplyUse(r.Context(), scope, w) })
	d.both(func(s Store) (any, error) { return s.Use(r.Context(), scope) })
	owner := d.provider(r)
	d.both(func(s Store) (any, error) { return s.Owned(r.Context(), owner) })
}
