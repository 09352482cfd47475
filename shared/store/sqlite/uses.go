package sqlite

import (
	"context"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/store/schema"
)

// Use returns what is reserved in a scope.
func (s *Store) Use(ctx context.Context, scope string) (broker.Use, error) {
	u, _, err := readOne[broker.Use](ctx, s, schema.UseKey(scope))
	return u, err
}

// ApplyUse carries w out on what is reserved in a scope and returns the use
// after it. *Conflict with the stored Use when w's condition does not hold.
func (s *Store) ApplyUse(ctx context.Context, scope string, w broker.UseWrite) (broker.Use, error) {
	var after broker.Use
	err := s.change(ctx, schema.ApplyUse, func(v *view) (c schema.Change, err error) {
		before, _, err := lookUp[broker.Use](v, schema.UseKey(scope))
		if err != nil {
			return c, err
		}
		var held bool
		if after, held = w.Apply(before); !held {
			return c, conflict(before, "what is reserved of %q", scope)
		}
		row, err := schema.Row(schema.UseKey(scope), after)
		return schema.Change{Put: []schema.Item{row}}, err
	})
	if err != nil {
		return broker.Use{}, err
	}
	return after, nil
}

// Owned returns the machines of a provider that are not in a final status, by
// id.
func (s *Store) Owned(ctx context.Context, provider string) ([]broker.Owned, error) {
	items, err := s.query(ctx, sqlPartition, schema.OwnedPK(provider))
	if err != nil {
		return nil, err
	}
	return decodeAll[broker.Owned](items)
}
