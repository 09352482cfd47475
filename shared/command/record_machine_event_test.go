package command_test

import (
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/command"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/op"
	"github.com/openhostfactory/ohfp/shared/store/storetest"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// bus is a store with one machine, and the operation that events of a bus
// reach it by.
type bus struct {
	*testing.T
	store *storetest.Memory
	op    op.Endpoint
}

func onBus(t *testing.T, status broker.MachineStatus) *bus {
	t.Helper()
	now := func() time.Time { return noon }
	m := storetest.NewMemory(now)
	b := &bus{T: t, store: m, op: command.RecordMachineEvent.Bind(command.Service{Ledger: m, Now: now, Log: slog.New(slog.DiscardHandler)})}
	b.claim("made", broker.CreateInstances)
	b.outcome(broker.Machine{ID: "i-1", Name: "i-1", Provider: "cloud", Status: status, UpdatedAt: noon})
	return b
}

func (b *bus) claim(id string, kind broker.OperationType, machines ...string) {
	b.Helper()
	o := broker.Operation{
		ID: id, Type: kind, Status: broker.OpRunning, CreatedAt: noon, DueAt: noon,
		Candidates: []broker.Candidate{{Provider: "other"}, {Provider: "cloud", MachineIDs: machines}},
	}
	a := broker.Attempt{N: 1, Run: 1, State: broker.Intent}
	if err := b.store.ClaimOperation(b.Context(), broker.Claim{Operation: o, Attempts: []broker.Attempt{a}, Now: noon}); err != nil {
		b.Fatal(err)
	}
}

func (b *bus) outcome(m broker.Machine) {
	b.Helper()
	done := broker.Fenced{Attempt: broker.Attempt{N: 1, Run: 1, State: broker.Confirmed}, SeenRun: 1, SeenState: broker.Intent}
	if err := b.store.RecordOutcome(b.Context(), broker.Outcome{OperationID: "made", Attempt: done, Machines: []broker.Machine{m}}); err != nil {
		b.Fatal(err)
	}
}

// event is one of EC2, so many seconds after the machine was recorded.
func event(kind, detail string, seconds int) string {
	at := noon.Add(time.Duration(seconds) * time.Second).Format(time.RFC3339)
	return `{"event_id":"e-1","source":"aws.ec2","detail_type":"` + kind + `","account":"123456789012","region":"eu-central-1","time":"` +
		at + `","resources":["arn:aws:ec2:eu-central-1:123456789012:instance/i-1"],"detail":` + detail + `}`
}

func state(id, to string, seconds int) string {
	return event("EC2 Instance State-change Notification", `{"instance-id":"`+id+`","state":"`+to+`"}`, seconds)
}

func interruption(action string, seconds int) string {
	return event("EC2 Spot Instance Interruption Warning", `{"instance-id":"i-1","instance-action":"`+action+`"}`, seconds)
}

func (b *bus) tell(body string) command.MachineEventRecorded {
	b.Helper()
	a, err := b.op.Serve(b.Context(), op.Call{}, []byte(body))
	if err != nil {
		b.Fatal(err)
	}
	var out command.MachineEventRecorded
	if err := json.Unmarshal(a.Body, &out); err != nil {
		b.Fatal(err)
	}
	return out
}

func (b *bus) machine() broker.Machine {
	b.Helper()
	m, err := b.store.Machines(b.Context(), []string{"i-1"})
	if err != nil || len(m) != 1 {
		b.Fatalf("%v, %v", m, err)
	}
	return m[0]
}

func TestAStateOfEC2BecomesTheMachinesStatus(t *testing.T) {
	for told, want := range map[string]broker.MachineStatus{
		"pending": broker.MachinePending, "running": broker.MachineRunning, "stopping": broker.MachineStopping,
		"shutting-down": broker.MachineStopping, "stopped": broker.MachineStopped,
	} {
		t.Run(told, func(t *testing.T) {
			b := onBus(t, broker.MachinePending)
			got := b.tell(state("i-1", told, 60))
			if diff := cmp.Diff(command.MachineEventRecorded{Known: true, MachineID: "i-1", Status: want}, got); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
			stored := broker.Machine{ID: "i-1", Name: "i-1", Provider: "cloud", Status: want, UpdatedAt: noon.Add(time.Minute)}
			if diff := cmp.Diff(stored, b.machine()); diff != "" {
				t.Errorf("stored (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAMachineThatNobodyKnowsIsLeftAlone(t *testing.T) {
	b := onBus(t, broker.MachineRunning)
	for _, told := range []string{"running", "terminated"} {
		if got := b.tell(state("i-2", told, 60)); got != (command.MachineEventRecorded{}) {
			t.Errorf("%s: %+v", told, got)
		}
	}
}

func TestAnEndThatNobodyAskedForIsALoss(t *testing.T) {
	tests := []struct {
		name   string
		before broker.MachineStatus
		asked  func(*bus)
		want   broker.MachineStatus
	}{
		{"of a machine that ran", broker.MachineRunning, func(*bus) {}, broker.MachineLost},
		{"of a machine that had stopped", broker.MachineStopped, func(*bus) {}, broker.MachineLost},
		{"of a machine that is being terminated", broker.MachineRunning, func(b *bus) { b.claim("end", broker.TerminateInstances, "i-0", "i-1") }, broker.MachineTerminated},
		{"while another is being terminated", broker.MachineRunning, func(b *bus) { b.claim("end", broker.TerminateInstances, "i-0") }, broker.MachineLost},
		{"while it is being looked at", broker.MachineRunning, func(b *bus) { b.claim("look", broker.GetInstanceStatus, "i-1") }, broker.MachineLost},
		{"of a machine that was terminated", broker.MachineTerminated, func(*bus) {}, broker.MachineTerminated},
		{"of a machine that had failed", broker.MachineFailed, func(*bus) {}, broker.MachineFailed},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			b := onBus(t, tc.before)
			tc.asked(b)
			for range 2 { // told twice
				if got := b.tell(state("i-1", "terminated", 60)).Status; got != tc.want {
					t.Errorf("status %s", got)
				}
			}
			m := b.machine()
			if m.Status != tc.want || (m.Message != "") != (tc.want == broker.MachineLost) {
				t.Errorf("stored: %+v", m)
			}
		})
	}
}

func TestAnInterruptionIsSeenComing(t *testing.T) {
	b := onBus(t, broker.MachineRunning)
	if got := b.tell(interruption("terminate", 60)).Status; got != broker.MachineStopping {
		t.Errorf("status %s", got)
	}
	b.tell(state("i-1", "terminated", 180))
	b.tell(state("i-1", "shutting-down", 170)) // late
	m := b.machine()
	if m.Status != broker.MachineLost || m.Message != "the provider takes it back: spot interruption (terminate)" {
		t.Errorf("%+v", m)
	}
}

func TestAMachineThatIsBeingEndedIsNotTakenBack(t *testing.T) {
	for name, warning := range map[string]string{"a warning": interruption("terminate", 60), "a recommendation": recommendation(60)} {
		t.Run(name, func(t *testing.T) {
			b := onBus(t, broker.MachineRunning)
			b.claim("return", broker.TerminateInstances, "i-1")
			b.tell(warning)
			if m := b.machine(); !m.ReclaimAt.IsZero() {
				t.Errorf("it is taken back at %s", m.ReclaimAt)
			}
		})
	}
}

func recommendation(seconds int) string {
	return event("EC2 Instance Rebalance Recommendation", `{"instance-id":"i-1"}`, seconds)
}

// Whatever comes first, late or twice: the machine is taken back when the last
// that was said says so, and lost once.
func TestWarningsCountInAnyOrder(t *testing.T) {
	told := map[string]string{
		"recommended": recommendation(30), "warned": interruption("terminate", 60), "running": state("i-1", "running", 70), "other": state("i-2", "terminated", 80),
	}
	for _, order := range [][]string{
		{"recommended", "warned", "running", "other"},
		{"warned", "recommended", "running", "warned"},
		{"running", "other", "warned", "recommended", "recommended"},
		{"running", "recommended", "warned", "running"},
	} {
		t.Run(strings.Join(order, " "), func(t *testing.T) {
			b := onBus(t, broker.MachineRunning)
			for _, name := range order {
				b.tell(told[name])
			}
			want := broker.Machine{
				ID: "i-1", Name: "i-1", Provider: "cloud", Status: broker.MachineRunning, Message: "the provider takes it back: spot interruption (terminate)",
				ReclaimAt: noon.Add(3 * time.Minute), UpdatedAt: noon.Add(70 * time.Second),
			}
			if diff := cmp.Diff(want, b.machine()); diff != "" {
				t.Errorf("stored (-want +got):\n%s", diff)
			}
			for range 2 {
				b.tell(state("i-1", "terminated", 185))
			}
			b.tell(told["warned"])
			if m := b.machine(); m.Status != broker.MachineLost || !m.ReclaimAt.Equal(want.ReclaimAt) || m.Message != want.Message {
				t.Errorf("%+v", m)
			}
		})
	}
}

func TestARecommendationLeavesTheMachineAsItIs(t *testing.T) {
	b := onBus(t, broker.MachineRunning)
	if got := b.tell(recommendation(60)); got != (command.MachineEventRecorded{Known: true, MachineID: "i-1", Status: broker.MachineRunning}) {
		t.Errorf("%+v", got)
	}
	want := broker.Machine{
		ID: "i-1", Name: "i-1", Provider: "cloud", Status: broker.MachineRunning, UpdatedAt: noon, ReclaimAt: noon.Add(3 * time.Minute),
		Message: "the provider may take it back soon: it recommends to leave it",
	}
	if diff := cmp.Diff(want, b.machine()); diff != "" {
		t.Errorf("stored (-want +got):\n%s", diff)
	}
}

func TestAMachineThatHibernatesIsTakenAtOnce(t *testing.T) {
	b := onBus(t, broker.MachineRunning)
	b.tell(interruption("hibernate", 60))
	if m := b.machine(); !m.ReclaimAt.Equal(noon.Add(time.Minute)) || m.Status != broker.MachineStopping {
		t.Errorf("%+v", m)
	}
}

func TestAnEventThatIsNoneOfThoseIsRefusedByItsField(t *testing.T) {
	tests := []struct{ name, body, field string }{
		{"another sender", strings.Replace(state("i-1", "running", 1), "aws.ec2", "aws.s3", 1), "source"},
		{"another subject", event("EBS Volume Notification", `{"instance-id":"i-1"}`, 1), "detail_type"},
		{"no instance", event("EC2 Instance State-change Notification", `{"state":"running"}`, 1), "detail.instance-id"},
		{"an instance that is no text", event("EC2 Instance State-change Notification", `{"instance-id":7,"state":"running"}`, 1), "detail.instance-id"},
		{"no state", event("EC2 Instance State-change Notification", `{"instance-id":"i-1"}`, 1), "detail.state"},
		{"a state that there is not", state("i-1", "dreaming", 1), "detail.state"},
		{"no action", event("EC2 Spot Instance Interruption Warning", `{"instance-id":"i-1"}`, 1), "detail.instance-action"},
		{"an action that there is not", interruption("dream", 1), "detail.instance-action"},
		{"a recommendation for no instance", event("EC2 Instance Rebalance Recommendation", `{}`, 1), "detail.instance-id"},
		{"no time", strings.Replace(state("i-1", "running", 1), `"time":"2026-03-01T12:00:01Z",`, "", 1), "time"},
		{"a member that no event has", strings.Replace(state("i-1", "running", 1), "{", `{"colour":"red",`, 1), "colour"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			b := onBus(t, broker.MachinePending)
			before := b.machine()
			_, err := b.op.Serve(t.Context(), op.Call{}, []byte(tc.body))
			f := fault.As(err)
			if f == nil || f.Code != fault.InvalidRequest || len(f.Fields) != 1 || f.Fields[0].Field != tc.field {
				t.Fatalf("err = %v", err)
			}
			if diff := cmp.Diff(before, b.machine()); diff != "" {
				t.Errorf("the machine changed:\n%s", diff)
			}
		})
	}
}

// FuzzMachineEvent expects of any body a record or a refusal, and that a
// machine that has ended stays as it is.
func FuzzMachineEvent(f *testing.F) {
	f.Add(state("i-1", "running", 1))
	f.Add(state("i-2", "terminated", -1))
	f.Add(interruption("stop", 60))
	f.Add(recommendation(60))
	f.Add(`{"source":"aws.ec2","detail_type":"EC2 Instance State-change Notification","time":"0000-01-01T00:00:00Z","detail":{"instance-id":["i-1"]}}`)
	f.Fuzz(func(t *testing.T, body string) {
		b := onBus(t, broker.MachineLost)
		before := b.machine()
		if _, err := b.op.Serve(t.Context(), op.Call{}, []byte(body)); err != nil && !fault.Is(err, fault.InvalidRequest) && !fault.Is(err, fault.TooLarge) {
			t.Errorf("%q: %v", body, err)
		}
		if diff := cmp.Diff(before, b.machine()); diff != "" {
			t.Errorf("%q changed what had ended:\n%s", body, diff)
		}
	})
}

func TestWhatEC2AddsToAnEventIsNoMistake(t *testing.T) {
	b := onBus(t, broker.MachinePending)
	body := event("EC2 Instance State-change Notification", `{"instance-id":"i-1","state":"running","previous-state":"pending","zones":[1]}`, 1)
	if got := b.tell(body).Status; got != broker.MachineRunning {
		t.Errorf("status %s", got)
	}
}
