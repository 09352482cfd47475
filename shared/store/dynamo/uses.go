package dynamo

import (
	"context"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/store/schema"
)

// Use returns what is reserved in a scope.
func (s *Store) Use(ctx context.Context, scope string) (broker.Use, error) {
	u, _, err := read[broker.Use](ctx, s, schema.UseKey(scope))
	return u, err
}

// ApplyUse carries w out on what is reserved in a scope and returns the use
// after it. *Conflict with the stored Use when w's condition does not hold.
func (s *Store) ApplyUse(ctx context.Context, scope string, w broker.UseWrite) (broker.Use, error) {
	var after broker.Use
	err := s.revise(ctx, schema.UseKey(scope), func(item attributes) (*schema.Item, error) {
		before, err := stored[broker.Use](item)
		if err != nil {
			return nil, s.unavailable("reading what is reserved", err)
		}
		var held bool
		if after, held = w.Apply(before); !held {
			return nil, conflict(before, "what is reserved of %q", scope)
		}
		it, err := schema.Row(schema.UseKey(scope), after)
		return &it, s.unavailable("writing what is reserved", err)
	})
	if err != nil {
		return broker.Use{}, err
	}
	return after, nil
}

// Owned returns the machines of a provider that are not in a final status, by
// id.
func (s *Store) Owned(ctx context.Context, provider string) ([]broker.Owned, error) {
	if !readable(schema.OwnedKey(provider, "-")) {
		return nil, nil
	}
	return all[broker.Owned](ctx, s, query{pk: schema.OwnedPK(provider), limit: everything})
}
