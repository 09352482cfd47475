package dynamo

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/store/schema"
)

// RecordHealth stores what a check found or somebody says, unless something
// newer is stored, and returns what is stored then. not_found. The history is
// written after it: a crash in between costs the history one entry, never the
// state.
func (s *Store) RecordHealth(ctx context.Context, name string, h broker.Health) (broker.Health, error) {
	if !readable(schema.ProviderKey(name)) {
		return broker.Health{}, notFound("provider", name)
	}
	e, err := recording(h)
	if err != nil {
		return broker.Health{}, s.unavailable("recording health", err)
	}
	item, err := s.update(ctx, schema.ProviderKey(name), e, types.ReturnValueAllNew)
	refused, older := errors.AsType[*refusal](err)
	switch {
	case older && len(refused.item) == 0:
		return broker.Health{}, notFound("provider", name)
	case older:
		item = refused.item
	case err != nil:
		return broker.Health{}, err
	}
	r, err := parseRow(item)
	if err != nil {
		return broker.Health{}, s.unavailable("recording health", err)
	}
	v, err := viewOf(r)
	if err != nil || older {
		return v.Health, s.unavailable("recording health", err)
	}
	s.snapshot.forget()
	return v.Health, s.addHistory(ctx, name, h, r)
}

// recording is the update that records h.
func recording(h broker.Health) (*expression, error) {
	h.FailedInRow = 0 // an attribute of its own
	doc, err := schema.Encode(h)
	if err != nil {
		return nil, err
	}
	at := schema.Stamp(h.CheckedAt)
	e := newExpression()
	e.set(attrHealth, string(doc))
	e.set(attrCheckedAt, at)
	e.shift(attrSaid, attrSaidBefore, said(unchecked()))
	e.set(attrSaid, said(h))
	e.remove(attrCheckStartedAt)
	if h.OK() {
		e.remove(attrFailed)
	} else if h.Scheduled {
		e.add(attrFailed, 1)
	}
	e.when(e.exists(attrPK))
	e.when(either(e.absent(attrCheckedAt), e.compare(attrCheckedAt, "<=", at)))
	return e, nil
}

// unchecked is the health of a provider that was never checked.
func unchecked() broker.Health { return new(broker.Registration).View().Health }

// said is the part of h of which the history keeps the changes, in short.
func said(h broker.Health) string {
	text := string(h.State) + "\x00" + h.Message
	if h.Source != "" {
		text += "\x00" + h.Source
	}
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:8])
}

// addHistory adds h when it says something else than what it replaced in r.
func (s *Store) addHistory(ctx context.Context, name string, h broker.Health, r row) error {
	if r.Said == r.SaidBefore {
		return nil
	}
	it, err := schema.HistoryItem(name, h)
	if err != nil {
		return s.unavailable("recording health", err)
	}
	return s.put(ctx, rowOf(it), newExpression())
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
	v.Health.FailedInRow = r.Failed
	if v.NextCheckAt, err = instant(r.NextCheckAt); err != nil {
		return v, err
	}
	if v.CheckStartedAt, err = instant(r.CheckStartedAt); err != nil {
		return v, err
	}
	if v.NextSweepAt, err = instant(r.NextSweepAt); err != nil {
		return v, err
	}
	return v, digested(&v, r)
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
