package storetest

import (
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
)

func testRequests(t *testing.T, open Open) {
	for _, c := range []struct {
		name string
		run  func(*fixture)
	}{
		{"a host provider comes back as it was given, with its version", hostProviderRoundTrip},
		{"another version of a host provider is a conflict with the stored one", hostProviderConflict},
		{"machines are found by name until they end", machinesByName},
		{"what a provider takes is noted, and forgotten when the broker ends it", reclaims},
		{"a warning counts however late it comes, and without a status", reclaimsLate},
		{"a lost machine is noted however that was learnt", reclaimsLost},
		{"what was noted of a machine outlives what is seen of it", reclaimsSeen},
		{"what is given back is reported no more", reclaimsReturned},
		{"a request that has ended is due until it is seen to", requestDue},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(newFixture(t, open)) })
	}
}

func hostProvider() broker.HostProvider {
	healthy := true
	return broker.HostProvider{
		Name: "ohfpinst", Scheduler: "lsf", Templates: []string{"small"}, Criteria: &broker.Criteria{RequireHealthy: &healthy},
		AccountTag: "account", UpdatedAt: start, Actor: broker.Actor{Principal: "ada"},
	}
}

func hostProviderRoundTrip(f *fixture) {
	_, err := f.HostProvider(f.Context(), "ohfpinst")
	f.refused(err, fault.NotFound)
	want := hostProvider()
	want.Version = 1
	f.same(want, must[broker.HostProvider](f)(f.PutHostProvider(f.Context(), hostProvider())))
	f.restart()
	f.same(want, must[broker.HostProvider](f)(f.HostProvider(f.Context(), "ohfpinst")))
}

func hostProviderConflict(f *fixture) {
	stored := must[broker.HostProvider](f)(f.PutHostProvider(f.Context(), hostProvider()))
	_, err := f.PutHostProvider(f.Context(), hostProvider())
	f.conflict(err, stored)
	absent := hostProvider()
	absent.Name, absent.Version = "other", 3
	_, err = f.PutHostProvider(f.Context(), absent)
	f.conflict(err, broker.HostProvider{})
	stored.Templates = nil
	f.same(int64(2), must[broker.HostProvider](f)(f.PutHostProvider(f.Context(), stored)).Version)
}

// named returns the ids of the machines of these names.
func (f *fixture) named(names ...string) []string {
	f.Helper()
	var ids []string
	for _, m := range must[[]broker.Machine](f)(f.NamedMachines(f.Context(), names)) {
		ids = append(ids, m.ID)
	}
	return ids
}

func machinesByName(f *fixture) {
	first, second := machine("m-1", "pool-a", broker.MachineRunning), machine("m-2", "pool-a", broker.MachineRunning)
	f.recordMachines("op-1", first, second)
	f.same([]string{"m-1"}, f.named(first.Name))
	f.same([]string{"m-1", "m-2"}, f.named(second.Name, "nobody", first.Name, "", first.Name))
	f.note("m-1", broker.MachineTerminated, time.Minute)
	f.same([]string{"m-2"}, f.named(first.Name, second.Name))
	f.same([]string(nil), f.named())
}

func (f *fixture) reclaimed(since time.Time) []broker.Reclaim {
	f.Helper()
	return must[[]broker.Reclaim](f)(f.Reclaims(f.Context(), since))
}

func reclaims(f *fixture) {
	first, second := machine("m-1", "pool-a", broker.MachineRunning), machine("m-2", "pool-a", broker.MachineRunning)
	f.recordMachines("op-1", first, second)
	f.same(0, len(f.reclaimed(time.Time{})))
	soon := at(3 * time.Minute)
	warning := broker.MachineNote{Status: broker.MachineStopping, At: at(time.Minute), ReclaimAt: soon}
	must[broker.Machine](f)(f.NoteMachine(f.Context(), "m-1", warning))
	taken := broker.Reclaim{MachineID: "m-1", Name: first.Name, At: soon}
	f.same([]broker.Reclaim{taken}, f.reclaimed(start))
	f.same(0, len(f.reclaimed(soon)))
	f.note("m-1", broker.MachineStopped, 2*time.Minute)
	f.note("m-2", broker.MachineLost, time.Hour)
	f.restart()
	lost := broker.Reclaim{MachineID: "m-2", Name: second.Name, At: at(time.Hour)}
	f.same([]broker.Reclaim{taken, lost}, f.reclaimed(start))
	f.note("m-1", broker.MachineTerminated, 2*time.Hour)
	f.same([]broker.Reclaim{lost}, f.reclaimed(start))
}

func reclaimsLate(f *fixture) {
	m := machine("m-1", "pool-a", broker.MachineRunning)
	f.recordMachines("op-1", m)
	f.note("m-1", broker.MachineRunning, 10*time.Minute)
	say := func(n broker.MachineNote) broker.Machine {
		return must[broker.Machine](f)(f.NoteMachine(f.Context(), "m-1", n))
	}
	warned := say(broker.MachineNote{Status: broker.MachineStopping, At: at(9 * time.Minute), ReclaimAt: at(11 * time.Minute)})
	f.same([]any{broker.MachineRunning, at(10 * time.Minute), at(11 * time.Minute)}, []any{warned.Status, warned.UpdatedAt, warned.ReclaimAt})
	f.same(warned, say(broker.MachineNote{At: at(8 * time.Minute), ReclaimAt: at(10 * time.Minute)}))
	later := say(broker.MachineNote{At: at(12 * time.Minute), ReclaimAt: at(14 * time.Minute)})
	f.restart()
	f.same([]broker.Machine{later}, f.machines("m-1"))
	f.same([]broker.Reclaim{{MachineID: "m-1", Name: m.Name, At: at(14 * time.Minute)}}, f.reclaimed(start))
}

// reclaimsReturned: what is lost stays so, and what is given back is reported
// no more, also when more is said of it.
func reclaimsReturned(f *fixture) {
	lost, warned := machine("m-1", "pool-a", broker.MachineLost), machine("m-2", "pool-a", broker.MachineRunning)
	f.recordMachines("op-1", lost, warned)
	say := func(id string, n broker.MachineNote) broker.Machine {
		return must[broker.Machine](f)(f.NoteMachine(f.Context(), id, n))
	}
	warned = say("m-2", broker.MachineNote{Status: broker.MachineStopping, At: at(time.Minute), ReclaimAt: at(3 * time.Minute)})
	f.same(2, len(f.reclaimed(time.Time{})))
	lost.ReturnedAt, warned.ReturnedAt = at(2*time.Minute), at(2*time.Minute)
	for range 2 { // the second changes nothing
		f.same(lost, say("m-1", broker.MachineNote{ReturnedAt: at(2 * time.Minute)}))
		f.same(warned, say("m-2", broker.MachineNote{ReturnedAt: at(2 * time.Minute)}))
		f.restart()
		f.same([]broker.Machine{lost, warned}, f.machines("m-1", "m-2"))
		f.same(0, len(f.reclaimed(time.Time{})))
	}
	f.same([]string{"m-2"}, f.owned("pool-a", 10))
	say("m-2", broker.MachineNote{At: at(4 * time.Minute), ReclaimAt: at(5 * time.Minute)})
	say("m-2", broker.MachineNote{Status: broker.MachineLost, At: at(6 * time.Minute)})
	f.same(0, len(f.reclaimed(time.Time{})))
	f.same(0, len(f.owned("pool-a", 10)))
}

// reclaimsSeen: who records a machine as its provider shows it knows nothing of
// what was noted of it.
func reclaimsSeen(f *fixture) {
	m := machine("m-1", "pool-a", broker.MachinePending)
	f.recordMachines("op-1", m)
	n := broker.MachineNote{Status: broker.MachineStopping, At: at(time.Minute), ReclaimAt: at(3 * time.Minute), ReturnedAt: at(2 * time.Minute)}
	must[broker.Machine](f)(f.NoteMachine(f.Context(), "m-1", broker.MachineNote{Status: n.Status, At: n.At, ReclaimAt: n.ReclaimAt}))
	m.Status, m.UpdatedAt = broker.MachineRunning, at(90*time.Second)
	f.recordMachines("op-2", m)
	f.same([]broker.Reclaim{{MachineID: "m-1", Name: m.Name, At: n.ReclaimAt}}, f.reclaimed(start))
	must[broker.Machine](f)(f.NoteMachine(f.Context(), "m-1", broker.MachineNote{ReturnedAt: n.ReturnedAt}))
	f.recordMachines("op-3", m)
	m.ReclaimAt, m.ReturnedAt = n.ReclaimAt, n.ReturnedAt
	f.same([]broker.Machine{m}, f.machines("m-1"))
	f.same(0, len(f.reclaimed(start)))
}

func reclaimsLost(f *fixture) {
	m := machine("m-1", "pool-a", broker.MachineLost)
	m.Instance = "ohfpinst"
	f.recordMachines("op-1", m)
	f.same([]broker.Reclaim{{MachineID: "m-1", Name: m.Name, Instance: "ohfpinst", At: m.UpdatedAt}}, f.reclaimed(time.Time{}))
}

func requestDue(f *fixture) {
	o, _ := f.claimed("req-1")
	o.Status, o.DueAt = broker.OpSucceeded, at(time.Minute)
	become := func(r broker.HostRequest) {
		f.Helper()
		o.Request = &r
		f.ok(f.TakeStep(f.Context(), broker.Step{Operation: o}))
		o.Version++
	}
	become(broker.HostRequest{ClosedAt: start})
	f.same(0, len(f.due(start, 10)))
	f.same([]string{"req-1"}, f.due(at(time.Minute), 10))
	become(broker.HostRequest{ClosedAt: start, TidiedAt: start})
	f.same([]string{"req-1"}, f.due(at(time.Minute), 10))
	become(broker.HostRequest{ClosedAt: start, TidiedAt: start, ClaimedAt: start})
	f.same(0, len(f.due(at(time.Hour), 10)))
}
