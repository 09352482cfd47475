package broker_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/broker"
)

func machinesOf(types ...string) []broker.Machine {
	var all []broker.Machine
	for _, t := range types {
		all = append(all, broker.Machine{ID: "of " + t, InstanceType: t})
	}
	return all
}

func TestMachinesAreWorthTheirNumberUnlessUnitsAreCounted(t *testing.T) {
	weights := broker.ResolvedTemplate{MachineWeights: map[string]int{"large": 4}}
	made := machinesOf("large", "small", "")
	cases := []struct {
		name string
		of   broker.Attempt
		want int
	}{
		{"an attempt that makes nothing", broker.Attempt{}, 3},
		{"machines", broker.Attempt{Spec: &broker.CreateSpec{Template: weights}}, 3},
		{"units", broker.Attempt{Spec: &broker.CreateSpec{Template: weights, InUnits: true}}, 6},
		{"units without weights", broker.Attempt{Spec: &broker.CreateSpec{InUnits: true}}, 3},
	}
	for _, c := range cases {
		if got := c.of.Worth(made); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

func TestACreateInUnitsShowsBothCounts(t *testing.T) {
	spec := &broker.CreateSpec{InUnits: true, Template: broker.ResolvedTemplate{MachineWeights: map[string]int{"large": 4}}}
	made := machinesOf("large", "small")
	l := broker.Ledger{
		Operation: broker.Operation{Type: broker.CreateInstances, Wanted: 7, InUnits: true},
		Attempts:  []broker.Attempt{{N: 1, Provider: "a", Spec: spec, Count: 7, Confirmed: 5, Machines: made, State: broker.Confirmed}},
	}
	view := func() []any {
		v := l.View()
		return []any{v.Result.Requested, *v.Result.RequestedUnits, *v.Result.Created, *v.Result.CreatedUnits, v.Attempts[0].Count, v.Attempts[0].Machines, v.Attempts[0].Units}
	}
	if diff := cmp.Diff([]any{(*int)(nil), 7, 2, 5, 7, 2, 5}, view()); diff != "" {
		t.Errorf("made (-want +got):\n%s", diff)
	}
	l.Attempts = append(l.Attempts, broker.Attempt{
		N: 2, Provider: "a", Undoes: 1, Count: 2, Confirmed: 1, State: broker.NoEffect,
		Results: []broker.MachineResult{{MachineID: "of large", Terminated: true}, {MachineID: "of small"}},
	})
	if diff := cmp.Diff([]any{(*int)(nil), 7, 1, 1, 7, 2, 5}, view()); diff != "" {
		t.Errorf("the large one given back (-want +got):\n%s", diff)
	}
}
