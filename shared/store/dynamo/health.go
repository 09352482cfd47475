package dynamo

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/store/schema"
)

// healthTries bounds how often a record is prepared anew because others wrote
// the provider's row meanwhile.
const healthTries = 16

// RecordHealth stores what a check found or somebody says, unless something
// newer is stored, and returns what is stored then. not_found. A check that is
// no news is one update. News comes with its row of the history, and with its
// event when the state is another, in one transaction; what somebody says with
// its entry of the audit trail.
func (s *Store) RecordHealth(ctx context.Context, name string, h broker.Health) (broker.Health, error) {
	if !readable(schema.ProviderKey(name)) {
		return broker.Health{}, notFound("provider", name)
	}
	defer s.snapshot.forget()
	for range healthTries {
		item, err := s.recordAgain(ctx, name, h)
		refused, no := errors.AsType[*refusal](err)
		switch {
		case no && len(refused.item) == 0:
			return broker.Health{}, notFound("provider", name)
		case no:
			item = refused.item
		case err != nil:
			return broker.Health{}, err
		}
		stored, done, err := s.recorded(ctx, h, item, !no)
		if done || err != nil {
			return stored, err
		}
	}
	return broker.Health{}, fault.New(fault.StoreUnavailable, "The health of provider %q is changed by others faster than it can be written.", name)
}

// recordAgain records h if it says what is stored. It refuses, with the row, what
// somebody says: only the row can tell what that changes.
func (s *Store) recordAgain(ctx context.Context, name string, h broker.Health) (attributes, error) {
	if h.Actor.Operation != "" {
		item, err := s.get(ctx, schema.ProviderKey(name))
		if err != nil {
			return nil, err
		}
		return nil, &refusal{item: item}
	}
	e, err := recording(h)
	if err != nil {
		return nil, s.unavailable("recording health", err)
	}
	same := e.compare(attrSaid, "=", said(h))
	if said(h) == said(unchecked()) {
		same = either(same, e.absent(attrSaid))
	}
	e.when(same)
	return s.update(ctx, schema.ProviderKey(name), e, types.ReturnValueAllNew)
}

// recorded returns what is stored of health: in item, if that is the row after
// a record or one with a newer one. Else h is news to it, and is recorded as
// such; not done: the row has changed meanwhile.
func (s *Store) recorded(ctx context.Context, h broker.Health, item attributes, done bool) (broker.Health, bool, error) {
	r, err := parseRow(item)
	if err != nil {
		return broker.Health{}, false, s.unavailable("recording health", err)
	}
	v, err := viewOf(r)
	if err != nil {
		return broker.Health{}, false, s.unavailable("recording health", err)
	}
	if done || h.CheckedAt.Before(v.Health.CheckedAt) {
		return v.Health, true, nil
	}
	err = s.recordNews(ctx, &v, h, r.By)
	if _, moved := errors.AsType[*refusal](err); moved {
		return broker.Health{}, false, nil
	}
	return v.Health, err == nil, err
}

// recordNews records what is news to v, or may be, if nobody has written the row
// since; v becomes what is stored then.
func (s *Store) recordNews(ctx context.Context, v *broker.ProviderView, h broker.Health, by string) error {
	e, err := recording(h)
	if err != nil {
		return s.unavailable("recording health", err)
	}
	e.when(e.compare(attrBy, "=", by))
	past, err := schema.HistoryItem(v.Name, h)
	if err != nil {
		return s.unavailable("recording health", err)
	}
	audits, err := broker.HealthAudit(v.Name, &v.Health, &h)
	if err != nil {
		return s.unavailable("recording health", err)
	}
	k := schema.ProviderKey(v.Name)
	writes := []write{{change: &k, e: e, refused: func(item attributes) error { return &refusal{item: item} }}}
	if h.News(v.Health) {
		writes = append(writes, puttingItem(past))
	}
	writes = append(writes, telling(broker.HealthEvents(v.Name, v.Health.State, h.State, h.Source != ""))...)
	if err := s.transact(ctx, "recording health", append(writes, auditing(audits)...)); err != nil {
		return err
	}
	was := v.Health
	v.Health, err = schema.Decode[broker.Health](past)
	v.Health.FailedInRow = h.Following(was).FailedInRow
	return s.unavailable("recording health", err)
}

// recording is the update that records h, if nothing newer is stored.
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
	e := newExpression()
	e.set(attrNextCheckAt, schema.Stamp(next))
	e.set(attrCheckStartedAt, schema.Stamp(now))
	return s.claimDue(ctx, name, attrNextCheckAt, seen, e)
}

// claimDue takes what is due at a provider by changing it with e, if attr still says
// that it was due at seen. False: another took it, or the provider is gone.
func (s *Store) claimDue(ctx context.Context, provider, attr string, seen time.Time, e *expression) (bool, error) {
	if !readable(schema.ProviderKey(provider)) {
		return false, nil
	}
	e.when(e.exists(attrPK))
	due := e.compare(attr, "=", schema.Stamp(seen))
	if seen.IsZero() {
		due = either(due, e.absent(attr))
	}
	e.when(due)
	_, err := s.update(ctx, schema.ProviderKey(provider), e, types.ReturnValueNone)
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
