package fulfilment_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/fulfilment"
)

func usable(id string) broker.Machine {
	return broker.Machine{ID: id, Name: id, PrivateIP: "10.0.0.1", Status: broker.MachineRunning}
}

func coming(id string) broker.Machine { return broker.Machine{ID: id, Status: broker.MachinePending} }

func went(id string, s broker.MachineStatus) broker.Machine {
	return broker.Machine{ID: id, Status: s}
}

func TestAnAttemptOfARequestAwaitsItsMachines(t *testing.T) {
	now := at(time.Minute)
	for name, c := range map[string]struct {
		machines []broker.Machine
		tries    int
		want     string
	}{
		"all are usable":               {[]broker.Machine{usable("1"), usable("2")}, 1, "CONFIRMED 2 "},
		"one is coming":                {[]broker.Machine{usable("1"), coming("2")}, 1, "SENT 0  awaits 5s"},
		"one has no address yet":       {[]broker.Machine{{ID: "1", Name: "1", Status: broker.MachineRunning}}, 2, "SENT 0  awaits 10s"},
		"one is coming for long":       {[]broker.Machine{coming("1")}, 9, "SENT 0  awaits 15s"},
		"one has failed":               {[]broker.Machine{usable("1"), went("2", broker.MachineFailed)}, 1, "CONFIRMED 1 SERVER"},
		"one was taken, one is coming": {[]broker.Machine{went("1", broker.MachineLost), coming("2")}, 1, "SENT 0  awaits 5s"},
		"all have failed":              {[]broker.Machine{went("1", broker.MachineFailed)}, 1, "NONE 0 SERVER"},
	} {
		t.Run(name, func(t *testing.T) {
			a := fulfilment.Await(broker.Attempt{State: broker.Confirmed, Confirmed: len(c.machines), Machines: c.machines, Tries: c.tries, EndedAt: now}, now)
			got := fmt.Sprint(a.State, " ", a.Confirmed, " ", a.Class)
			if fulfilment.Awaits(&a) {
				got += fmt.Sprint(" awaits ", a.NotBefore.Sub(now))
			}
			if got != c.want {
				t.Errorf("want %s, got %s", c.want, got)
			}
		})
	}
	unknown := broker.Attempt{State: broker.UnknownEffect, Machines: []broker.Machine{coming("1")}}
	if diff := cmp.Diff(unknown, fulfilment.Await(unknown, now)); diff != "" {
		t.Errorf("an outcome that is not known is settled first:\n%s", diff)
	}
}

func TestALookAtMachinesThatFailedSaysNothingAboutThem(t *testing.T) {
	now := at(time.Minute)
	a := fulfilment.Await(broker.Attempt{State: broker.Confirmed, Machines: []broker.Machine{usable("1"), coming("2")}, Tries: 1}, now)
	down := fulfilment.Awaited(a, nil, &fault.ProviderError{Class: fault.Down, Message: "gone"}, now)
	if !fulfilment.Awaits(&down) || !cmp.Equal(a.Machines, down.Machines) {
		t.Errorf("it is %s with %v", down.State, down.Machines)
	}
	up := fulfilment.Awaited(down, []broker.Machine{usable("2")}, nil, now)
	if up.State != broker.Confirmed || up.Confirmed != 2 || up.Machines[1].PrivateIP != "10.0.0.1" {
		t.Errorf("it is %s with %d of %v", up.State, up.Confirmed, up.Machines)
	}
}

func TestWhatAProviderLeavesOutOfALookStays(t *testing.T) {
	a := fulfilment.Await(broker.Attempt{State: broker.Confirmed, Tries: 1, Machines: []broker.Machine{
		{ID: "1", Name: "node-1", InstanceType: "m5.large", Zone: "z", Status: broker.MachinePending, LaunchTime: at(0)},
	}}, at(0))
	a = fulfilment.Awaited(a, []broker.Machine{{ID: "1", PrivateIP: "10.0.0.1", Status: broker.MachineRunning}}, nil, at(time.Minute))
	want := []broker.Machine{{ID: "1", Name: "node-1", InstanceType: "m5.large", Zone: "z", PrivateIP: "10.0.0.1", Status: broker.MachineRunning, LaunchTime: at(0)}}
	if diff := cmp.Diff(want, a.Machines); diff != "" || a.Confirmed != 1 {
		t.Errorf("%d are confirmed, -want +got:\n%s", a.Confirmed, diff)
	}
}

func TestWhyThereAreNoMoreMachinesOutlivesLooksThatFail(t *testing.T) {
	now := at(time.Minute)
	short := broker.Attempt{State: broker.Confirmed, Machines: []broker.Machine{coming("1")}, Tries: 1, Class: fault.Capacity, Code: "full", Message: "no room"}
	a := fulfilment.Await(short, now)
	a = fulfilment.Awaited(a, nil, &fault.ProviderError{Class: fault.Validation, Code: "bad", Message: "look again", RetryAfter: time.Hour}, now)
	if a.NotBefore != now.Add(time.Hour) {
		t.Errorf("it looks again at %s", a.NotBefore)
	}
	a = fulfilment.Refusal(a, "its breaker is open", now.Add(time.Minute), now)
	a = fulfilment.Awaited(a, []broker.Machine{usable("1")}, nil, now)
	if got, want := fmt.Sprint(a.State, a.Class, a.Code, a.Message), fmt.Sprint(broker.Confirmed, fault.Capacity, "full", "no room"); got != want {
		t.Errorf("want %s, got %s", want, got)
	}
}

func TestWhatOfARequestIsNobodys(t *testing.T) {
	ledger := func(s broker.OperationStatus, r broker.HostRequest, attempts ...[]broker.Machine) broker.Ledger {
		l := broker.Ledger{Operation: broker.Operation{Type: broker.CreateInstances, Status: s, Request: &r}}
		for i, machines := range attempts {
			l.Attempts = append(l.Attempts, broker.Attempt{N: i + 1, Machines: machines})
		}
		return l
	}
	some := []broker.Machine{usable("1"), went("2", broker.MachineFailed), went("3", broker.MachineTerminated), went("4", broker.MachineStopped)}
	cancelled := ledger(broker.OpCancelled, broker.HostRequest{}, some)
	cancelled.Operation.Cancelled = &broker.Cancellation{}
	plain := ledger(broker.OpSucceeded, broker.HostRequest{}, some)
	plain.Operation.Request = nil
	given := broker.Ledger{
		Operation: broker.Operation{Type: broker.TerminateInstances, Status: broker.OpPartial, Request: &broker.HostRequest{}, Candidates: []broker.Candidate{{MachineIDs: []string{"1", "2"}}}},
		Attempts:  []broker.Attempt{{N: 1, Results: []broker.MachineResult{{MachineID: "1", Terminated: true}, {MachineID: "2"}}}},
	}
	open := ledger(broker.OpUnknown, broker.HostRequest{TakenBackAt: at(0), Late: []int{2}}, some, []broker.Machine{usable("5")})
	open.Attempts[1].State = broker.UnknownEffect
	for name, c := range map[string]struct {
		ledger broker.Ledger
		want   []string
	}{
		"what is known of what nobody asked for": {open, []string{"1", "2", "4"}},
		"what cannot be used":                    {ledger(broker.OpSucceeded, broker.HostRequest{}, some), []string{"2", "4"}},
		"all that came late":                     {ledger(broker.OpSucceeded, broker.HostRequest{Late: []int{2}}, []broker.Machine{usable("0")}, some), []string{"1", "2", "4"}},
		"all that nobody asked for":              {ledger(broker.OpSucceeded, broker.HostRequest{TakenBackAt: at(0)}, some), []string{"1", "2", "4"}},
		"all that was cancelled":                 {cancelled, []string{"1", "2", "4"}},
		"nothing while it is open":               {ledger(broker.OpUnknown, broker.HostRequest{Late: []int{1}}, some), nil},
		"nothing of what is no request":          {plain, nil},
		"what could not be ended":                {given, []string{"2"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, fulfilment.Leftover(&c.ledger)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestWhatWaitsIsLookedAtWhenItsTimeIsOver(t *testing.T) {
	op := broker.Operation{Deadline: at(10 * time.Minute)}
	for name, c := range map[string]struct{ now, wait, want time.Duration }{
		"it waits less":         {0, time.Minute, time.Minute},
		"it waits longer":       {time.Minute, time.Hour, 10 * time.Minute},
		"its time was over":     {20 * time.Minute, time.Hour, 80 * time.Minute},
		"its time is over just": {10 * time.Minute, time.Hour, 70 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			if got := fulfilment.Later(&op, at(c.now), c.wait); !got.Equal(at(c.want)) {
				t.Errorf("want %s, got %s", at(c.want), got)
			}
		})
	}
}
