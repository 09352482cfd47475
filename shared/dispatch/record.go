package dispatch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/fulfilment"
)

// record stores what came of an attempt, with the operation when that
// completes it, and tells the workflow.
func (s Service) record(ctx context.Context, j *job, after broker.Attempt) (Attempted, error) {
	ctx = context.WithoutCancel(ctx) // what happened must be stored, whoever has stopped waiting
	machines, err := s.stamp(ctx, j, &after)
	if err != nil {
		return Attempted{}, err
	}
	after = fulfilment.Recorded(after)
	o := broker.Outcome{OperationID: j.work.OperationID, Machines: machines, Attempt: j.seen}
	o.Attempt.Attempt = after
	*j.ledger.Attempt(after.N) = after
	if closed, ok := fulfilment.Complete(&j.ledger, s.Now()); ok {
		o.Closed = &closed
	}
	if err := s.store(ctx, &o); err != nil {
		return Attempted{}, err
	}
	if o.Closed != nil {
		s.closed(ctx, o.Closed)
		return Attempted{OperationID: o.OperationID, Status: o.Closed.Status}, nil
	}
	return Attempted{}, unfinished(&after)
}

// store records an outcome. When only the operation has changed meanwhile, the
// attempt is recorded alone and closing is left to settling.
func (s Service) store(ctx context.Context, o *broker.Outcome) error {
	err := s.Ledger.RecordOutcome(ctx, *o)
	c := new(broker.Conflict)
	if errors.As(err, &c) {
		if _, moved := c.Current.(broker.Operation); moved && o.Closed != nil {
			o.Closed = nil
			return s.store(ctx, o)
		}
		return &fault.Task{Name: fault.ASLSuperseded, Cause: fmt.Sprintf("attempt %d of %s was settled meanwhile", o.Attempt.Attempt.N, o.OperationID)}
	}
	if err != nil {
		return fmt.Errorf("recording attempt %d of %s: %w", o.Attempt.Attempt.N, o.OperationID, err)
	}
	return nil
}

// unfinished names what the workflow should know of an attempt after which
// the operation goes on.
func unfinished(a *broker.Attempt) error {
	t := &fault.Task{Name: fault.ASLPartial, Cause: a.Message}
	switch {
	case a.State == broker.Sent:
		t.Name = fault.ASLPending
	case a.State != broker.Confirmed && a.Class != fault.None:
		t.Name = a.Class.Rule().ASL
	}
	return t
}

// stamp completes the machines of an attempt with what only the broker knows,
// and returns the machine records to store: new ones, seen ones, ended ones.
func (s Service) stamp(ctx context.Context, j *job, a *broker.Attempt) ([]broker.Machine, error) {
	if a.Undoes > 0 {
		return s.ended(ctx, a)
	}
	switch j.ledger.Operation.Type {
	case broker.CreateInstances:
		return s.made(j, a), nil
	case broker.TerminateInstances:
		return s.ended(ctx, a)
	case broker.GetInstanceStatus:
		return s.seen(ctx, a)
	case broker.HealthCheck, broker.ValidateTemplate, broker.GetAvailableTemplates:
	}
	return nil, nil
}

// made stamps the machines of a create, and returns those of which something
// is new: an attempt that awaits them sees them many times.
func (s Service) made(j *job, a *broker.Attempt) []broker.Machine {
	var news []broker.Machine
	for i := range a.Machines {
		m := &a.Machines[i]
		if slices.Contains(j.before.Machines, *m) {
			continue
		}
		m.Provider, m.OperationID, m.Attempt, m.UpdatedAt = a.Provider, j.work.OperationID, a.N, s.Now()
		m.TemplateID = j.ledger.Operation.TemplateID
		if m.LaunchTime.IsZero() {
			m.LaunchTime = s.Now()
		}
		if r := j.ledger.Operation.Request; r != nil {
			m.Instance = r.Instance
		}
		news = append(news, *m)
	}
	return news
}

// ended returns the records of the machines that a termination ended.
func (s Service) ended(ctx context.Context, a *broker.Attempt) ([]broker.Machine, error) {
	known, err := s.known(ctx, a.MachineIDs)
	if err != nil {
		return nil, err
	}
	var ended []broker.Machine
	for i := range a.Results {
		r := &a.Results[i]
		r.Provider = a.Provider
		if m, ok := known[r.MachineID]; ok && r.Terminated {
			m.Status, m.UpdatedAt = broker.MachineTerminated, s.Now()
			ended = append(ended, m)
		}
	}
	return ended, nil
}

// seen merges what a provider says of machines into what is known of them:
// origin and launch come from the record, the rest from the provider.
func (s Service) seen(ctx context.Context, a *broker.Attempt) ([]broker.Machine, error) {
	known, err := s.known(ctx, a.MachineIDs)
	if err != nil {
		return nil, err
	}
	var changed []broker.Machine
	for i := range a.Machines {
		m := &a.Machines[i]
		m.Provider, m.UpdatedAt = a.Provider, s.Now()
		k, ok := known[m.ID]
		if !ok {
			continue
		}
		adopt(m, k)
		if m.Status != k.Status || m.Reachable() && !k.Reachable() { // an event tells no address
			changed = append(changed, *m)
		}
	}
	return changed, nil
}

func adopt(m *broker.Machine, k broker.Machine) {
	m.OperationID, m.Attempt, m.TemplateID, m.LaunchTime = k.OperationID, k.Attempt, k.TemplateID, k.LaunchTime
	m.Account = cmp.Or(m.Account, k.Account)
	m.Instance, m.ReclaimAt, m.ReturnedAt = k.Instance, k.ReclaimAt, k.ReturnedAt
	if m.Name == "" {
		m.Name = k.Name
	}
	if m.PrivateIP == "" {
		m.PrivateIP, m.PublicIP = k.PrivateIP, k.PublicIP
	}
	if m.InstanceType == "" {
		m.InstanceType = k.InstanceType
	}
	if m.Zone == "" {
		m.Zone = k.Zone
	}
	if m.PricePerHour == nil {
		m.PricePerHour = k.PricePerHour
	}
}

func (s Service) known(ctx context.Context, ids []string) (map[string]broker.Machine, error) {
	ms, err := s.Machines.Machines(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("reading machines: %w", err)
	}
	known := make(map[string]broker.Machine, len(ms))
	for _, m := range ms {
		known[m.ID] = m
	}
	return known, nil
}
