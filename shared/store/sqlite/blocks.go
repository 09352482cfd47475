package sqlite

import (
	"context"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/store/schema"
)

// ApplyBlock carries w out on what a provider is out of and returns the block
// after it. *Conflict with the stored Block when w's condition does not hold.
func (s *Store) ApplyBlock(ctx context.Context, key broker.BlockKey, w broker.BlockWrite) (broker.Block, error) {
	var after broker.Block
	err := s.change(ctx, schema.ApplyBlock, func(v *view) (c schema.Change, err error) {
		row, _, err := lookUp[schema.BlockRow](v, schema.BlockKey(key))
		if err != nil {
			return c, err
		}
		row.Offering = key.Offering
		before := row.At(w.Now)
		var held bool
		if after, held = w.Apply(before); !held {
			return c, conflict(after, "block of %q of provider %q", key.Offering, key.Provider)
		}
		if !w.Writes(before, after) {
			return c, nil
		}
		it, err := schema.BlockItem(key, after)
		return schema.Change{Put: []schema.Item{it}}, err
	})
	if err != nil {
		return broker.Block{}, err
	}
	return after, nil
}
