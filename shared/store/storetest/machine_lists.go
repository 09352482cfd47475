package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
)

func testMachineLists(t *testing.T, open Open) {
	for _, c := range []struct {
		name string
		run  func(*fixture)
	}{
		{"pages have the newest launch first, across days", machinePages},
		{"a page goes on after a restart and beside new machines", machinePagesRestart},
		{"filters hold on every page", machineFilters},
		{"the machines of an operation are those that it made", machinesOfOperation},
		{"a machine stands in the list once, whatever becomes of it", machineListedOnce},
		{"a cursor that the list did not give is invalid", machineCursor},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(newFixture(t, open)) })
	}
}

// listed reads the list of machines to its end in pages of limit.
func (f *fixture) listed(filter broker.MachineFilter, limit int, cursor string) (ids []string) {
	f.Helper()
	for pages := 0; ; pages++ {
		page, next, err := f.ListMachines(f.Context(), filter, broker.Page{Limit: limit, Cursor: cursor})
		f.ok(err)
		if len(page) > limit || pages > 500 {
			f.Fatalf("%d machines on page %d, for a limit of %d", len(page), pages, limit)
		}
		for _, m := range page {
			ids = append(ids, m.ID)
		}
		if next == "" {
			return ids
		}
		cursor = next
	}
}

// launched is a machine that an operation made at a time.
func launched(id, operation string, at time.Time) broker.Machine {
	m := machine(id, "pool-a", broker.MachineRunning)
	m.OperationID, m.LaunchTime = operation, at
	return m
}

// launch records n machines of one operation, launched one each step, and
// returns their ids, newest first.
func (f *fixture) launch(operation string, n int, step time.Duration) []string {
	f.Helper()
	var all []broker.Machine
	var ids []string
	for i := range n {
		m := launched(fmt.Sprintf("%s-%03d", operation, (i*7)%1000), operation, f.clock.now()) // not in order of time
		all, ids = append(all, m), append(ids, m.ID)
		f.clock.advance(step)
	}
	f.recordMachines(operation, all...)
	slices.Reverse(ids)
	return ids
}

func machinePages(f *fixture) {
	f.same(0, len(f.listed(broker.MachineFilter{}, 10, "")))
	want := f.launch("op-1", 40, 5*time.Hour)
	for _, limit := range []int{1, 3, 40, 100} {
		f.same(want, f.listed(broker.MachineFilter{}, limit, ""))
	}
	page, next, err := f.ListMachines(f.Context(), broker.MachineFilter{}, broker.Page{Limit: 40})
	f.ok(err)
	f.same(40, len(page))
	f.same("", next)
	f.same(start, page[39].LaunchTime)
}

func machinePagesRestart(f *fixture) {
	older := f.launch("op-1", 6, time.Hour)
	page, next, err := f.ListMachines(f.Context(), broker.MachineFilter{}, broker.Page{Limit: 2})
	f.ok(err)
	f.same(2, len(page))
	f.clock.advance(100 * 24 * time.Hour)
	f.restart()
	newer := f.launch("op-2", 3, 30*time.Hour)
	f.same(older[2:], f.listed(broker.MachineFilter{}, 2, next))
	f.same(append(newer, older...), f.listed(broker.MachineFilter{}, 2, ""))
}

func machineFilters(f *fixture) {
	var all []broker.Machine
	var lost, b, both []string
	for i := range 30 {
		m := launched(fmt.Sprintf("m-%02d", i), "op-1", f.clock.now())
		if i%2 == 0 {
			m.Status, lost = broker.MachineLost, append(lost, m.ID)
		}
		if i%3 == 0 {
			m.Provider, b = "pool-b", append(b, m.ID)
		}
		if i%6 == 0 {
			both = append(both, m.ID)
		}
		all = append(all, m)
		f.clock.advance(9 * time.Hour)
	}
	f.recordMachines("op-1", all...)
	for _, ids := range [][]string{lost, b, both} {
		slices.Reverse(ids)
	}
	for _, limit := range []int{1, 4, 50} {
		f.same(lost, f.listed(broker.MachineFilter{Status: broker.MachineLost}, limit, ""))
		f.same(b, f.listed(broker.MachineFilter{Provider: "pool-b"}, limit, ""))
		f.same(both, f.listed(broker.MachineFilter{Provider: "pool-b", Status: broker.MachineLost, OperationID: ""}, limit, ""))
		f.same(0, len(f.listed(broker.MachineFilter{Provider: "pool"}, limit, "")))
	}
}

func machinesOfOperation(f *fixture) {
	mine := []broker.Machine{launched("m-1", "op-1", start), launched("m-2", "op-1", at(30*time.Hour)), launched("m-3", "op-1", start)}
	other := launched("m-4", "op-2", start)
	for id, machines := range map[string][]broker.Machine{"op-1": mine, "op-2": {other, mine[0]}} { // op-2 looked at one of op-1
		_, a := f.claimed(id)
		out := outcome(id, a, 1, broker.Intent)
		out.Machines, out.Attempt.Attempt.Machines = machines, machines
		f.ok(f.RecordOutcome(f.Context(), out))
	}
	for _, limit := range []int{1, 2, 10} {
		f.same([]string{"m-2", "m-3", "m-1"}, f.listed(broker.MachineFilter{OperationID: "op-1"}, limit, ""))
		f.same([]string{"m-4"}, f.listed(broker.MachineFilter{OperationID: "op-2"}, limit, ""))
		f.same(0, len(f.listed(broker.MachineFilter{OperationID: "op-1", Provider: "pool-b"}, limit, "")))
	}
	_, _, err := f.ListMachines(f.Context(), broker.MachineFilter{OperationID: "op-3"}, broker.Page{Limit: 1})
	f.refused(err, fault.NotFound)
}

func machineListedOnce(f *fixture) {
	f.recordMachines("op-1", launched("m-1", "op-1", start), launched("m-2", "op-1", at(time.Minute)))
	f.same([]string{"m-2", "m-1"}, f.listed(broker.MachineFilter{}, 10, ""))
	f.recordMachines("op-2", launched("m-1", "op-1", at(30*time.Hour))) // its provider says so
	f.same([]string{"m-1", "m-2"}, f.listed(broker.MachineFilter{}, 10, ""))
	f.note("m-2", broker.MachineStopped, 2*time.Hour)
	f.note("m-1", broker.MachineTerminated, 40*time.Hour)
	f.restart()
	f.same([]string{"m-1", "m-2"}, f.listed(broker.MachineFilter{}, 10, ""))
	f.same([]string{"m-1"}, f.listed(broker.MachineFilter{Status: broker.MachineTerminated}, 10, ""))
	f.recordMachines("op-3", launched("m-1", "op-1", at(90*time.Hour))) // it has ended: nothing changes
	f.same([]string{"m-1", "m-2"}, f.listed(broker.MachineFilter{}, 10, ""))
}

func machineCursor(f *fixture) {
	f.claimEvery(2, time.Second)
	f.launch("op-1", 2, time.Second)
	_, other, err := f.Operations(f.Context(), broker.OperationFilter{}, broker.Page{Limit: 1})
	f.ok(err)
	for _, filter := range []broker.MachineFilter{{}, {OperationID: "op-1"}} {
		for _, cursor := range []string{"!", "x", other} {
			_, _, err := f.ListMachines(f.Context(), filter, broker.Page{Limit: 1, Cursor: cursor})
			f.refused(err, fault.InvalidRequest)
		}
	}
}
