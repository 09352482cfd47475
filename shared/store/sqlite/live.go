package sqlite

import (
	"context"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/store/schema"
)

// ApplyLive carries w out on a breaker's row and returns the row after it.
// *Conflict with the stored Live when w's condition does not hold.
func (s *Store) ApplyLive(ctx context.Context, key broker.LiveKey, w broker.LiveWrite) (broker.Live, error) {
	var after broker.Live
	err := s.changeAs(ctx, schema.ApplyLive, w.Lasting(), func(v *view) (c schema.Change, err error) {
		before, _, err := lookUp[broker.Live](v, schema.LiveKey(key))
		if err != nil {
			return c, err
		}
		var held bool
		if after, held = w.Apply(before); !held {
			return c, conflict(before, "breaker of provider %q for class %s", key.Provider, key.Class)
		}
		row, err := schema.Row(schema.LiveKey(key), after)
		return schema.Change{Put: []schema.Item{row}}, err
	})
	if err != nil {
		return broker.Live{}, err
	}
	return after, nil
}

// Ticket hands out the next number of a scope, from 0.
func (s *Store) Ticket(ctx context.Context, scope string) (int64, error) {
	var n int64
	err := s.change(ctx, schema.Ticket, func(v *view) (c schema.Change, err error) {
		if n, _, err = lookUp[int64](v, schema.TicketKey(scope)); err != nil {
			return c, err
		}
		row, err := schema.TicketItem(scope, n+1, s.now())
		return schema.Change{Put: []schema.Item{row}}, err
	})
	return n, err
}
