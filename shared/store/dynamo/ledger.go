package dynamo

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/store/schema"
)

// markedDays are days of which this process knows that they are marked. It
// need not know all: marking a day again changes nothing.
type markedDays struct {
	mu   sync.Mutex
	days map[schema.Key]bool
}

// mostDays bounds what is remembered.
const mostDays = 32

func (m *markedDays) has(day schema.Key) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.days[day]
}

func (m *markedDays) add(day schema.Key) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.days) >= mostDays || m.days == nil {
		m.days = map[schema.Key]bool{}
	}
	m.days[day] = true
}

// markDay says that a list has entries of a day. It is put before the first of
// them and outside its transaction: all that begin together would meet in this
// one row.
func (s *Store) markDay(ctx context.Context, day schema.Key) error {
	if s.days.has(day) {
		return nil
	}
	if err := s.put(ctx, rowOf(schema.Mark(day)), newExpression()); err != nil {
		return err
	}
	s.days.add(day)
	return nil
}

// ClaimOperation stores a new operation with decision, attempts and
// idempotency key. *Conflict with the KeyRecord or the Operation.
func (s *Store) ClaimOperation(ctx context.Context, claim broker.Claim) error {
	writes, err := s.claim(claim)
	if err != nil {
		return s.unavailable("claiming an operation", err)
	}
	c := change(writes)
	if err := c.Check(); err != nil { // before the day is marked for nothing
		return err
	}
	if err := s.markDay(ctx, schema.OperationList.DayKey(claim.Operation.CreatedAt)); err != nil {
		return err
	}
	return s.transact(ctx, "claiming an operation", writes)
}

func (s *Store) claim(claim broker.Claim) (writes []write, err error) {
	if claim.Key != nil {
		k, err := s.claimedKey(*claim.Key, claim.Now)
		if err != nil {
			return nil, err
		}
		writes = append(writes, k)
	}
	id := claim.Operation.ID
	op, err := s.operation(claim.Operation)
	if err != nil {
		return nil, err
	}
	op.e.when(op.e.absent(attrPK))
	decision, err := s.packer.Decision(id, claim.Decision)
	if err != nil {
		return nil, err
	}
	decision.Expires = s.kept.RestExpires(&claim.Operation, s.now())
	writes = append(writes, op, puttingItem(decision))
	for _, a := range claim.Attempts {
		rows, err := s.attemptWrites(id, a, &claim.Operation)
		if err != nil {
			return nil, err
		}
		writes = append(writes, rows...)
	}
	return append(writes, telling(claim.Events())...), nil
}

func (s *Store) claimedKey(k broker.KeyRecord, now time.Time) (write, error) {
	r, err := keyRow(k)
	w := putting(r)
	w.e = keyFree(now)
	w.refused = func(item attributes) error { return s.keyConflict(item, k.Key) }
	return w, err
}

// operation writes an operation's row; its condition is still open.
func (s *Store) operation(o broker.Operation) (write, error) {
	it, err := s.kept.OperationItem(o)
	w := puttingItem(it)
	w.row.Version, w.e = &o.Version, newExpression()
	w.refused = func(item attributes) error {
		old, err := stored[broker.Operation](item)
		if err != nil {
			return s.unavailable("reading an operation", err)
		}
		return conflict(old, "operation %q", o.ID)
	}
	return w, err
}

// next writes o with one version more, if the stored one is that which its
// writer saw.
func (s *Store) next(o broker.Operation) (write, error) {
	seen := o.Version
	o.Version++
	w, err := s.operation(o)
	w.e.when(w.e.compare(attrVersion, "=", seen))
	return w, err
}

// attemptWrites writes an attempt: its row with the fence, then its pieces.
// One that is settled goes with its operation, which is o where it is written
// with it.
func (s *Store) attemptWrites(id string, a broker.Attempt, o *broker.Operation) ([]write, error) {
	items, err := schema.AttemptItems(id, a)
	if err != nil {
		return nil, err
	}
	writes := writing(schema.Change{Put: items})
	writes[0].row.Run, writes[0].row.State = a.Run, string(a.State)
	if !a.State.Reserves() {
		s.expire(writes, o)
	}
	return writes, nil
}

// expire lets rows of an operation go with it, or long after they were written
// when it is still open.
func (s *Store) expire(writes []write, o *broker.Operation) {
	at := schema.Item{Expires: s.kept.RestExpires(o, s.now())}
	for _, w := range writes {
		w.row.TTL = at.TTL()
	}
}

// fenced writes an attempt's new value, if the stored one is what its writer
// saw.
func (s *Store) fenced(ctx context.Context, id string, f broker.Fenced, o *broker.Operation) ([]write, error) {
	writes, err := s.attemptWrites(id, f.Attempt, o)
	if err != nil {
		return nil, err
	}
	e := newExpression()
	e.when(e.compare(attrRun, "=", f.SeenRun))
	e.when(e.compare(attrState, "=", f.SeenState))
	writes[0].e = e
	writes[0].refused = s.attemptRefused(ctx, id, f.Attempt.N)
	return writes, nil
}

// attemptRefused makes a conflict of an attempt's row.
func (s *Store) attemptRefused(ctx context.Context, id string, n int) func(attributes) error {
	return func(item attributes) error {
		a, err := s.attempt(ctx, id, item)
		if err != nil {
			return s.unavailable("reading an attempt", err)
		}
		return conflict(a, "attempt %d of operation %q", n, id)
	}
}

// attempt reads an attempt from its row, or, when its results are in rows of
// their own, from the ledger as it is now.
func (s *Store) attempt(ctx context.Context, id string, item attributes) (a broker.Attempt, err error) {
	if len(item) == 0 {
		return a, nil
	}
	r, err := parseRow(item)
	if err != nil {
		return a, err
	}
	pieces, err := schema.Outputs(id, r.item())
	if err != nil {
		return a, err
	}
	if len(pieces) == 0 {
		return schema.Attempt(r.item(), nil)
	}
	if a, err = decode[broker.Attempt](r); err != nil {
		return a, err
	}
	l, err := s.Ledger(ctx, id)
	if now := l.Attempt(a.N); now != nil {
		a = *now
	}
	return a, err
}

// MarkSent stores an attempt as SENT under its fence. *Conflict with the stored
// Attempt, the zero one when there is none.
func (s *Store) MarkSent(ctx context.Context, operationID string, sent broker.Fenced) error {
	writes, err := s.fenced(ctx, operationID, sent, nil)
	if err != nil {
		return s.unavailable("marking an attempt as sent", err)
	}
	if len(writes) > 1 {
		return s.transact(ctx, "marking an attempt as sent", writes)
	}
	c := change(writes)
	if err := c.Check(); err != nil {
		return err
	}
	err = s.put(ctx, *writes[0].row, writes[0].e)
	if refused, ok := errors.AsType[*refusal](err); ok {
		return writes[0].refused(refused.item)
	}
	return err
}

// TakeStep stores a decision: all of it or nothing. *Conflict with the stored
// Operation or Attempt.
func (s *Store) TakeStep(ctx context.Context, step broker.Step) error {
	op, err := s.next(step.Operation)
	if err != nil {
		return s.unavailable("taking a step", err)
	}
	id, writes := step.Operation.ID, []write{op}
	for _, f := range step.Changed {
		rows, err := s.fenced(ctx, id, f, &step.Operation)
		if err != nil {
			return s.unavailable("taking a step", err)
		}
		writes = append(writes, rows...)
	}
	for _, a := range step.Added {
		rows, err := s.attemptWrites(id, a, &step.Operation)
		if err != nil {
			return s.unavailable("taking a step", err)
		}
		rows[0].e = newExpression()
		rows[0].e.when(rows[0].e.absent(attrPK))
		rows[0].refused = s.attemptRefused(ctx, id, a.N)
		writes = append(writes, rows...)
	}
	writes = append(writes, telling(step.Events())...)
	return s.transact(ctx, "taking a step", append(writes, auditing(step.Audits)...))
}
