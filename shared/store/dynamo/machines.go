package dynamo

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/store/schema"
)

// Machines returns those of ids that are known, each once.
func (s *Store) Machines(ctx context.Context, ids []string) ([]broker.Machine, error) {
	kept, err := s.keptMachines(ctx, slices.Compact(slices.Sorted(slices.Values(ids))))
	if err != nil {
		return nil, err
	}
	out, seen := make([]broker.Machine, 0, len(kept)), s.seen()
	for _, k := range kept {
		if seen.HasMachine(&k.machine) {
			out = append(out, k.machine)
		}
	}
	slices.SortFunc(out, func(a, b broker.Machine) int { return strings.Compare(a.ID, b.ID) })
	return out, nil
}

// keptMachine is a machine as stored, and by whom.
type keptMachine struct {
	machine broker.Machine
	by      string
}

// keptMachines reads machines by distinct ids.
func (s *Store) keptMachines(ctx context.Context, ids []string) (map[string]keptMachine, error) {
	keys := make([]schema.Key, len(ids))
	for i, id := range ids {
		keys[i] = schema.MachineKey(id)
	}
	rows, err := s.getAll(ctx, keys)
	if err != nil {
		return nil, err
	}
	kept := make(map[string]keptMachine, len(rows))
	for _, r := range rows {
		m, err := decode[broker.Machine](r)
		if err != nil {
			return nil, s.unavailable("reading machines", err)
		}
		kept[m.ID] = keptMachine{m, r.By}
	}
	return kept, nil
}

// OwnedMachines returns machines of a provider that are not in a final
// status, by id, at most limit.
func (s *Store) OwnedMachines(ctx context.Context, provider string, limit int) ([]broker.Machine, error) {
	pointers, err := s.rows(ctx, query{pk: schema.OwnedPK(provider), limit: max(limit, 0)})
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(pointers))
	for i, p := range pointers {
		ids[i] = p.SK
	}
	found, err := s.Machines(ctx, ids)
	return slices.DeleteFunc(found, func(m broker.Machine) bool { return m.Status.Final() }), err // it may have ended since
}

// ListMachines returns a page, the newest launch first. A limit below 1 asks
// for 100; none gives more than 1,000. invalid_request for a cursor that is not
// of this list; not_found.
func (s *Store) ListMachines(ctx context.Context, f broker.MachineFilter, p broker.Page) ([]broker.Machine, string, error) {
	page, next, err := s.seen().ListMachines(ctx, lister{s}, f, p)
	return page, next, s.unavailable("reading the list of machines", err)
}

// NoteMachine stores what a provider says of a machine, when it is news, if
// nobody has written the machine since it was read; else it is read again.
// not_found.
func (s *Store) NoteMachine(ctx context.Context, id string, n broker.MachineNote) (broker.Machine, error) {
	for range machineTries {
		m, err := s.noteOnce(ctx, id, n)
		if !errors.Is(err, errMoved) {
			return m, err
		}
	}
	return broker.Machine{}, tooBusy()
}

// noteOnce returns errMoved when the machine was written since it was read.
func (s *Store) noteOnce(ctx context.Context, id string, n broker.MachineNote) (broker.Machine, error) {
	item, err := s.get(ctx, schema.MachineKey(id))
	if err != nil {
		return broker.Machine{}, err
	}
	if len(item) == 0 {
		return broker.Machine{}, notFound("machine", id)
	}
	r, err := parseRow(item)
	if err != nil {
		return broker.Machine{}, s.unavailable("reading a machine", err)
	}
	old, err := decode[broker.Machine](r)
	if err != nil {
		return old, s.unavailable("reading a machine", err)
	}
	noted, news := old.Note(n)
	if !news {
		return old, nil
	}
	return noted, s.storeNoted(ctx, keptMachine{old, r.By}, noted)
}

func (s *Store) storeNoted(ctx context.Context, old keptMachine, noted broker.Machine) error {
	c, err := s.kept.NoteChange(old.machine, noted)
	if err != nil {
		return s.unavailable("noting a machine", err)
	}
	if err := c.Check(); err != nil {
		return err
	}
	e := newExpression()
	e.when(e.compare(attrBy, "=", old.by))
	if c.Len() == 1 {
		err := s.put(ctx, rowOf(c.Put[0]), e)
		if _, moved := errors.AsType[*refusal](err); moved {
			return errMoved
		}
		return err
	}
	writes := writing(c)
	writes[0].e, writes[0].refused = e, func(attributes) error { return errMoved }
	return s.transact(ctx, "noting a machine", writes)
}
