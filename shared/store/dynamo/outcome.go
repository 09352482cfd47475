package dynamo

import (
	"context"
	"errors"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/store/schema"
)

// machineTries bounds how often a group of machines is prepared anew because
// others wrote one of them meanwhile.
const machineTries = 16

// errMoved is a machine that was written since it was read.
var errMoved = errors.New("a machine was written meanwhile")

// RecordOutcome stores machines, then the attempt under its fence, with the
// operation when it closes. *Conflict with the stored Attempt or Operation;
// the machines are stored nevertheless: they exist, whoever made them.
func (s *Store) RecordOutcome(ctx context.Context, o broker.Outcome) error {
	flip, err := s.flip(ctx, o)
	if err != nil {
		return s.unavailable("recording an outcome", err)
	}
	left, err := s.storeMachines(ctx, o.Machines, flip)
	if err == nil || len(left) == 0 {
		return err
	}
	if _, refused := errors.AsType[*broker.Conflict](err); refused {
		if _, merr := s.storeMachines(ctx, left, nil); merr != nil {
			return merr
		}
	}
	return err
}

// storeMachines stores machines in groups, and flip with the last of them, if
// there is room for it, or after it. It returns the machines that are not
// stored.
func (s *Store) storeMachines(ctx context.Context, machines []broker.Machine, flip []write) (left []broker.Machine, err error) {
	left = machines
	for tries := 0; tries < machineTries; {
		group, rest, err := s.group(ctx, left)
		if err != nil {
			return left, err
		}
		last := len(rest) == 0 && (len(group) == 0 || fits(group, flip))
		if last {
			group = append(group, flip...)
		}
		err = s.transact(ctx, "recording an outcome", group)
		switch {
		case errors.Is(err, errMoved):
			tries++
			continue
		case err != nil:
			return left, err
		case last:
			return nil, nil
		}
		left = rest
	}
	return left, tooBusy()
}

func tooBusy() error {
	return fault.New(fault.StoreUnavailable, "Machines are changed by others faster than they can be written.")
}

func fits(a, b []write) bool {
	c := change(a)
	c.Add(change(b))
	return c.Check() == nil
}

// flip is the change of an attempt, and of the operation that it closes.
func (s *Store) flip(ctx context.Context, o broker.Outcome) ([]write, error) {
	writes, err := s.fenced(ctx, o.OperationID, o.Attempt, o.Closed)
	if err != nil || o.Closed == nil {
		return writes, err
	}
	op, err := s.next(*o.Closed)
	return append(writes, op), err
}

// group stores as many of the machines as one transaction takes, each once,
// and returns the others.
func (s *Store) group(ctx context.Context, machines []broker.Machine) (writes []write, rest []broker.Machine, err error) {
	ids := firstDistinct(machines, schema.MaxGroup)
	kept, err := s.keptMachines(ctx, ids)
	if err != nil {
		return nil, nil, err
	}
	for i, m := range machines[:len(ids)] {
		one, err := s.machineWrites(m, kept)
		if err != nil {
			return nil, nil, s.unavailable("recording machines", err)
		}
		if err := s.markLaunch(ctx, m, kept); err != nil {
			return nil, nil, err
		}
		if len(writes)+len(one) > schema.MaxGroup {
			return writes, machines[i:], nil
		}
		writes = append(writes, one...)
	}
	return writes, machines[len(ids):], nil
}

// markLaunch marks the day under which a machine is listed from now on.
func (s *Store) markLaunch(ctx context.Context, m broker.Machine, kept map[string]keptMachine) error {
	var old *broker.Machine
	if k, ok := kept[m.ID]; ok {
		old = &k.machine
	}
	if day, isNew := schema.NewDay(old, m); isNew {
		return s.markDay(ctx, day)
	}
	return nil
}

// firstDistinct returns the ids of the first machines, up to the first that is
// named again.
func firstDistinct(machines []broker.Machine, limit int) (ids []string) {
	in := map[string]bool{}
	for _, m := range machines {
		if in[m.ID] || len(ids) == limit {
			break
		}
		in[m.ID] = true
		ids = append(ids, m.ID)
	}
	return ids
}

// machineWrites stores a machine if nobody has written it since it was read.
func (s *Store) machineWrites(m broker.Machine, kept map[string]keptMachine) ([]write, error) {
	e := newExpression()
	var old *broker.Machine
	if k, ok := kept[m.ID]; ok {
		old = &k.machine
		e.when(e.compare(attrBy, "=", k.by))
	} else {
		e.when(e.absent(attrPK))
	}
	c, err := s.kept.MachineChange(old, m)
	if err != nil {
		return nil, err
	}
	writes := writing(c)
	if len(writes) > 0 { // none when it has ended
		writes[0].e = e
		writes[0].refused = func(attributes) error { return errMoved }
	}
	return writes, nil
}
