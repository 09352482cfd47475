package storetest

import (
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
)

func testMachines(t *testing.T, open Open) {
	for _, c := range []struct {
		name string
		run  func(*fixture)
	}{
		{"known ones are found, each once", machineFound},
		{"a provider owns what is not final, by id", machineOwned},
		{"what has ended stays as it ended", machineFinal},
		{"a machine may change name and provider", machineMoves},
		{"what a provider says of a machine is stored when it is news", machineNoted},
		{"a machine that is noted as ended is owned no more", machineNotedEnd},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(newFixture(t, open)) })
	}
}

// record stores machines with the outcome of an operation of their own.
func (f *fixture) recordMachines(id string, machines ...broker.Machine) {
	f.Helper()
	_, a := f.claimed(id)
	out := outcome(id, a, 1, broker.Intent)
	out.Machines = machines
	f.ok(f.RecordOutcome(f.Context(), out))
}

func (f *fixture) owned(provider string, limit int) []string {
	f.Helper()
	var ids []string
	for _, m := range must[[]broker.Machine](f)(f.OwnedMachines(f.Context(), provider, limit)) {
		ids = append(ids, m.ID)
	}
	return ids
}

func machineFound(f *fixture) {
	a, b := machine("m-a", "pool-a", broker.MachineRunning), machine("m-b", "pool-a", broker.MachineFailed)
	f.recordMachines("op-1", a, b)
	f.same([]broker.Machine{a}, f.machines("m-a", "m-x", "m-a"))
	f.same([]broker.Machine{b}, f.machines("m-b"))
	f.same(0, len(f.machines()))
	f.same(2, len(f.machines("m-b", "m-a")))
}

func machineOwned(f *fixture) {
	nameless := machine("m-5", "pool-a", broker.MachineStopped)
	nameless.Name = ""
	f.recordMachines(
		"op-1",
		machine("m-3", "pool-a", broker.MachineRunning), machine("m-1", "pool-a", broker.MachinePending),
		machine("m-2", "pool-b", broker.MachineRunning), machine("m-4", "pool-a", broker.MachineTerminated), nameless,
	)
	f.same([]string{"m-1", "m-3", "m-5"}, f.owned("pool-a", 10))
	f.same([]string{"m-1", "m-3"}, f.owned("pool-a", 2))
	f.same(0, len(f.owned("pool-a", 0)))
	f.same([]string{"m-2"}, f.owned("pool-b", 10))
	f.same(0, len(f.owned("pool", 10)))
}

func machineFinal(f *fixture) {
	for _, final := range []broker.MachineStatus{broker.MachineTerminated, broker.MachineLost, broker.MachineFailed} {
		id := "m-" + string(final)
		f.recordMachines("make-"+id, machine(id, "pool-a", broker.MachineRunning))
		f.same([]string{id}, f.owned("pool-a", 10))
		ended := machine(id, "pool-a", final)
		f.recordMachines("end-"+id, ended)
		f.same(0, len(f.owned("pool-a", 10)))
		late := machine(id, "pool-b", broker.MachineRunning)
		late.UpdatedAt = at(time.Hour)
		f.recordMachines("late-"+id, late)
		f.same([]broker.Machine{ended}, f.machines(id))
		f.same(0, len(f.owned("pool-a", 10)))
		f.same(0, len(f.owned("pool-b", 10)))
	}
}

func machineMoves(f *fixture) {
	f.recordMachines("op-1", machine("m-1", "pool-a", broker.MachinePending))
	moved := machine("m-1", "pool-b", broker.MachineRunning)
	moved.Name = "renamed"
	f.recordMachines("op-2", moved)
	f.same(0, len(f.owned("pool-a", 10)))
	f.same([]string{"m-1"}, f.owned("pool-b", 10))
	f.same([]broker.Machine{moved}, f.machines("m-1"))
}

func (f *fixture) note(id string, s broker.MachineStatus, when time.Duration) broker.Machine {
	f.Helper()
	return must[broker.Machine](f)(f.NoteMachine(f.Context(), id, broker.MachineNote{Status: s, At: at(when)}))
}

func machineNoted(f *fixture) {
	_, err := f.NoteMachine(f.Context(), "m-1", broker.MachineNote{Status: broker.MachineRunning, At: start})
	f.refused(err, fault.NotFound)
	m := machine("m-1", "pool-a", broker.MachinePending)
	f.recordMachines("op-1", m)

	m.Status, m.UpdatedAt = broker.MachineStopping, at(2*time.Minute)
	for _, stage := range []struct {
		status broker.MachineStatus
		at     time.Duration
	}{
		{broker.MachineStopping, 2 * time.Minute},
		{broker.MachineStopping, 2 * time.Minute}, // twice
		{broker.MachineRunning, time.Minute},      // late
		{broker.MachineRunning, 2 * time.Minute},  // of one moment, earlier in life
	} {
		f.same(m, f.note("m-1", stage.status, stage.at))
		f.same([]broker.Machine{m}, f.machines("m-1"))
	}

	m.Status, m.Message, m.UpdatedAt = broker.MachineRunning, "again", at(3*time.Minute)
	again := broker.MachineNote{Status: broker.MachineRunning, Message: "again", At: at(3 * time.Minute)}
	f.same(m, must[broker.Machine](f)(f.NoteMachine(f.Context(), "m-1", again)))
	f.restart()
	f.same([]broker.Machine{m}, f.machines("m-1"))
	f.same([]string{"m-1"}, f.owned("pool-a", 10))
}

func machineNotedEnd(f *fixture) {
	for _, final := range []broker.MachineStatus{broker.MachineTerminated, broker.MachineLost, broker.MachineFailed} {
		id := "m-" + string(final)
		f.recordMachines("make-"+id, machine(id, "pool-a", broker.MachineRunning))
		f.note(id, broker.MachineStopped, time.Hour)
		f.same([]string{id}, f.owned("pool-a", 10))

		ended := f.note(id, final, time.Minute) // late, and true for ever
		f.same(final, ended.Status)
		f.same(at(time.Hour), ended.UpdatedAt)
		f.same(0, len(f.owned("pool-a", 10)))
		f.same(ended, f.note(id, broker.MachineRunning, 2*time.Hour))
		f.same(ended, f.note(id, broker.MachineTerminated, 3*time.Hour))
		f.same([]broker.Machine{ended}, f.machines(id))
	}
}

func testLeases(t *testing.T, open Open) {
	for _, c := range []struct {
		name string
		run  func(*fixture)
	}{
		{"a host is leased once", leaseOnce},
		{"a lease is renewed or taken over by who saw it", leaseRenew},
		{"only its machine frees a host", leaseDrop},
		{"who saw an earlier lease cannot take a later one's place", leaseABA},
		{"leases are by host and survive a restart", leaseList},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(newFixture(t, open)) })
	}
}

func (f *fixture) take(l broker.Lease) broker.Lease {
	f.Helper()
	return must[broker.Lease](f)(f.TakeLease(f.Context(), l))
}

func leaseOnce(f *fixture) {
	stored := f.take(lease("pool-a", "h1", "m-1"))
	want := lease("pool-a", "h1", "m-1")
	want.Version = 1
	f.same(want, stored)
	_, err := f.TakeLease(f.Context(), lease("pool-a", "h1", "m-2"))
	f.conflict(err, stored)
	f.same([]broker.Lease{stored}, must[[]broker.Lease](f)(f.Leases(f.Context(), "pool-a")))
	absent := lease("pool-a", "h2", "m-2")
	absent.Version = 1
	_, err = f.TakeLease(f.Context(), absent)
	f.conflict(err, broker.Lease{})
}

func leaseRenew(f *fixture) {
	stored := f.take(lease("pool-a", "h1", "m-1"))
	stored.Until = at(2 * time.Hour)
	renewed := f.take(stored)
	f.same(int64(2), renewed.Version)
	f.same(at(2*time.Hour), renewed.Until)
	stored.MachineID = "m-2"
	_, err := f.TakeLease(f.Context(), stored)
	f.conflict(err, renewed)
	taken := renewed
	taken.MachineID = "m-2"
	f.same("m-2", f.take(taken).MachineID)
}

func leaseDrop(f *fixture) {
	drop := func(host, machine string) bool {
		return must[bool](f)(f.DropLease(f.Context(), "pool-a", host, machine))
	}
	f.same(false, drop("h1", "m-1"))
	stored := f.take(lease("pool-a", "h1", "m-1"))
	f.same(false, drop("h1", "m-2"))
	f.same(false, drop("h1", ""))
	f.same(false, drop("h2", "m-1"))
	f.same([]broker.Lease{stored}, must[[]broker.Lease](f)(f.Leases(f.Context(), "pool-a")))
	f.same(true, drop("h1", "m-1"))
	f.same(false, drop("h1", "m-1"))
	f.same(false, drop("h1", ""))
	f.same(0, len(must[[]broker.Lease](f)(f.Leases(f.Context(), "pool-a"))))
	f.same("m-3", f.take(lease("pool-a", "h1", "m-3")).MachineID)
}

func leaseABA(f *fixture) {
	seen := f.take(lease("pool-a", "h1", "m-1"))
	must[bool](f)(f.DropLease(f.Context(), "pool-a", "h1", "m-1"))
	late := seen
	late.MachineID = "m-late"
	_, err := f.TakeLease(f.Context(), late)
	f.conflict(err, broker.Lease{})
	f.restart()
	second := f.take(lease("pool-a", "h1", "m-2"))
	_, err = f.TakeLease(f.Context(), late)
	f.conflict(err, second)
	if second.Version <= seen.Version {
		f.Errorf("version %d after version %d", second.Version, seen.Version)
	}
}

func leaseList(f *fixture) {
	hosts := []string{"10.0.0.1", "10.0.0.2", "a#b", "fe80::1%eth0", "node.example:22"}
	var want []broker.Lease
	for _, h := range hosts {
		want = append(want, f.take(lease("pool-a", h, "m-"+h)))
	}
	f.take(lease("pool-b", "10.0.0.1", "m-other"))
	f.restart()
	f.same(want, must[[]broker.Lease](f)(f.Leases(f.Context(), "pool-a")))
	f.same(0, len(must[[]broker.Lease](f)(f.Leases(f.Context(), "pool"))))
}
