package dynamo

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/store/schema"
)

// layout is the row that says how the table is laid out.
type layout struct {
	Version int `json:"version"`
}

var errIdentified = errors.New("another process made the identity")

// identify checks the layout of the table, or makes the broker's identity in
// one that is empty. Of processes that do so together one wins.
func (s *Store) identify(ctx context.Context) error {
	found, err := s.checkLayout(ctx)
	if err != nil || found {
		return err
	}
	err = s.makeIdentity(ctx)
	if !errors.Is(err, errIdentified) {
		return err
	}
	if found, err = s.checkLayout(ctx); err == nil && !found {
		return fault.New(fault.StoreUnavailable, "The table %q has an identity and does not say its layout. Restore it from a backup, or use another table.", *s.table)
	}
	return err
}

func (s *Store) checkLayout(ctx context.Context) (found bool, err error) {
	l, found, err := read[layout](ctx, s, schema.LayoutKey())
	if err != nil || !found {
		return found, err
	}
	if l.Version != schema.Version {
		return true, fault.New(fault.StoreUnavailable,
			"The table %q has layout %d; this broker knows layout %d. Use the broker that made it, or another table.", *s.table, l.Version, schema.Version)
	}
	return true, nil
}

func (s *Store) makeIdentity(ctx context.Context) error {
	id, err := uuid.NewRandom()
	if err != nil {
		return s.unavailable("making an identity", err)
	}
	meta := broker.Meta{ID: id.String(), CreatedAt: s.now().UTC(), Schema: schema.Version}
	who, err := schema.Row(schema.BrokerKey(), meta)
	if err != nil {
		return s.unavailable("making an identity", err)
	}
	how, err := schema.Row(schema.LayoutKey(), layout{schema.Version})
	if err != nil {
		return s.unavailable("making an identity", err)
	}
	one, two := puttingItem(who), puttingItem(how)
	one.e = newExpression()
	one.e.when(one.e.absent(attrPK))
	one.refused = func(attributes) error { return errIdentified }
	return s.transact(ctx, "making an identity", []write{one, two})
}

// Meta returns the broker's identity, made with the store.
func (s *Store) Meta(ctx context.Context) (broker.Meta, error) {
	m, found, err := read[broker.Meta](ctx, s, schema.BrokerKey())
	if err == nil && !found {
		return m, fault.New(fault.StoreUnavailable, "The table %q has no identity. Restore it from a backup, or use another table.", *s.table)
	}
	return m, err
}
