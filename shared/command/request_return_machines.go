package command

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/fulfilment"
	"github.com/openhostfactory/ohfp/shared/hostfactory"
	"github.com/openhostfactory/ohfp/shared/op"
)

const returningMachines = "requestReturnMachines"

// largeBody is the largest body of an operation that names many machines.
const largeBody = 4 << 20

// RequestReturnMachines stores a scheduler's return of machines and begins to
// end them.
var RequestReturnMachines = op.Define(op.Spec{
	Name: returningMachines, Kind: op.Command, Role: op.Scheduler, OwnsKeys: true, Timeout: 10 * time.Second, MaxBody: largeBody,
	Summary: "Return machines as a scheduler does",
	Detail: "A machine is named by its id, its host name, or both. One that this broker does not know, or that is gone, is returned already; " +
		"nothing else is touched. getRequestStatus says how the return stands.",
	Examples: []op.Example{{Title: "One machine", Body: `{"machines": [{"name": "node-1"}]}`}},
	Faults:   []fault.Code{fault.IdempotencyKeyReused},
}, Service.requestReturnMachines)

// ReturnMachinesInput names machines.
type ReturnMachinesInput struct {
	Machines     []hostfactory.Host `json:"machines" doc:"The machines." required:"true"`
	HostProvider string             `json:"host_provider,omitempty" doc:"The scheduler's provider instance that returns them." format:"name"`
}

// returnAtOnce is how many machines one operation returns: as many as fit its
// row with what is known of them.
const returnAtOnce = 500

// requestReturnMachines returns invalid_request when no machine is named.
func (s Service) requestReturnMachines(ctx context.Context, in ReturnMachinesInput) (hostfactory.Requested, error) {
	call := op.CallFrom(ctx)
	if again, done, err := s.repeated(ctx, call, returningMachines); done {
		return again, err
	}
	if len(in.Machines) == 0 {
		return hostfactory.Requested{}, fault.Invalid("machines", "names no machine")
	}
	if err := hostfactory.Named(in.Machines); err != nil {
		return hostfactory.Requested{}, err //nolint:wrapcheck // it says which
	}
	machines, err := s.resolve(ctx, in)
	if err != nil {
		return hostfactory.Requested{}, err
	}
	chunks := slices.Collect(slices.Chunk(machines, returnAtOnce))
	id := "ret-" + s.NewID()
	parts, err := s.claimParts(ctx, id, chunks[1:], in.HostProvider) // before the request: its id stands for all of it
	if err != nil {
		return hostfactory.Requested{}, err
	}
	c, err := s.planReturn(ctx, id, chunks[0], broker.HostRequest{Instance: in.HostProvider, Parts: parts})
	if err != nil {
		return hostfactory.Requested{}, err
	}
	done, err := s.claimRequest(ctx, s.keyFor(c, call, returningMachines), call)
	if err != nil || done.Message != "" {
		return done, err
	}
	done.Message = returning(machines)
	s.noteReturned(ctx, machines)
	return done, nil
}

// claimParts stores and starts what does not fit a return's own operation, and
// returns the ids of the operations that hold it.
func (s Service) claimParts(ctx context.Context, id string, chunks [][]broker.Machine, instance string) (parts []string, err error) {
	for i, chunk := range chunks {
		parts = append(parts, fmt.Sprintf("%s-%d", id, i+2))
		c, err := s.planReturn(ctx, parts[i], chunk, broker.HostRequest{Instance: instance})
		if err != nil {
			return nil, err
		}
		if err := s.claimPart(ctx, c); err != nil {
			return nil, err
		}
	}
	return parts, nil
}

// claimPart stores a part of a return and starts it. Unlike a request it must be
// known to be stored: the id that is handed out later stands for it, too.
func (s Service) claimPart(ctx context.Context, c *broker.Claim) error {
	switch err := s.claim(ctx, c); {
	case fault.Is(err, fault.OutcomeUnknown):
		return fault.New(fault.StoreUnavailable, "The store did not say whether it accepted a part of the return; return the machines again.")
	case err != nil:
		return fmt.Errorf("storing a part of the return: %w", err)
	}
	if c.Operation.Status.Open() {
		s.launch(ctx, c)
	}
	return nil
}

// noteWithin bounds how long the caller of a return waits for notes.
const noteWithin = 3 * time.Second

// noteReturned has machines reported no more that their provider takes or has
// lost. What could not be noted is reported, and returned, once more.
func (s Service) noteReturned(ctx context.Context, machines []broker.Machine) {
	ctx, cancel := context.WithTimeout(ctx, noteWithin)
	defer cancel()
	for i := range machines {
		if _, reported := machines[i].Reclaimed(); !reported {
			continue
		}
		if _, err := s.Ledger.NoteMachine(ctx, machines[i].ID, broker.MachineNote{ReturnedAt: s.Now()}); err != nil {
			s.Log.WarnContext(ctx, "a machine that its provider took was returned, and is reported once more", "machine_id", machines[i].ID, "error", err)
			return
		}
	}
}

func returning(machines []broker.Machine) string {
	n := 0
	for i := range machines {
		if machines[i].Status != "" && !machines[i].Status.Final() {
			n++
		}
	}
	switch n {
	case 0:
		return "None of these machines is active."
	case len(machines):
		return fmt.Sprintf("Returning %d machines.", n)
	}
	return fmt.Sprintf("Returning %d of %d machines; the others are gone.", n, len(machines))
}

// planReturn makes the operation that a return is, or a part of one.
func (s Service) planReturn(ctx context.Context, id string, machines []broker.Machine, r broker.HostRequest) (*broker.Claim, error) {
	var known []broker.Machine
	var ids []string
	for _, m := range machines {
		if m.Status != "" {
			known, ids = append(known, m), append(ids, m.ID)
		}
		r.Returns = append(r.Returns, outlined(m))
	}
	kinds, err := s.kindsOf(ctx, known)
	if err != nil {
		return nil, err
	}
	now := s.Now()
	c := &broker.Claim{Now: now, Operation: broker.Operation{
		ID: id, Type: broker.TerminateInstances, Status: broker.OpRunning, Async: true, CreatedAt: now, Deadline: now.Add(endDeadline),
		Reason: "machines are served by the providers that own them", Actor: actor(ctx), Request: &r,
	}}
	o := &c.Operation
	routeToOwners(o, ids, known, kinds)
	o.DueAt = fulfilment.FirstDue(o, s.rules(), now)
	if len(o.Candidates) == 0 {
		*o = fulfilment.Begin(broker.Ledger{Operation: *o}, s.rules(), now).Step.Operation
		return c, nil
	}
	c.Attempts = fulfilment.First(o, now)
	return c, nil
}

// outlined is what the status of a return shows of a machine.
func outlined(m broker.Machine) broker.Machine {
	return broker.Machine{
		ID: m.ID, Name: m.Name, Status: m.Status, PrivateIP: m.PrivateIP, PublicIP: m.PublicIP, InstanceType: m.InstanceType, LaunchTime: m.LaunchTime,
	}
}

// resolve finds the machines that are named, once each: by id, else by name.
// Of what is not known, or another instance's, there is a machine without a
// status.
func (s Service) resolve(ctx context.Context, in ReturnMachinesInput) ([]broker.Machine, error) {
	byID, err := s.machinesByID(ctx, in.Machines)
	if err != nil {
		return nil, err
	}
	byName, err := s.machinesByName(ctx, in, byID)
	if err != nil {
		return nil, err
	}
	var out []broker.Machine
	taken := map[string]bool{}
	for _, h := range in.Machines {
		m, known := byID[h.MachineID]
		if !known {
			m, known = byName[h.Name]
		}
		if !known || broker.OfAnother(m.Instance, in.HostProvider) {
			m = broker.Machine{ID: h.MachineID, Name: h.Name}
		}
		if key := m.ID + "\n" + m.Name; !taken[key] {
			taken[key] = true
			out = append(out, m)
		}
	}
	return out, nil
}

func (s Service) machinesByID(ctx context.Context, hosts []hostfactory.Host) (map[string]broker.Machine, error) {
	var ids []string
	for _, h := range hosts {
		if h.MachineID != "" {
			ids = append(ids, h.MachineID)
		}
	}
	found, err := s.Ledger.Machines(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("reading machines: %w", err)
	}
	byID := make(map[string]broker.Machine, len(found))
	for _, m := range found {
		byID[m.ID] = m
	}
	return byID, nil
}

// machinesByName finds those that no id has found; see onlyNamed. Hosts of two
// accounts may have one name, so that those of other instances are left out.
func (s Service) machinesByName(ctx context.Context, in ReturnMachinesInput, byID map[string]broker.Machine) (map[string]broker.Machine, error) {
	names := onlyNamed(in.Machines, byID)
	if len(names) == 0 {
		return nil, nil
	}
	found, err := s.Requests.NamedMachines(ctx, names)
	if err != nil {
		return nil, fmt.Errorf("looking machines up by name: %w", err)
	}
	byName := latestByName(found, in.HostProvider)
	missing := slices.DeleteFunc(names, func(name string) bool { _, living := byName[name]; return living })
	lost, err := s.lostByName(ctx, missing, in.HostProvider)
	maps.Copy(byName, lost)
	return byName, err
}

func latestByName(machines []broker.Machine, instance string) map[string]broker.Machine {
	byName := make(map[string]broker.Machine, len(machines))
	for _, m := range machines {
		if broker.OfAnother(m.Instance, instance) {
			continue
		}
		if other, ok := byName[m.Name]; !ok || other.LaunchTime.Before(m.LaunchTime) {
			byName[m.Name] = m
		}
	}
	return byName
}

// lostByName finds machines that their provider took, and that a scheduler
// gives back because it was told so. No name leads to them any more.
func (s Service) lostByName(ctx context.Context, names []string, instance string) (map[string]broker.Machine, error) {
	if len(names) == 0 {
		return nil, nil
	}
	taken, err := s.Requests.Reclaims(ctx, s.Now().Add(-broker.ReclaimedForNamed))
	if err != nil {
		return nil, fmt.Errorf("reading what providers take back: %w", err)
	}
	wanted := make(map[string]bool, len(names))
	for _, name := range names {
		wanted[name] = true
	}
	var ids []string
	for _, r := range taken {
		if wanted[r.Name] {
			ids = append(ids, r.MachineID)
		}
	}
	found, err := s.Ledger.Machines(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("reading machines: %w", err)
	}
	return latestByName(found, instance), nil
}

// onlyNamed are the names of hosts without an id. An id that is given and not
// known is another machine's: the host of that name may have a new tenant. A
// text that was given for both is either.
func onlyNamed(hosts []hostfactory.Host, byID map[string]broker.Machine) (names []string) {
	for _, h := range hosts {
		_, known := byID[h.MachineID]
		if h.Name != "" && !known && (h.MachineID == "" || h.MachineID == h.Name) {
			names = append(names, h.Name)
		}
	}
	return names
}
