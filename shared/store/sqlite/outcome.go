package sqlite

import (
	"context"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/store/schema"
)

// RecordOutcome stores machines, then the attempt under its fence, with the
// operation when it closes. *Conflict with the stored Attempt or Operation;
// the machines are stored nevertheless: they exist, whoever made them.
func (s *Store) RecordOutcome(ctx context.Context, o broker.Outcome) error {
	left := o.Machines
	for {
		done := false
		err := s.change(ctx, schema.RecordOutcome, func(v *view) (c schema.Change, err error) {
			if c, left, err = v.machineGroup(left); err != nil {
				return schema.Change{}, err
			}
			flip, err := v.outcome(o)
			if len(left) > 0 || c.Len()+flip.Len() > schema.MaxTransaction {
				return c, nil
			}
			done = true
			c.Add(flip)
			return c, err
		})
		if err != nil || done {
			return err
		}
	}
}

// machineGroup stores as many of the machines as one transaction takes, each
// once, and returns the others.
func (v *view) machineGroup(machines []broker.Machine) (c schema.Change, left []broker.Machine, err error) {
	in := map[string]bool{}
	for i, m := range machines {
		if in[m.ID] {
			return c, machines[i:], nil
		}
		in[m.ID] = true
		one, err := v.machine(m, in)
		if err != nil {
			return c, machines, err
		}
		if c.Len()+one.Len() > schema.MaxGroup {
			return c, machines[i:], nil
		}
		c.Add(one)
	}
	return c, nil, nil
}

// machine is the change of one machine, with the mark of its day unless that
// is there or in the change already, which in tells.
func (v *view) machine(m broker.Machine, in map[string]bool) (schema.Change, error) {
	stored, found, err := lookUp[broker.Machine](v, schema.MachineKey(m.ID))
	if err != nil {
		return schema.Change{}, err
	}
	var old *broker.Machine
	if found {
		old = &stored
	}
	c, err := v.kept.MachineChange(old, m)
	day, isNew := schema.NewDay(old, m)
	if c.Len() > 0 && isNew && !in[day.String()] && !v.has(day) {
		in[day.String()] = true
		c.Put = append(c.Put, schema.Mark(day))
	}
	return c, err
}

// outcome is the flip of an attempt, and of the operation that it closes.
func (v *view) outcome(o broker.Outcome) (c schema.Change, err error) {
	if c.Put, err = v.fenced(o.OperationID, o.Attempt); err != nil {
		return schema.Change{}, err
	}
	if o.Closed == nil {
		return c, nil
	}
	op, err := v.version(*o.Closed)
	if err != nil {
		return schema.Change{}, err
	}
	c.Put = append(c.Put, op)
	return c, nil
}
