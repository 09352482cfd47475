package aws_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers/aws/ec2test"
)

const unknownID = "i-0123456789abcdef0"

func (s *site) terminate(ids ...string) []broker.MachineResult {
	s.tb.Helper()
	r, err := s.driver.Terminate(s.tb.Context(), ids)
	if err != nil {
		s.tb.Fatalf("terminating: %v", err)
	}
	return r
}

func TestIdsThatEC2DoesNotKnowSpoilNoOther(t *testing.T) {
	s := newSite(t)
	r := s.create(order("op", 3, template()))
	got := s.terminate(r.Machines[0].ID, unknownID, "i-00000000", "not-an-id", r.Machines[2].ID, "")
	want := []broker.MachineResult{
		{MachineID: r.Machines[0].ID, Provider: west, Terminated: true},
		{MachineID: unknownID, Provider: west, Terminated: true, Message: "EC2 does not know it any more"},
		{MachineID: "i-00000000", Provider: west, Terminated: true, Message: "EC2 does not know it any more"},
		{MachineID: "not-an-id", Provider: west, Terminated: true, Message: "it is no id of EC2"},
		{MachineID: r.Machines[2].ID, Provider: west, Terminated: true},
		{MachineID: "", Provider: west, Terminated: true, Message: "it is no id of EC2"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if diff := cmp.Diff([]string{r.Machines[1].ID}, s.Exist()); diff != "" {
		t.Errorf("left (-want +got):\n%s", diff)
	}
	if n := len(s.Calls("TerminateInstances")); n != 2 {
		t.Errorf("EC2 was asked %d times, want twice", n)
	}
}

func TestAYoungMachineThatIsNotSeenYetIsNotTakenForGone(t *testing.T) {
	s := newSite(t)
	s.Lag(90 * time.Second)
	r := s.create(order("op", 2, template()))
	s.Record(r.Machines)
	id := r.Machines[0].ID
	got := s.terminate(id)
	want := []broker.MachineResult{{MachineID: id, Provider: west, Message: "EC2 does not show it yet: ask again in two minutes"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if m := s.status(id)[0]; m.Status != broker.MachinePending || m.Message != "EC2 does not show it yet" {
		t.Errorf("it is %s, %q", m.Status, m.Message)
	}
	s.clock.Advance(90 * time.Second)
	if m := s.status(id)[0]; m.Status != broker.MachineRunning {
		t.Errorf("later it is %s, %q", m.Status, m.Message)
	}
	if got := s.terminate(id); !got[0].Terminated {
		t.Errorf("later: %+v", got)
	}
	s.Forget(r.Machines[1].ID)
	s.clock.Advance(time.Minute)
	if m := s.status(r.Machines[1].ID)[0]; m.Status != broker.MachineLost || m.Message != "EC2 does not know it" {
		t.Errorf("an old one that nobody knows is %s, %q", m.Status, m.Message)
	}
}

func TestWhatHappenedToAMachineThatEC2DoesNotKnowNeedsTheRecords(t *testing.T) {
	s := newSite(t)
	s.records.err = errors.New("disk full")
	if _, err := s.driver.Status(t.Context(), []string{unknownID}); fault.AsProvider(err).Class != fault.Refused {
		t.Errorf("status: %v", err)
	}
	if _, err := s.driver.Terminate(t.Context(), []string{unknownID}); fault.AsProvider(err).Class != fault.Refused {
		t.Errorf("terminate: %v", err)
	}
}

func TestAMachineThatMayNotBeEndedSpoilsNoOther(t *testing.T) {
	s := newSite(t)
	r := s.create(order("op", 3, template()))
	held := r.Machines[1].ID
	s.Trouble(ec2test.Trouble{Action: "TerminateInstances", Times: 1, Refuse: &ec2test.Error{
		Code: "OperationNotPermitted", Message: fmt.Sprintf("The instance '%s' may not be terminated. Modify its 'disableApiTermination' instance attribute and try again.", held),
	}})
	got := s.terminate(idsOf(r.Machines)...)
	for _, m := range got {
		if m.Terminated == (m.MachineID == held) {
			t.Errorf("%+v", m)
		}
	}
	if diff := cmp.Diff([]string{held}, s.Exist()); diff != "" {
		t.Errorf("left (-want +got):\n%s", diff)
	}
}

func TestManyMachinesAreEndedByTheThousandAndLookedAtByTheTwoHundred(t *testing.T) {
	s := newSite(t)
	var ids []string
	for i := range 2 {
		ids = append(ids, idsOf(s.create(order(fmt.Sprintf("op-%d", i), 600, template())).Machines)...)
		s.clock.Advance(time.Hour)
	}
	for _, m := range s.status(ids...) {
		if m.Status != broker.MachineRunning {
			t.Fatalf("%s is %s", m.ID, m.Status)
		}
	}
	if n := len(s.Calls("DescribeInstances")); n != 6 {
		t.Errorf("EC2 was asked for the status %d times, want 6", n)
	}
	for _, r := range s.terminate(ids...) {
		if !r.Terminated {
			t.Fatalf("%+v", r)
		}
	}
	if n := len(s.Calls("TerminateInstances")); n != 2 || len(s.Exist()) != 0 {
		t.Errorf("%d calls left %d", n, len(s.Exist()))
	}
}

func TestATerminationThatFailsHalfwaySaysWhatIsLeft(t *testing.T) {
	s := newSite(t)
	ids := idsOf(s.create(order("op", 1000, template())).Machines)
	s.clock.Advance(time.Hour)
	ids = append(ids, idsOf(s.create(order("more", 1, template())).Machines)...)
	broke := &ec2test.Error{Code: "InternalError", Message: "An internal error has occurred", Status: 500}
	first := func() []broker.MachineResult {
		s.Trouble(ec2test.Trouble{Action: "TerminateInstances", Refuse: broke, Times: 1})
		_, err := s.driver.Terminate(t.Context(), ids)
		if p := fault.AsProvider(err); p == nil || p.Class != fault.Server {
			t.Errorf("nothing could be ended: %v", err)
		}
		s.Trouble(ec2test.Trouble{Action: "TerminateInstances", Refuse: broke, After: 1})
		return s.terminate(ids...)
	}()
	if last := first[1000]; last.Terminated || !strings.Contains(last.Message, "internal error") || !first[0].Terminated {
		t.Errorf("the first is %+v, the last %+v", first[0], last)
	}
	if n := len(s.Exist()); n != 1 {
		t.Errorf("%d are left", n)
	}
}

func (s *site) status(ids ...string) []broker.Machine {
	s.tb.Helper()
	ms, err := s.driver.Status(s.tb.Context(), ids)
	if err != nil {
		s.tb.Fatalf("asking for the status: %v", err)
	}
	return ms
}

func TestStatusFollowsTheInstance(t *testing.T) {
	s := newSite(t)
	s.Boot(20 * time.Second)
	id := s.create(order("op", 1, template())).Machines[0].ID
	at := func(later time.Duration, want broker.MachineStatus) broker.Machine {
		t.Helper()
		s.clock.Advance(later)
		m := s.status(id)[0]
		if m.Status != want || m.Provider != west || m.OperationID != "op" || m.Attempt != 1 {
			t.Errorf("got %+v, want %s", m, want)
		}
		return m
	}
	at(0, broker.MachinePending)
	at(20*time.Second, broker.MachineRunning)
	s.terminate(id)
	at(0, broker.MachineTerminated) // it never comes back
	if m := at(59*time.Minute, broker.MachineTerminated); m.Message != "Client.UserInitiatedShutdown: User initiated shutdown" {
		t.Errorf("message %q", m.Message)
	}
	s.clock.Advance(2 * time.Minute)
	if m := s.status(id)[0]; m.Status != broker.MachineLost || m.Message != "EC2 does not know it" {
		t.Errorf("an hour later it is %s, %q", m.Status, m.Message)
	}
}

func TestASpotMachineThatIsTakenBackIsLost(t *testing.T) {
	s := newSite(t)
	id := s.create(order("op", 1, template(paid("spot")))).Machines[0].ID
	if at := s.Interrupt(id); at.Sub(s.clock.Now()) != 2*time.Minute {
		t.Errorf("it is taken at %s", at)
	}
	if m := s.status(id)[0]; m.Status != broker.MachineRunning {
		t.Errorf("before that it is %s", m.Status)
	}
	s.clock.Advance(2 * time.Minute)
	if m := s.status(id)[0]; m.Status != broker.MachineLost || m.Message != "Server.SpotInstanceTermination: Spot instance termination" {
		t.Errorf("after that it is %s, %q", m.Status, m.Message)
	}
}
