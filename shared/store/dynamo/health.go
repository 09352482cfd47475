package dynamo

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/store/schema"
)

// RecordHealth stores what a check found, unless a newer one is stored.
// not_found. The history is written after it: a crash in between costs the
// history one entry, never the state.
func (s *Store) RecordHealth(ctx context.Context, name string, h broker.Health) error {
	doc, err := schema.Encode(h)
	if err != nil {
		return s.unavailable("recording health", err)
	}
	if !readable(schema.ProviderKey(name)) {
		return notFound("provider", name)
	}
	at := schema.Stamp(h.CheckedAt)
	e := newExpression()
	e.set(attrHealth, string(doc))
	e.set(attrCheckedAt, at)
	e.remove(attrCheckStartedAt)
	e.when(e.exists(attrPK))
	e.when(either(e.absent(attrCheckedAt), e.compare(attrCheckedAt, "<=", at)))
	old, again, err := s.updateOnce(ctx, schema.ProviderKey(name), e, types.ReturnValueAllOld)
	if refused, ok := errors.AsType[*refusal](err); ok {
		if len(refused.item) == 0 {
			return notFound("provider", name)
		}
		return nil
	}
	if err != nil {
		return err
	}
	s.snapshot.forget()
	return s.addHistory(ctx, name, h, old, again)
}

// addHistory adds h when it says something else than what was stored before,
// or when that is not known.
func (s *Store) addHistory(ctx context.Context, name string, h broker.Health, old attributes, again bool) error {
	if !again {
		v, err := viewOfItem(old)
		if err != nil {
			return s.unavailable("recording health", err)
		}
		if v.Health.State == h.State && v.Health.Message == h.Message {
			return nil
		}
	}
	it, err := schema.HistoryItem(name, h)
	if err != nil {
		return s.unavailable("recording health", err)
	}
	return s.put(ctx, rowOf(it), newExpression())
}

// viewOfItem reads what selection reads of a provider.
func viewOfItem(item attributes) (broker.ProviderView, error) {
	r, err := parseRow(item)
	if err != nil {
		return broker.ProviderView{}, err
	}
	return viewOf(r)
}

func viewOf(r row) (v broker.ProviderView, err error) {
	if v, err = decode[broker.ProviderView](r); err != nil {
		return v, err
	}
	if r.Health != "" {
		if v.Health, err = schema.Decode[broker.Health](schema.Item{Key: r.key(), Doc: []byte(r.Health)}); err != nil {
			return v, err
		}
	}
	if v.NextCheckAt, err = instant(r.NextCheckAt); err != nil {
		return v, err
	}
	v.CheckStartedAt, err = instant(r.CheckStartedAt)
	return v, err
}

// ClaimCheck takes the check that was due at seen. False: another took it, or
// the provider is gone.
func (s *Store) ClaimCheck(ctx context.Context, name string, seen, now, next time.Time) (bool, error) {
	if !readable(schema.ProviderKey(name)) {
		return false, nil
	}
	e := newExpression()
	e.set(attrNextCheckAt, schema.Stamp(next))
	e.set(attrCheckStartedAt, schema.Stamp(now))
	e.when(e.exists(attrPK))
	due := e.compare(attrNextCheckAt, "=", schema.Stamp(seen))
	if seen.IsZero() {
		due = either(due, e.absent(attrNextCheckAt))
	}
	e.when(due)
	_, err := s.update(ctx, schema.ProviderKey(name), e, types.ReturnValueNone)
	if _, ok := errors.AsType[*refusal](err); ok {
		return false, nil
	}
	s.snapshot.forget()
	return err == nil, err
}

// HealthHistory returns what checks found at or after since, newest first, at
// most limit entries.
func (s *Store) HealthHistory(ctx context.Context, name string, since time.Time, limit int) ([]broker.Health, error) {
	if kept := s.now().Add(-schema.HistoryKept); since.Before(kept) {
		since = kept
	}
	return all[broker.Health](ctx, s, query{
		pk: schema.HistoryPK(name), op: ">=", sk: schema.Stamp(since), limit: max(limit, 0), newest: true,
	})
}
