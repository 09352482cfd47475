package sqlite

import (
	"context"
	"slices"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/store/schema"
)

// Machines returns those of ids that are known, each once.
func (s *Store) Machines(ctx context.Context, ids []string) ([]broker.Machine, error) {
	sorted := slices.Compact(slices.Sorted(slices.Values(ids)))
	out, seen := make([]broker.Machine, 0, len(sorted)), s.seen()
	for _, id := range sorted {
		m, found, err := readOne[broker.Machine](ctx, s, schema.MachineKey(id))
		if err != nil {
			return nil, err
		}
		if found && seen.HasMachine(&m) {
			out = append(out, m)
		}
	}
	return out, nil
}

// OwnedMachines returns machines of a provider that are not in a final
// status, by id, at most limit.
func (s *Store) OwnedMachines(ctx context.Context, provider string, limit int) ([]broker.Machine, error) {
	pointers, err := s.query(ctx, sqlAfter, schema.OwnedPK(provider), "", max(limit, 0))
	if err != nil {
		return nil, err
	}
	out := make([]broker.Machine, 0, len(pointers))
	for _, p := range pointers {
		m, found, err := readOne[broker.Machine](ctx, s, schema.MachineKey(p.SK))
		if err != nil {
			return nil, err
		}
		if found && !m.Status.Final() { // it may have ended since
			out = append(out, m)
		}
	}
	return out, nil
}

// ListMachines returns a page, the newest launch first. A limit below 1 asks
// for 100; none gives more than 1,000. invalid_request for a cursor that is not
// of this list; not_found.
func (s *Store) ListMachines(ctx context.Context, f broker.MachineFilter, p broker.Page) ([]broker.Machine, string, error) {
	page, next, err := s.seen().ListMachines(ctx, lister{s}, f, p)
	return page, next, unavailable("reading the list of machines", err)
}

// NoteMachine stores what a provider says of a machine, when it is news.
// not_found.
func (s *Store) NoteMachine(ctx context.Context, id string, n broker.MachineNote) (noted broker.Machine, err error) {
	err = s.change(ctx, schema.NoteMachine, func(v *view) (c schema.Change, err error) {
		old, found, err := lookUp[broker.Machine](v, schema.MachineKey(id))
		if err != nil {
			return c, err
		}
		if !found {
			return c, notFound("machine", id)
		}
		var news bool
		if noted, news = old.Note(n); !news {
			return c, nil
		}
		return v.kept.NoteChange(old, noted)
	})
	return noted, err
}
