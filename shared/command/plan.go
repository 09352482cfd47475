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
	"github.com/openhostfactory/ohfp/shared/op"
	"github.com/openhostfactory/ohfp/shared/selection"
)

// plan decides who carries the operation out and returns the claim to store.
// Nothing is stored and nothing is done yet.
func (s Service) plan(ctx context.Context, in ExecuteInput, call op.Call) (*broker.Claim, error) {
	return s.planAs(ctx, s.NewID(), in, call)
}

// planAs is plan for an operation of a given id.
func (s Service) planAs(ctx context.Context, id string, in ExecuteInput, call op.Call) (*broker.Claim, error) {
	now := s.Now()
	c := &broker.Claim{Now: now, Operation: broker.Operation{
		ID: id, Type: in.OperationType, Status: broker.OpRunning, RetryCount: in.RetryCount, Async: call.Async,
		Override: in.StrategyOverride != "", Context: in.Context, CreatedAt: now, Deadline: now.Add(timeout(in, call.Async)),
		Actor: broker.Actor{Principal: call.Principal, SourceIP: call.SourceIP, RequestID: call.RequestID},
	}}
	if err := s.assign(ctx, in, c); err != nil {
		return nil, err
	}
	o := &c.Operation
	if len(o.Candidates) == 0 { // every machine is gone already
		*o = fulfilment.Begin(broker.Ledger{Operation: *o}, s.rules(), now).Step.Operation
	} else {
		c.Attempts = fulfilment.First(o, now)
	}
	o.DueAt = fulfilment.FirstDue(o, s.rules(), now)
	if call.IdempotencyKey != "" {
		c.Key = &broker.KeyRecord{Key: keyOf(call, executing), Hash: call.BodyHash, OperationID: o.ID, ExpiresAt: now.Add(keyLife)}
	}
	return c, nil
}

// timeout is how long new work may be started.
func timeout(in ExecuteInput, async bool) time.Duration {
	asked := time.Duration(in.TimeoutSeconds) * time.Second
	switch {
	case asked == 0 && async:
		asked = asyncDefault
	case asked == 0:
		asked = syncDefault
	}
	if in.OperationType == broker.TerminateInstances {
		return max(asked, endDeadline)
	}
	return asked
}

// assign sets who carries the operation out: the owners of its machines, or
// who is selected.
func (s Service) assign(ctx context.Context, in ExecuteInput, c *broker.Claim) error {
	switch in.OperationType {
	case broker.TerminateInstances, broker.GetInstanceStatus:
		return s.assignOwners(ctx, in, c)
	case broker.CreateInstances:
		return s.assignCreate(ctx, in, c)
	case broker.ValidateTemplate:
		return s.assignValidation(ctx, in, c)
	case broker.HealthCheck, broker.GetAvailableTemplates:
	}
	return s.assignQuestion(ctx, in, c)
}

// assignQuestion selects who is asked something. A health check is about who
// is selected, and does not fail over.
func (s Service) assignQuestion(ctx context.Context, in ExecuteInput, c *broker.Claim) error {
	ch, err := s.choose(ctx, in.wish(&c.Operation, nil))
	if err != nil {
		return err
	}
	decided(c, ch)
	ranked := ch.result.Ranked()
	if in.OperationType == broker.HealthCheck {
		ranked = ranked[:1]
	}
	c.Operation.Wanted, c.Operation.Filter = 1, in.Parameters.Filter
	for _, name := range ranked {
		c.Operation.Candidates = append(c.Operation.Candidates, broker.Candidate{Provider: name, Kind: ch.kind(name)})
	}
	return nil
}

// wish is what a request asks of selection.
func (in ExecuteInput) wish(o *broker.Operation, t *broker.Template) wish {
	return wish{
		operation: in.OperationType, criteria: in.SelectionCriteria, policy: in.SelectionPolicy, override: in.StrategyOverride,
		template: t, units: in.Parameters.units(), makes: in.OperationType == broker.CreateInstances, context: in.Context, id: o.ID,
	}
}

// assignCreate selects the providers of a create, each with the template as it
// resolves there.
func (s Service) assignCreate(ctx context.Context, in ExecuteInput, c *broker.Claim) error {
	t, err := s.templateFor(ctx, in)
	if err != nil {
		return err
	}
	ch, err := s.choose(ctx, in.wish(&c.Operation, &t))
	if err != nil {
		return err
	}
	meta, err := s.Meta.Meta(ctx)
	if err != nil {
		return fmt.Errorf("reading the broker's id: %w", err)
	}
	o := &c.Operation
	decided(c, ch)
	o.TemplateID = t.ID
	if o.InUnits = in.Parameters.Units != nil; o.InUnits {
		o.Wanted = *in.Parameters.Units
	} else {
		o.Wanted = *in.Parameters.Count
	}
	if in.Parameters.MinCount != nil {
		o.MinCount = *in.Parameters.MinCount
	}
	o.Whole = in.Parameters.AllOrNothing != nil && *in.Parameters.AllOrNothing
	for _, name := range ch.result.Ranked() {
		o.Candidates = append(o.Candidates, bounded(o, ch.candidate(name, &broker.CreateSpec{
			BrokerID: meta.ID, Template: ch.templates[name], InUnits: o.InUnits, Tags: ownershipTags(meta.ID, o, name, t.ID),
		})))
	}
	if err := wishable(o, &t); err != nil {
		return err
	}
	return s.reserve(ctx, o, &t)
}

// decided notes in a claim why the operation goes where it goes.
func decided(c *broker.Claim, ch *choice) {
	c.Decision = ch.result.Decision()
	c.Decision.Evidence = selection.Evidence(&ch.snapshot, &ch.result)
	c.Operation.Policy, c.Operation.Reason = ch.result.Policy(), ch.result.Reason()
}

// ownershipTags mark every resource, so that a broker finds its own machines
// and never touches another's.
func ownershipTags(brokerID string, o *broker.Operation, provider, template string) map[string]string {
	return map[string]string{
		"ohfp:broker": brokerID, "ohfp:operation": o.ID, "ohfp:provider": provider, "ohfp:template": template,
	}
}

// given returns the template of a request, as it stands in it or by its id.
// not_found for an unknown one.
func (s Service) given(ctx context.Context, p *Parameters) (broker.Template, error) {
	if p.Template != nil {
		return s.templateOf(*p.Template)
	}
	t, err := s.Templates.Template(ctx, p.TemplateID)
	if err != nil {
		return t, fmt.Errorf("reading template %q: %w", p.TemplateID, fault.Lookup(err, "parameters.template_id", whichTemplates))
	}
	return t, nil
}

// templateFor returns the template of a create with the request's own tags and
// user data laid over it. not_found for an unknown id.
func (s Service) templateFor(ctx context.Context, in ExecuteInput) (broker.Template, error) {
	p := in.Parameters
	t, err := s.given(ctx, &p)
	if err != nil {
		return t, err
	}
	if t.MaxNumber != nil && *t.MaxNumber >= 0 && p.Count != nil && *p.Count > *t.MaxNumber {
		return t, fault.Invalid("parameters.count", "template %q allows at most %d, got %d", t.ID, *t.MaxNumber, *p.Count)
	}
	if p.UserData != "" {
		t.UserData = p.UserData
	}
	if len(p.Tags) > 0 {
		tags := maps.Clone(t.Tags)
		if tags == nil {
			tags = map[string]string{}
		}
		maps.Copy(tags, p.Tags)
		t.Tags = tags
	}
	return t, nil
}

// assignOwners sends machines to the providers that own them. Machines that
// are gone need nobody; unknown ones are answered one by one. not_found when
// none is known.
func (s Service) assignOwners(ctx context.Context, in ExecuteInput, c *broker.Claim) error {
	ids, err := s.machineIDs(ctx, &in.Parameters)
	if err != nil {
		return err
	}
	known, err := s.Ledger.Machines(ctx, ids)
	if err != nil {
		return fmt.Errorf("reading machines: %w", err)
	}
	if len(known) == 0 {
		e := fault.New(fault.NotFound, "None of these machines is known here.")
		return fault.Lookup(e, "parameters.machine_ids", "Check the machine_ids, or ask with the operation_id that made them.")
	}
	kinds, err := s.kindsOf(ctx, known)
	if err != nil {
		return err
	}
	c.Operation.Reason = "machines are served by the providers that own them"
	routeToOwners(&c.Operation, ids, known, kinds)
	return nil
}

// kindsOf returns the kinds of registered providers by name. A kept snapshot
// will do unless it lacks an owner of these machines.
func (s Service) kindsOf(ctx context.Context, machines []broker.Machine) (map[string]string, error) {
	snap, err := s.Registry.Snapshot(ctx)
	kinds := kindsIn(&snap)
	lacks := func(m broker.Machine) bool { return kinds[m.Provider] == "" }
	if err == nil && snap.Kept && slices.ContainsFunc(machines, lacks) {
		snap, err = s.Registry.FreshSnapshot(ctx)
		kinds = kindsIn(&snap)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the registry: %w", err)
	}
	return kinds, nil
}

func kindsIn(snap *broker.Snapshot) map[string]string {
	kinds := make(map[string]string, len(snap.Providers))
	for _, p := range snap.Providers {
		kinds[p.Name] = p.Kind
	}
	return kinds
}

// routeToOwners groups machines by owner, in the order in which they are named.
func routeToOwners(o *broker.Operation, ids []string, known []broker.Machine, kinds map[string]string) {
	byID := make(map[string]broker.Machine, len(known))
	for _, m := range known {
		byID[m.ID] = m
	}
	at := map[string]int{}
	for _, id := range ids {
		m, ok := byID[id]
		switch {
		case !ok:
			o.Strays = append(o.Strays, broker.MachineResult{MachineID: id, Message: "unknown machine"})
			continue
		case m.Status.Final() && o.Type == broker.TerminateInstances:
			o.Strays = append(o.Strays, broker.MachineResult{MachineID: id, Provider: m.Provider, Terminated: true, Message: "gone already"})
			continue
		}
		i, seen := at[m.Provider]
		if !seen {
			i = len(o.Candidates)
			at[m.Provider] = i
			o.Candidates = append(o.Candidates, broker.Candidate{Provider: m.Provider, Kind: kinds[m.Provider]})
		}
		o.Candidates[i].MachineIDs = append(o.Candidates[i].MachineIDs, id)
		o.Wanted++
	}
}

// machineIDs are the machines that are named, once each, or all that an
// operation made.
func (s Service) machineIDs(ctx context.Context, p *Parameters) ([]string, error) {
	if p.OperationID == "" {
		seen := map[string]bool{}
		return slices.DeleteFunc(slices.Clone(p.MachineIDs), func(id string) bool {
			again := seen[id]
			seen[id] = true
			return again
		}), nil
	}
	l, err := s.Ledger.Ledger(ctx, p.OperationID)
	if err != nil {
		return nil, fmt.Errorf("reading operation %s: %w", p.OperationID, fault.Lookup(err, "parameters.operation_id", "listOperations shows those that are kept."))
	}
	var ids []string
	for i := range l.Attempts {
		for _, m := range l.Attempts[i].Machines {
			ids = append(ids, m.ID)
		}
	}
	if len(ids) == 0 {
		return nil, fault.New(fault.NotFound, "operation %s has no machines", p.OperationID)
	}
	return ids, nil
}
