package hostfactory_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/hostfactory"
)

const (
	executing = hostfactory.Executing
	succeed   = hostfactory.Succeed
	fail      = hostfactory.Fail
)

func TestWhatAStatusMeansToWhoAskedForTheMachineAndToWhoGivesItBack(t *testing.T) {
	tests := []struct {
		status             broker.MachineStatus
		acquired, returned hostfactory.Result
	}{
		{broker.MachinePending, executing, executing},
		{broker.MachineRunning, succeed, executing},
		{broker.MachineStopping, fail, executing},
		{broker.MachineStopped, fail, succeed},
		{broker.MachineTerminated, fail, succeed},
		{broker.MachineLost, fail, succeed},
		{broker.MachineFailed, fail, succeed},
		{"a status of a later version", executing, executing},
		{"", executing, succeed},
	}
	for _, tc := range tests {
		t.Run(string(tc.status), func(t *testing.T) {
			m := broker.Machine{Status: tc.status, Name: "node-1", PrivateIP: "10.0.0.1"}
			if got := hostfactory.Acquired(&m); got != tc.acquired {
				t.Errorf("acquired: want %s, got %s", tc.acquired, got)
			}
			if got := hostfactory.Returned(tc.status); got != tc.returned {
				t.Errorf("returned: want %s, got %s", tc.returned, got)
			}
		})
	}
}

func TestAMachineThatRunsIsAcquiredWhenItCanBeReached(t *testing.T) {
	for name, tc := range map[string]struct {
		m    broker.Machine
		want hostfactory.Result
	}{
		"name and address":        {broker.Machine{Name: "n", PrivateIP: "10.0.0.1"}, succeed},
		"name and public address": {broker.Machine{Name: "n", PublicIP: "192.0.2.1"}, succeed},
		"no address yet":          {broker.Machine{Name: "n"}, executing},
		"no name yet":             {broker.Machine{PrivateIP: "10.0.0.1"}, executing},
	} {
		t.Run(name, func(t *testing.T) {
			tc.m.Status = broker.MachineRunning
			if got := hostfactory.Acquired(&tc.m); got != tc.want {
				t.Errorf("want %s, got %s", tc.want, got)
			}
		})
	}
}

func TestTheStatusOfARequest(t *testing.T) {
	tests := []struct {
		name     string
		wish     hostfactory.Wish
		machines []hostfactory.Result
		want     hostfactory.Status
	}{
		{"all there", hostfactory.Wish{Machines: 2}, []hostfactory.Result{succeed, succeed}, hostfactory.Complete},
		{"one is coming", hostfactory.Wish{Machines: 2}, []hostfactory.Result{succeed, executing}, hostfactory.Running},
		{"one is coming and one failed", hostfactory.Wish{Machines: 2}, []hostfactory.Result{fail, executing}, hostfactory.Running},
		{"one failed", hostfactory.Wish{Machines: 2}, []hostfactory.Result{succeed, fail}, hostfactory.CompleteWithError},
		{"one is missing", hostfactory.Wish{Machines: 2}, []hostfactory.Result{succeed}, hostfactory.CompleteWithError},
		{"one is missing and looked for", hostfactory.Wish{Machines: 2, Open: true}, []hostfactory.Result{succeed}, hostfactory.Running},
		{"nothing came", hostfactory.Wish{Machines: 2}, nil, hostfactory.CompleteWithError},
		{"nothing came yet", hostfactory.Wish{Machines: 2, Open: true}, nil, hostfactory.Running},
		{"one is missing, which will do", hostfactory.Wish{Machines: 2, Partial: hostfactory.Complete}, []hostfactory.Result{succeed}, hostfactory.Complete},
		{"nothing came, which will not do", hostfactory.Wish{Machines: 2, Partial: hostfactory.Complete}, nil, hostfactory.CompleteWithError},
		{"nothing was to be returned", hostfactory.Wish{}, nil, hostfactory.Complete},
		{"partial answers cannot run", hostfactory.Wish{Machines: 2, Partial: hostfactory.Running}, []hostfactory.Result{succeed}, hostfactory.CompleteWithError},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			if got := hostfactory.Fold(tc.wish, tc.machines); got != tc.want {
				t.Errorf("want %s, got %s", tc.want, got)
			}
		})
	}
}

func results(r *rapid.T) []hostfactory.Result {
	return rapid.SliceOfN(rapid.SampledFrom([]hostfactory.Result{executing, succeed, fail}), 0, 8).Draw(r, "results")
}

func TestTheLawsOfTheFold(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		machines := results(r)
		w := hostfactory.Wish{
			Machines: rapid.IntRange(0, 8).Draw(r, "machines"), Open: rapid.Bool().Draw(r, "open"),
			Partial: rapid.SampledFrom([]hostfactory.Status{"", hostfactory.Complete, hostfactory.CompleteWithError}).Draw(r, "partial"),
		}
		got := hostfactory.Fold(w, machines)
		count := func(want hostfactory.Result) (n int) {
			for _, m := range machines {
				if m == want {
					n++
				}
			}
			return n
		}
		switch {
		case (w.Open || count(executing) > 0) != (got == hostfactory.Running):
			r.Errorf("running exactly while something may change: %s", got)
		case got == hostfactory.Complete && count(succeed) == 0 && w.Machines > 0:
			r.Errorf("a request that got nothing is complete")
		case w.Partial != hostfactory.Complete && got == hostfactory.Complete && (count(fail) > 0 || count(succeed) < w.Machines):
			r.Errorf("short, and complete")
		}
		shuffled := rapid.Permutation(machines).Draw(r, "shuffled")
		if again := hostfactory.Fold(w, shuffled); again != got {
			r.Errorf("the order counts: %s, then %s", got, again)
		}
	})
}

func TestWhatMayStillChangeEndsOnceAndStays(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		machines := results(r)
		w := hostfactory.Wish{Machines: len(machines)}
		before := hostfactory.Fold(w, machines)
		i := slices.Index(machines, executing)
		if i < 0 {
			if !before.Terminal() {
				r.Errorf("nothing executes, and it is %s", before)
			}
			return
		}
		for ; i >= 0; i = slices.Index(machines, executing) {
			if s := hostfactory.Fold(w, machines); s != hostfactory.Running {
				r.Fatalf("one executes, and it is %s", s)
			}
			machines[i] = rapid.SampledFrom([]hostfactory.Result{succeed, fail}).Draw(r, "end")
		}
		if s := hostfactory.Fold(w, machines); !s.Terminal() {
			r.Errorf("all have ended, and it is %s", s)
		}
	})
}
