package command

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/fulfilment"
	"github.com/openhostfactory/ohfp/shared/op"
)

// RecordMachineEvent records what a provider says of a machine without being
// asked: that it runs, that it ends, that it is about to be taken.
var RecordMachineEvent = op.Define(op.Spec{
	Name: "recordMachineEvent", Kind: op.Event, Timeout: 10 * time.Second,
	Summary: "Record what a provider says of a machine by itself",
}, Service.recordMachineEvent)

// MachineEvent is an event of EventBridge.
type MachineEvent struct {
	EventID    string         `json:"event_id" doc:"Of the event; the same when it is delivered again."`
	Source     string         `json:"source" doc:"Who sends it." required:"true"`
	DetailType string         `json:"detail_type" doc:"What it is about." required:"true"`
	Account    string         `json:"account,omitempty" doc:"Where it happened."`
	Region     string         `json:"region,omitempty" doc:"Where it happened."`
	Time       time.Time      `json:"time" doc:"When it happened." required:"true"`
	Resources  []string       `json:"resources,omitempty" doc:"What it happened to, as ARNs."`
	Detail     map[string]any `json:"detail" doc:"What happened; members that are not known here are left alone." required:"true"`
}

// MachineEventRecorded says what the machine is now.
type MachineEventRecorded struct {
	Known     bool                 `json:"known"` // false: the machine is none of this broker's
	MachineID string               `json:"machine_id,omitempty"`
	Status    broker.MachineStatus `json:"status,omitempty"`
}

// recordMachineEvent may be told anything twice and in any order, see
// [broker.Machine.Note]. invalid_request for events that it was not made for.
func (s Service) recordMachineEvent(ctx context.Context, in MachineEvent) (MachineEventRecorded, error) {
	id, note, err := in.note()
	if err != nil {
		return MachineEventRecorded{}, err
	}
	if note.Status == broker.MachineTerminated || !note.ReclaimAt.IsZero() {
		if note, err = s.ending(ctx, id, note); err != nil {
			return MachineEventRecorded{}, err
		}
	}
	m, err := s.Ledger.NoteMachine(ctx, id, note)
	if fault.Is(err, fault.NotFound) {
		return MachineEventRecorded{}, nil
	}
	if err != nil {
		return MachineEventRecorded{}, fmt.Errorf("noting machine %q: %w", id, err)
	}
	return MachineEventRecorded{Known: true, MachineID: m.ID, Status: m.Status}, nil
}

// The events of EC2 that tell of a machine's life.
const (
	ec2             = "aws.ec2"
	stateChange     = "EC2 Instance State-change Notification"
	spotInterrupted = "EC2 Spot Instance Interruption Warning"
	rebalance       = "EC2 Instance Rebalance Recommendation"
)

// spotGrace is how long EC2 leaves a spot instance after its warning. A
// recommendation is never later than the warning, so that it leaves as much.
const spotGrace = 2 * time.Minute

// note is what an event says, and of which machine.
func (in MachineEvent) note() (id string, n broker.MachineNote, err error) {
	if in.Source != ec2 {
		return "", n, fault.Invalid("source", "%q sends nothing about machines here; want %s", in.Source, ec2)
	}
	n.At = in.Time
	switch in.DetailType {
	case stateChange:
		n.Status, err = in.state()
	case spotInterrupted:
		err = in.interruption(&n)
	case rebalance:
		n.ReclaimAt, n.Message = in.Time.Add(spotGrace), "the provider may take it back soon: it recommends to leave it"
	default:
		err = fault.Invalid("detail_type", "%q is not about a machine's life; want %q, %q or %q", in.DetailType, stateChange, spotInterrupted, rebalance)
	}
	if err != nil {
		return "", n, err
	}
	id, err = in.member("instance-id")
	return id, n, err
}

// member is a text in the event's detail.
func (in MachineEvent) member(name string) (string, error) {
	text, ok := in.Detail[name].(string)
	if !ok || text == "" {
		return "", fault.Invalid("detail."+name, "is missing or no text")
	}
	return text, nil
}

func (in MachineEvent) state() (broker.MachineStatus, error) {
	state, err := in.member("state")
	if err != nil {
		return "", err
	}
	switch state {
	case "pending":
		return broker.MachinePending, nil
	case "running":
		return broker.MachineRunning, nil
	case "stopping", "shutting-down":
		return broker.MachineStopping, nil
	case "stopped":
		return broker.MachineStopped, nil
	case "terminated":
		return broker.MachineTerminated, nil
	}
	return "", fault.Invalid("detail.state", "%q is no state of an instance", state)
}

// interruption completes a note of a warning. A machine that hibernates does so
// at once: its warning is no time ahead.
func (in MachineEvent) interruption(n *broker.MachineNote) error {
	action, err := in.member("instance-action")
	if err != nil {
		return err
	}
	if !slices.Contains([]string{"terminate", "stop", "hibernate"}, action) {
		return fault.Invalid("detail.instance-action", "%q is nothing that an interruption does", action)
	}
	n.Status, n.ReclaimAt = broker.MachineStopping, in.Time.Add(spotGrace)
	if action == "hibernate" {
		n.ReclaimAt = in.Time
	}
	n.Message = "the provider takes it back: spot interruption (" + action + ")"
	return nil
}

// ending is a note of a machine's end: one that lived, and that nobody asked
// this broker to terminate, is lost. One that somebody did ask to terminate is
// not taken back, whatever its provider says.
func (s Service) ending(ctx context.Context, id string, n broker.MachineNote) (broker.MachineNote, error) {
	known, err := s.Ledger.Machines(ctx, []string{id})
	if err != nil {
		return n, fmt.Errorf("reading machine %q: %w", id, err)
	}
	if len(known) == 0 || known[0].Status.Final() {
		return n, nil
	}
	asked, err := s.endAsked(ctx, &known[0])
	switch {
	case err != nil:
		return n, err
	case asked:
		n.ReclaimAt = time.Time{}
		return n, nil
	case n.Status != broker.MachineTerminated:
		return n, nil
	}
	n.Status = broker.MachineLost
	if known[0].Message == "" {
		n.Message = "it ended at its provider, and nobody had asked this broker for that"
	}
	return n, nil
}

// endAsked reports whether the end of the machine is on its way. One that is
// done has made its record final.
func (s Service) endAsked(ctx context.Context, m *broker.Machine) (bool, error) {
	open, err := s.Ledger.OpenOperations(ctx, s.Now().Add(everDue), reconcileAll)
	if err != nil {
		return false, fmt.Errorf("reading open operations: %w", err)
	}
	return fulfilment.Ending(open, m), nil
}
