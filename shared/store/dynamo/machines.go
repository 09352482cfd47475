package dynamo

import (
	"context"
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
	out := make([]broker.Machine, 0, len(kept))
	for _, k := range kept {
		out = append(out, k.machine)
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
