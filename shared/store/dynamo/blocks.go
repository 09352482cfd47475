package dynamo

import (
	"context"
	"errors"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/store/schema"
)

// ApplyBlock carries w out on what a provider is out of and returns the block
// after it. *Conflict with the stored Block when w's condition does not hold.
func (s *Store) ApplyBlock(ctx context.Context, key broker.BlockKey, w broker.BlockWrite) (broker.Block, error) {
	var after broker.Block
	err := s.revise(ctx, schema.BlockKey(key), func(item attributes) (*schema.Item, error) {
		row, err := stored[schema.BlockRow](item)
		if err != nil {
			return nil, s.unavailable("reading a block", err)
		}
		row.Offering = key.Offering
		before := row.At(w.Now)
		var held bool
		if after, held = w.Apply(before); !held {
			return nil, conflict(after, "block of %q of provider %q", key.Offering, key.Provider)
		}
		if !w.Writes(before, after) {
			return nil, nil
		}
		it, err := schema.BlockItem(key, after)
		return &it, s.unavailable("writing a block", err)
	})
	if err != nil {
		return broker.Block{}, err
	}
	s.snapshot.forget()
	return after, nil
}

// reviseTries bounds how often a row is revised anew because others did so
// meanwhile; each failure is another's success.
const reviseTries = 64

// revise stores what by makes of a row, on the condition that the row is still
// the one that it was made of; what refuses it is revised in turn. nil: there
// is nothing to store.
func (s *Store) revise(ctx context.Context, k schema.Key, by func(item attributes) (*schema.Item, error)) error {
	item, err := s.get(ctx, k)
	if err != nil {
		return err
	}
	for range reviseTries {
		it, err := by(item)
		if err != nil || it == nil {
			return err
		}
		if err := (&schema.Change{Put: []schema.Item{*it}}).Check(); err != nil {
			return err
		}
		err = s.replace(ctx, *it, item)
		refused, ok := errors.AsType[*refusal](err)
		if !ok {
			return err
		}
		item = refused.item
	}
	return fault.New(fault.StoreUnavailable, "%s is changed by others faster than it can be written.", k)
}

// replace stores it in the place of the row that was read as item.
func (s *Store) replace(ctx context.Context, it schema.Item, item attributes) error {
	var seen int64
	if len(item) > 0 {
		old, err := parseRow(item)
		if err != nil {
			return s.unavailable("reading "+it.Key.String(), err)
		}
		if old.Version != nil {
			seen = *old.Version
		}
	}
	r := rowOf(it)
	r.Version = new(seen + 1)
	return s.put(ctx, r, versioned(seen))
}
