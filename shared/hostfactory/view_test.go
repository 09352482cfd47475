package hostfactory_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/hostfactory"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func node(id string, s broker.MachineStatus) broker.Machine {
	return broker.Machine{ID: id, Name: "node-" + id, Status: s, PrivateIP: "10.0.0.1", LaunchTime: noon}
}

// asked is a request for so many machines, with an attempt for each list.
func asked(wanted int, attempts ...[]broker.Machine) *broker.Ledger {
	l := &broker.Ledger{Operation: broker.Operation{
		ID: "req-1", Type: broker.CreateInstances, Status: broker.OpRunning, Wanted: wanted,
		Request: &broker.HostRequest{ClaimWithin: 15 * time.Minute, Tags: map[string]string{"a": "b"}, Account: "default", PriceType: "spot"},
	}}
	for i, machines := range attempts {
		l.Attempts = append(l.Attempts, broker.Attempt{N: i + 1, Machines: machines})
	}
	return l
}

func closed(l *broker.Ledger, s broker.OperationStatus) *broker.Ledger {
	l.Operation.Status, l.Operation.Request.ClosedAt = s, noon
	return l
}

func short(r hostfactory.Request) []string {
	out := []string{string(r.Status)}
	for _, m := range r.Machines {
		out = append(out, fmt.Sprint(m.MachineID, " ", m.Result))
	}
	return out
}

func TestTheViewOfARequest(t *testing.T) {
	running, pending, failed := broker.MachineRunning, broker.MachinePending, broker.MachineFailed
	late := closed(asked(2, []broker.Machine{node("1", running)}, []broker.Machine{node("2", running)}), broker.OpUnknown)
	late.Operation.Request.Late = []int{2}
	undone := closed(asked(1, []broker.Machine{node("1", running)}), broker.OpSucceeded)
	undone.Attempts = append(undone.Attempts, broker.Attempt{N: 2, Undoes: 1, Machines: []broker.Machine{node("1", broker.MachineTerminated)}})
	taken := closed(asked(1, []broker.Machine{node("1", running)}), broker.OpSucceeded)
	taken.Operation.Request.TakenBackAt = noon
	cancelled := closed(asked(1, []broker.Machine{node("1", running)}), broker.OpSucceeded)
	cancelled.Operation.Cancelled = &broker.Cancellation{At: noon}
	ending := asked(2, []broker.Machine{node("1", running), node("2", pending)})
	ending.Operation.Cancelled = &broker.Cancellation{At: noon}
	for name, c := range map[string]struct {
		ledger *broker.Ledger
		want   []string
	}{
		"it is being cancelled":            {ending, []string{"running", "1 succeed", "2 executing"}},
		"nothing yet":                      {asked(2), []string{"running"}},
		"some run":                         {asked(2, []broker.Machine{node("1", running), node("2", pending)}), []string{"running", "1 succeed", "2 executing"}},
		"all run, and nobody has said so":  {asked(1, []broker.Machine{node("1", running)}), []string{"running", "1 succeed"}},
		"all run":                          {closed(asked(1, []broker.Machine{node("1", running)}), broker.OpSucceeded), []string{"complete", "1 succeed"}},
		"what failed was replaced":         {closed(asked(1, []broker.Machine{node("1", failed)}, []broker.Machine{node("2", running)}), broker.OpSucceeded), []string{"complete", "2 succeed"}},
		"what failed was not":              {closed(asked(2, []broker.Machine{node("1", failed), node("2", running)}), broker.OpPartial), []string{"complete_with_error", "1 fail", "2 succeed"}},
		"what still comes is given up":     {closed(asked(1, []broker.Machine{node("1", pending)}), broker.OpFailed), []string{"complete_with_error", "1 fail"}},
		"what comes late is no part of it": {late, []string{"complete_with_error", "1 succeed"}},
		"what is given back is not made":   {undone, []string{"complete", "1 succeed"}},
		"nobody asked for it":              {taken, []string{"complete_with_error", "1 fail"}},
		"it was cancelled":                 {cancelled, []string{"complete_with_error", "1 fail"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := hostfactory.View(c.ledger)
			if diff := cmp.Diff(c.want, short(got)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if (got.Status == hostfactory.CompleteWithError) != (got.Message != "") {
				t.Errorf("%s says %q", got.Status, got.Message)
			}
			for _, m := range got.Machines {
				if (m.Result == hostfactory.Fail) != (m.Message != "") {
					t.Errorf("a machine that is %s says %q", m.Result, m.Message)
				}
			}
		})
	}
}

func TestAMachineWithoutANameIsNamedByItsID(t *testing.T) {
	l := asked(1, []broker.Machine{{ID: "i-1", Status: broker.MachinePending}})
	if got := hostfactory.View(l).Machines[0].Name; got != "i-1" {
		t.Errorf("its name is %q", got)
	}
}

func TestWhatAListSaysOfARequestIsWhatItsStatusSays(t *testing.T) {
	some := []broker.Machine{node("1", broker.MachineRunning)}
	for name, c := range map[string]struct {
		status broker.OperationStatus
		with   func(*broker.Operation)
		want   hostfactory.Status
	}{
		"it got all":     {broker.OpSucceeded, func(o *broker.Operation) { o.Wanted = 1 }, hostfactory.Complete},
		"it got some":    {broker.OpPartial, func(*broker.Operation) {}, hostfactory.CompleteWithError},
		"some is enough": {broker.OpPartial, func(o *broker.Operation) { o.Request.Partial = "complete" }, hostfactory.Complete},
		"some is enough, and nobody asked for it": {broker.OpPartial, func(o *broker.Operation) { o.Request.Partial, o.Request.TakenBackAt = "complete", noon }, hostfactory.CompleteWithError},
		"it was cancelled":                        {broker.OpSucceeded, func(o *broker.Operation) { o.Wanted, o.Cancelled = 1, &broker.Cancellation{} }, hostfactory.CompleteWithError},
		"the rest came late":                      {broker.OpSucceeded, func(o *broker.Operation) { o.Request.Late = []int{2} }, hostfactory.CompleteWithError},
		"nobody asked for it":                     {broker.OpSucceeded, func(o *broker.Operation) { o.Wanted, o.Request.TakenBackAt = 1, noon }, hostfactory.CompleteWithError},
	} {
		t.Run(name, func(t *testing.T) {
			l := closed(asked(2, some), c.status)
			c.with(&l.Operation)
			if diff := cmp.Diff([]hostfactory.Status{c.want, c.want}, []hostfactory.Status{hostfactory.Outline(&l.Operation), hostfactory.View(l).Status}); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
	if open := asked(1, some); hostfactory.Outline(&open.Operation) != hostfactory.Running {
		t.Error("one that goes on is not running")
	}
}

func TestAReturnInPartsStandsAsTheLeastOfThem(t *testing.T) {
	running, done, failed := hostfactory.Running, hostfactory.Complete, hostfactory.CompleteWithError
	for _, c := range []struct{ whole, part, want hostfactory.Status }{
		{done, done, done},
		{done, failed, failed},
		{failed, done, failed},
		{failed, failed, failed},
		{done, running, running},
		{running, done, running},
		{failed, running, running},
		{running, failed, running},
	} {
		of := func(s hostfactory.Status, id string) hostfactory.Request {
			r := hostfactory.Request{RequestID: id, Status: s, Machines: []hostfactory.Machine{{MachineID: id}}}
			if s == failed {
				r.Message = id + " failed"
			}
			return r
		}
		got := hostfactory.Joined(of(c.whole, "w"), of(c.part, "p"))
		if got.Status != c.want || got.RequestID != "w" || len(got.Machines) != 2 || (got.Message != "") != (c.want == failed) {
			t.Errorf("%s and %s: %+v", c.whole, c.part, got)
		}
	}
}

func TestTheViewOfAReturn(t *testing.T) {
	l := &broker.Ledger{Operation: broker.Operation{
		ID: "ret-1", Type: broker.TerminateInstances, Status: broker.OpRunning,
		Request: &broker.HostRequest{Returns: []broker.Machine{node("1", broker.MachineRunning), node("2", broker.MachineLost), {Name: "nobody"}, node("3", broker.MachineStopped)}},
	}}
	at := func(want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, short(hostfactory.View(l))); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	}
	at("running", "1 executing", "2 succeed", "nobody succeed", "3 succeed")
	l.Attempts = []broker.Attempt{{N: 1, Results: []broker.MachineResult{{MachineID: "1", Terminated: true}}}}
	closed(l, broker.OpSucceeded)
	at("complete", "1 succeed", "2 succeed", "nobody succeed", "3 succeed")
	l.Attempts[0].Results[0].Terminated = false
	at("complete_with_error", "1 fail", "2 succeed", "nobody succeed", "3 succeed")
}

// What happens to a request after its answer became final: attempts that were
// open end, machines change, the operation itself closes or is seen to.
func TestAnAnswerThatIsFinalNeverChanges(t *testing.T) {
	status := rapid.SampledFrom([]broker.MachineStatus{broker.MachinePending, broker.MachineRunning, broker.MachineFailed, broker.MachineTerminated, broker.MachineLost})
	rapid.Check(t, func(r *rapid.T) {
		var attempts [][]broker.Machine
		for i := range rapid.IntRange(1, 3).Draw(r, "attempts") {
			var machines []broker.Machine
			for j := range rapid.IntRange(0, 3).Draw(r, "machines") {
				machines = append(machines, node(fmt.Sprint(i, j), status.Draw(r, "status")))
			}
			attempts = append(attempts, machines)
		}
		l := closed(asked(rapid.IntRange(1, 6).Draw(r, "wanted"), attempts...), broker.OpUnknown)
		for n := range attempts {
			if rapid.Bool().Draw(r, "open") {
				l.Operation.Request.Late = append(l.Operation.Request.Late, n+1)
			}
		}
		before := text(r, hostfactory.View(l))
		for _, n := range l.Operation.Request.Late {
			a := &l.Attempts[n-1]
			a.State, a.EndedAt = broker.Confirmed, noon.Add(time.Hour)
			a.Machines = []broker.Machine{node("late", status.Draw(r, "late"))}
		}
		l.Operation.Status = rapid.SampledFrom([]broker.OperationStatus{broker.OpSucceeded, broker.OpPartial, broker.OpFailed}).Draw(r, "end")
		l.Operation.Request.ClaimedAt, l.Operation.Request.TidiedAt = noon, noon
		if len(l.Operation.Request.Late) == 0 {
			l.Operation.Message = "" // it is written with the answer, never after it
		}
		if after := text(r, hostfactory.View(l)); after != before {
			r.Errorf("it was\n%s\nand is\n%s", before, after)
		}
	})
}

func text(r *rapid.T, v hostfactory.Request) string {
	if !v.Status.Terminal() {
		r.Errorf("it is %s", v.Status)
	}
	out, err := json.Marshal(v)
	if err != nil {
		r.Fatal(err)
	}
	return string(out)
}
