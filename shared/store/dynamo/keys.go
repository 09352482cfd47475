package dynamo

import (
	"context"
	"errors"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/store/schema"
)

// ReadKey returns the record of k unless it has expired at now.
func (s *Store) ReadKey(ctx context.Context, k broker.Key, now time.Time) (broker.KeyRecord, bool, error) {
	r, found, err := read[broker.KeyRecord](ctx, s, schema.IdempotencyKey(k))
	if err != nil || !found || !r.ExpiresAt.After(now) {
		return broker.KeyRecord{}, false, err
	}
	return r, true, nil
}

// keyRow makes the row of a key, with what its conditions read: when another
// claim may take its place, until when its answer stays, and whether it may be
// dropped.
func keyRow(k broker.KeyRecord) (row, error) {
	it, err := schema.KeyItem(k)
	if err != nil {
		return row{}, err
	}
	r := rowOf(it)
	free := k.ExpiresAt
	r.Held = k.Done || k.OperationID != ""
	if !r.Held && k.LeaseUntil.Before(free) {
		free = k.LeaseUntil // its owner died
	}
	r.FreeAt = schema.Stamp(free)
	if k.Done {
		r.AnswerUntil = schema.Stamp(k.ExpiresAt)
	}
	return r, (&schema.Change{Put: []schema.Item{it}}).Check()
}

// keyFree is the condition that a key binds nobody at now.
func keyFree(now time.Time) *expression {
	e := newExpression()
	e.when(either(e.absent(attrPK), e.compare(attrFreeAt, "<=", schema.Stamp(now))))
	return e
}

// keyConflict says who has the key.
func (s *Store) keyConflict(item attributes, k broker.Key) error {
	old, err := stored[broker.KeyRecord](item)
	if err != nil {
		return s.unavailable("reading an idempotency key", err)
	}
	return conflict(old, "idempotency key %q", k.Key)
}

// ClaimKey stores r if there is no record, or one that has expired or was
// abandoned at now. *Conflict with the stored KeyRecord.
func (s *Store) ClaimKey(ctx context.Context, r broker.KeyRecord, now time.Time) error {
	one, err := keyRow(r)
	if err != nil {
		return s.unavailable("claiming an idempotency key", err)
	}
	err = s.put(ctx, one, keyFree(now))
	if refused, ok := errors.AsType[*refusal](err); ok {
		return s.keyConflict(refused.item, r.Key)
	}
	return err
}

// FinishKey stores the answer of a claim. An answer that is stored already
// stays: a key has one.
func (s *Store) FinishKey(ctx context.Context, r broker.KeyRecord) error {
	one, err := keyRow(r)
	if err != nil {
		return s.unavailable("finishing an idempotency key", err)
	}
	e := newExpression()
	e.when(either(e.absent(attrAnswerUntil), e.compare(attrAnswerUntil, "<=", schema.Stamp(s.now()))))
	return unlessRefused(s.put(ctx, one, e))
}

// errHeld is a key that is not dropped.
var errHeld = errors.New("the key is held")

// DropKey frees a claim whose request was refused. An answer, and a claim
// that has an operation, stay. It is a transaction of one: a deletion that is
// repeated, because its answer was lost, could free what another has claimed
// since.
func (s *Store) DropKey(ctx context.Context, k broker.Key) error {
	if !readable(schema.IdempotencyKey(k)) {
		return nil
	}
	w := deleting(schema.IdempotencyKey(k))
	w.e = newExpression()
	w.e.when(w.e.absent(attrHeld))
	w.refused = func(attributes) error { return errHeld }
	if err := s.transact(ctx, "dropping an idempotency key", []write{w}); !errors.Is(err, errHeld) {
		return err
	}
	return nil
}

// unlessRefused is err for a verb that changes nothing when its condition does
// not hold.
func unlessRefused(err error) error {
	if _, ok := errors.AsType[*refusal](err); ok {
		return nil
	}
	return err
}
