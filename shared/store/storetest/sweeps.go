package storetest

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
)

func testSweeps(t *testing.T, open Open) {
	for _, c := range []struct {
		name string
		run  func(*fixture)
	}{
		{"a search is claimed once, and the claim survives a new version", sweepClaim},
		{"what was found is read, and nothing where nothing was", sweepRoundTrip},
		{"an older record is dropped", sweepOlder},
		{"they go with their provider", sweepGoes},
		{"a machine is adopted once, and is then as any other", adoptOnce},
		{"of many that adopt a machine one does", adoptRace},
		{"a machine that has a record is not adopted", adoptKnown},
		{"machines that ended are found by the time of their end, by provider", endedByTime},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(newFixture(t, open)) })
	}
}

func sweep(found string, at time.Time) broker.Sweep {
	return broker.Sweep{
		At: at, Mode: "report", Listed: 3, Recorded: 2, Terminated: 1, Adopted: 4, Lost: 5, Beyond: 6, Error: "none",
		Found: []broker.Stray{{MachineID: found, OperationID: "op", LaunchTime: broker.Time{Time: start}, Fate: broker.StrayLeft, Reason: "young", Done: true}},
	}
}

func (f *fixture) sweep(name string) broker.Sweep {
	f.Helper()
	return must[broker.Sweep](f)(f.Sweep(f.Context(), name))
}

func sweepClaim(f *fixture) {
	must[broker.Registration](f)(f.PutProvider(f.Context(), registration("pool-a")))
	for _, c := range []struct {
		name       string
		seen, next time.Time
		want       bool
	}{
		{"pool-a", start, at(time.Hour), false},
		{"nobody", time.Time{}, at(time.Hour), false},
		{"pool-a", time.Time{}, at(time.Hour), true},
		{"pool-a", time.Time{}, at(time.Hour), false},
		{"pool-a", at(time.Hour).Local(), at(2 * time.Hour), true},
	} {
		f.same(c.want, must[bool](f)(f.ClaimSweep(f.Context(), c.name, c.seen, c.next)))
	}
	must[broker.Registration](f)(f.PutProvider(f.Context(), withVersion("pool-a", 1)))
	f.restart()
	f.same(at(2*time.Hour), f.view("pool-a").NextSweepAt)
	f.same(time.Time{}, f.view("pool-a").NextCheckAt)
}

func sweepRoundTrip(f *fixture) {
	f.same(broker.Sweep{}, f.sweep("pool-a"))
	f.ok(f.RecordSweep(f.Context(), "pool-a", sweep("m", start)))
	f.same(sweep("m", start), f.sweep("pool-a"))
	f.restart()
	f.same(sweep("m", start), f.sweep("pool-a"))
}

func sweepOlder(f *fixture) {
	f.ok(f.RecordSweep(f.Context(), "pool-a", sweep("new", at(time.Minute))))
	f.ok(f.RecordSweep(f.Context(), "pool-a", sweep("old", start)))
	f.same(sweep("new", at(time.Minute)), f.sweep("pool-a"))
	f.ok(f.RecordSweep(f.Context(), "pool-a", sweep("late", at(time.Minute)))) // of one moment the later record stays
	f.same(sweep("late", at(time.Minute)), f.sweep("pool-a"))
}

func sweepGoes(f *fixture) {
	must[broker.Registration](f)(f.PutProvider(f.Context(), registration("pool-a")))
	f.ok(f.RecordSweep(f.Context(), "pool-a", sweep("m", start)))
	f.ok(f.RecordSweep(f.Context(), "pool-b", sweep("m", start)))
	f.ok(f.DeleteProvider(f.Context(), "pool-a", 1, broker.Actor{}))
	f.same(broker.Sweep{}, f.sweep("pool-a"))
	f.same(sweep("m", start), f.sweep("pool-b"))
}

func (f *fixture) adopt(m broker.Machine) bool {
	f.Helper()
	return must[bool](f)(f.AdoptMachine(f.Context(), m))
}

func adoptOnce(f *fixture) {
	m := machine("m", "pool-a", broker.MachineRunning)
	f.same(true, f.adopt(m))
	again := m
	again.Message = "again"
	f.same(false, f.adopt(again))
	f.restart()
	f.same([]broker.Machine{m}, must[[]broker.Machine](f)(f.OwnedMachines(f.Context(), "pool-a", 10)))
	f.same([]string{"m"}, f.allMachines())
	noted := must[broker.Machine](f)(f.NoteMachine(f.Context(), "m", broker.MachineNote{Status: broker.MachineTerminated, At: at(time.Hour)}))
	f.same(broker.MachineTerminated, noted.Status)
	f.same(0, len(must[[]broker.Machine](f)(f.OwnedMachines(f.Context(), "pool-a", 10))))
	f.same(true, f.adopt(machine("gone", "pool-a", broker.MachineTerminated)))
	f.same(0, len(must[[]broker.Machine](f)(f.OwnedMachines(f.Context(), "pool-a", 10))))
	f.same([]string{"m", "gone"}, f.allMachines())
}

func adoptRace(f *fixture) {
	var wg sync.WaitGroup
	var n atomic.Int64
	for range 8 {
		wg.Go(func() {
			ok, err := f.AdoptMachine(f.Context(), machine("m", "pool-a", broker.MachineRunning))
			if err != nil {
				f.Error(err)
			}
			if ok {
				n.Add(1)
			}
		})
	}
	wg.Wait()
	f.same(int64(1), n.Load())
}

func adoptKnown(f *fixture) {
	ended := machine("m", "pool-a", broker.MachineLost)
	f.over("op", start, ended)
	f.same(false, f.adopt(machine("m", "pool-a", broker.MachineRunning)))
	f.same([]broker.Machine{ended}, must[[]broker.Machine](f)(f.Machines(f.Context(), []string{"m"})))
}

func endedByTime(f *fixture) {
	ended := func(provider string, since time.Time, limit int) (ids []string) {
		f.Helper()
		for _, m := range must[[]broker.Machine](f)(f.EndedMachines(f.Context(), provider, since, limit)) {
			ids = append(ids, m.ID)
		}
		return ids
	}
	for i, id := range []string{"a", "b", "c", "d"} {
		provider := []string{"pool-a", "pool-a", "pool-b", "pool-a"}[i]
		f.same(true, f.adopt(machine(id, provider, broker.MachineRunning)))
		if id != "d" { // which runs
			must[broker.Machine](f)(f.NoteMachine(f.Context(), id, broker.MachineNote{Status: broker.MachineLost, At: at(time.Duration(9-i) * time.Hour)}))
		}
	}
	f.same([]string{"b", "a"}, ended("pool-a", start, 10))
	f.same([]string{"b", "a"}, ended("pool-a", at(8*time.Hour), 10))
	f.same([]string{"a"}, ended("pool-a", at(8*time.Hour+1), 10))
	f.same([]string{"b"}, ended("pool-a", start, 1))
	f.same([]string{"c"}, ended("pool-b", start, 10))
	f.same(0, len(ended("pool", start, 10)))
	f.restart()
	f.same([]string{"b", "a"}, ended("pool-a", start, 10))
	f.same(broker.MachineLost, must[[]broker.Machine](f)(f.EndedMachines(f.Context(), "pool-a", start, 1))[0].Status)
}
