package sqlite

import (
	"context"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/store/schema"
)

// ReadKey returns the record of k unless it has expired at now.
func (s *Store) ReadKey(ctx context.Context, k broker.Key, now time.Time) (broker.KeyRecord, bool, error) {
	r, found, err := readOne[broker.KeyRecord](ctx, s, schema.IdempotencyKey(k))
	if err != nil || !found || !r.ExpiresAt.After(now) {
		return broker.KeyRecord{}, false, err
	}
	return r, true, nil
}

// ClaimKey stores r if there is no record, or one that has expired or was
// abandoned at now. *Conflict with the stored KeyRecord.
func (s *Store) ClaimKey(ctx context.Context, r broker.KeyRecord, now time.Time) error {
	return s.change(ctx, schema.ClaimKey, func(v *view) (schema.Change, error) {
		return claimKey(v, r, now)
	})
}

func claimKey(v *view, r broker.KeyRecord, now time.Time) (c schema.Change, err error) {
	old, found, err := lookUp[broker.KeyRecord](v, schema.IdempotencyKey(r.Key))
	if err != nil {
		return c, err
	}
	if found && !free(old, now) {
		return c, conflict(old, "idempotency key %q", r.Key.Key)
	}
	row, err := schema.KeyItem(r)
	return schema.Change{Put: []schema.Item{row}}, err
}

// free reports whether a record binds nobody: it has expired, or it is a
// claim without an operation whose owner did not come back in time.
func free(r broker.KeyRecord, now time.Time) bool {
	if !r.ExpiresAt.After(now) {
		return true
	}
	return !r.Done && r.OperationID == "" && !r.LeaseUntil.After(now)
}

// FinishKey stores the answer of a claim. An answer that is stored already
// stays: a key has one.
func (s *Store) FinishKey(ctx context.Context, r broker.KeyRecord) error {
	return s.change(ctx, schema.FinishKey, func(v *view) (c schema.Change, err error) {
		old, found, err := lookUp[broker.KeyRecord](v, schema.IdempotencyKey(r.Key))
		if err != nil || (found && old.Done && old.ExpiresAt.After(s.now())) {
			return c, err
		}
		row, err := schema.KeyItem(r)
		return schema.Change{Put: []schema.Item{row}}, err
	})
}

// DropKey frees a claim whose request was refused. An answer, and a claim
// that has an operation, stay.
func (s *Store) DropKey(ctx context.Context, k broker.Key) error {
	return s.change(ctx, schema.DropKey, func(v *view) (c schema.Change, err error) {
		old, found, err := lookUp[broker.KeyRecord](v, schema.IdempotencyKey(k))
		if err != nil || !found || old.Done || old.OperationID != "" {
			return c, err
		}
		return schema.Change{Delete: []schema.Key{schema.IdempotencyKey(k)}}, nil
	})
}
