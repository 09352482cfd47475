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
	out := make([]broker.Machine, 0, len(sorted))
	for _, id := range sorted {
		m, found, err := readOne[broker.Machine](ctx, s, schema.MachineKey(id))
		if err != nil {
			return nil, err
		}
		if found {
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
