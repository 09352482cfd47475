package storetest

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
)

// ReadKey implements [broker.Keys].
func (m *Memory) ReadKey(_ context.Context, k broker.Key, now time.Time) (broker.KeyRecord, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.keys[k]
	if !ok || !now.Before(r.ExpiresAt) {
		return broker.KeyRecord{}, false, nil
	}
	return own(r), true, nil
}

// ClaimKey implements [broker.Keys].
func (m *Memory) ClaimKey(_ context.Context, r broker.KeyRecord, now time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.keyTaken(r.Key, now); err != nil {
		return err
	}
	m.keys[r.Key] = own(r)
	return nil
}

func (m *Memory) keyTaken(k broker.Key, now time.Time) error {
	r, ok := m.keys[k]
	expired := !now.Before(r.ExpiresAt)
	abandoned := !r.Done && r.OperationID == "" && !now.Before(r.LeaseUntil)
	if !ok || expired || abandoned {
		return nil
	}
	return changed(own(r), "key %v", k)
}

// FinishKey implements [broker.Keys].
func (m *Memory) FinishKey(_ context.Context, r broker.KeyRecord) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if old := m.keys[r.Key]; old.Done && m.now().Before(old.ExpiresAt) {
		return nil
	}
	m.keys[r.Key] = own(r)
	return nil
}

// DropKey implements [broker.Keys].
func (m *Memory) DropKey(_ context.Context, k broker.Key) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if r := m.keys[k]; !r.Done && r.OperationID == "" {
		delete(m.keys, k)
	}
	return nil
}

// Prune deletes what has expired.
func (m *Memory) Prune(context.Context, int) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	maps.DeleteFunc(m.ops, func(_ string, l *broker.Ledger) bool { return m.gone(l.Operation) })
	maps.DeleteFunc(m.machines, func(_ string, one broker.Machine) bool { return m.past(one) })
	maps.DeleteFunc(m.keys, func(_ broker.Key, r broker.KeyRecord) bool { return !now.Before(r.ExpiresAt) })
	maps.DeleteFunc(m.metrics, func(_ broker.MetricKey, r broker.MetricRow) bool { return !now.Before(r.ExpiresAt) })
	maps.DeleteFunc(m.tickets, func(_ string, t ticket) bool {
		return !now.Before(t.used.UTC().Truncate(24*time.Hour).AddDate(0, 0, 36))
	})
	return 0, nil
}

// ClaimOperation implements [broker.LedgerWriter].
func (m *Memory) ClaimOperation(_ context.Context, c broker.Claim) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if c.Key != nil {
		if err := m.keyTaken(c.Key.Key, c.Now); err != nil {
			return err
		}
	}
	if old, ok := m.ops[c.Operation.ID]; ok {
		return changed(own(old.Operation), "operation %q", c.Operation.ID)
	}
	if c.Key != nil {
		m.keys[c.Key.Key] = own(*c.Key)
	}
	d := own(c.Decision)
	l := &broker.Ledger{Operation: own(c.Operation), Attempts: own(c.Attempts), Decision: &d}
	sortAttempts(l)
	m.ops[c.Operation.ID] = l
	m.tellEnd(c.Operation, "")
	return nil
}

func sortAttempts(l *broker.Ledger) {
	slices.SortFunc(l.Attempts, func(a, b broker.Attempt) int { return cmp.Compare(a.N, b.N) })
}

// attempt returns the stored attempt, or nil.
func (m *Memory) attempt(id string, n int) *broker.Attempt {
	if l, ok := m.ops[id]; ok {
		return l.Attempt(n)
	}
	return nil
}

// fence returns a conflict unless the attempt is stored with run and state.
func (m *Memory) fence(id string, n, run int, state broker.AttemptState) error {
	a := m.attempt(id, n)
	if a == nil {
		return changed(broker.Attempt{}, "attempt %d of %q", n, id)
	}
	if a.Run != run || a.State != state {
		return changed(own(*a), "attempt %d of %q", n, id)
	}
	return nil
}

// atVersion returns a conflict unless the operation is stored with o's version.
func (m *Memory) atVersion(o broker.Operation) error {
	l, ok := m.ops[o.ID]
	if !ok {
		return changed(broker.Operation{}, "operation %q", o.ID)
	}
	if l.Operation.Version != o.Version {
		return changed(own(l.Operation), "operation %q", o.ID)
	}
	return nil
}

func (m *Memory) setOperation(o broker.Operation) {
	o = own(o)
	o.Version++
	m.ops[o.ID].Operation = o
}

// MarkSent implements [broker.LedgerWriter].
func (m *Memory) MarkSent(_ context.Context, id string, sent broker.Fenced) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.fence(id, sent.Attempt.N, sent.SeenRun, sent.SeenState); err != nil {
		return err
	}
	*m.attempt(id, sent.Attempt.N) = own(sent.Attempt)
	return nil
}

// RecordOutcome implements [broker.LedgerWriter].
func (m *Memory) RecordOutcome(_ context.Context, o broker.Outcome) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, one := range o.Machines {
		if !m.machines[one.ID].Status.Final() {
			m.tellLoss(one)
			m.machines[one.ID] = own(one.Noted(m.machines[one.ID]))
		}
	}
	f := o.Attempt
	if err := m.fence(o.OperationID, f.Attempt.N, f.SeenRun, f.SeenState); err != nil {
		return err
	}
	if o.Closed != nil {
		if err := m.atVersion(*o.Closed); err != nil {
			return err
		}
		m.setOperation(*o.Closed)
		m.tellEnd(*o.Closed, f.Attempt.Provider)
	}
	*m.attempt(o.OperationID, f.Attempt.N) = own(f.Attempt)
	return nil
}

// TakeStep implements [broker.LedgerWriter].
func (m *Memory) TakeStep(_ context.Context, s broker.Step) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	id := s.Operation.ID
	if err := m.atVersion(s.Operation); err != nil {
		return err
	}
	for _, f := range s.Changed {
		if err := m.fence(id, f.Attempt.N, f.SeenRun, f.SeenState); err != nil {
			return err
		}
	}
	for _, a := range s.Added {
		if old := m.attempt(id, a.N); old != nil {
			return changed(own(*old), "attempt %d of %q", a.N, id)
		}
	}
	for _, f := range s.Changed {
		*m.attempt(id, f.Attempt.N) = own(f.Attempt)
	}
	l := m.ops[id]
	l.Attempts = append(l.Attempts, own(s.Added)...)
	sortAttempts(l)
	m.setOperation(s.Operation)
	m.tell(s.Tells...)
	m.told(s.Audits, nil)
	if !s.Amends {
		m.tellEnd(s.Operation, "")
	}
	return nil
}

// Ledger implements [broker.OperationReader].
func (m *Memory) Ledger(_ context.Context, id string) (broker.Ledger, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	l, ok := m.ops[id]
	if !ok || m.gone(l.Operation) {
		return broker.Ledger{}, missing("operation", id)
	}
	return own(*l), nil
}

// Operations implements [broker.OperationReader].
func (m *Memory) Operations(_ context.Context, f broker.OperationFilter, p broker.Page) ([]broker.Operation, string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var at int64
	var id string
	if p.Cursor != "" {
		if _, err := fmt.Sscanf(p.Cursor, "%d %s", &at, &id); err != nil {
			return nil, "", fault.Invalid("cursor", "is not one that this list gave")
		}
	}
	var out []broker.Operation
	for _, o := range m.newest() {
		nano := o.CreatedAt.UnixNano()
		switch {
		case p.Cursor != "" && (nano > at || nano == at && o.ID >= id):
		case f.Status != "" && o.Status != f.Status, f.Type != "" && o.Type != f.Type:
		case len(out) == p.Limit:
			last := out[len(out)-1]
			return out, fmt.Sprintf("%d %s", last.CreatedAt.UnixNano(), last.ID), nil
		default:
			out = append(out, own(o))
		}
	}
	return out, "", nil
}

// newest returns all operations, newest first.
func (m *Memory) newest() []broker.Operation {
	var all []broker.Operation
	for _, l := range m.ops {
		if !m.gone(l.Operation) {
			all = append(all, l.Operation)
		}
	}
	slices.SortFunc(all, func(a, b broker.Operation) int {
		return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(b.ID, a.ID))
	})
	return all
}

// OpenOperations implements [broker.OpenReader].
func (m *Memory) OpenOperations(_ context.Context, dueBy time.Time, limit int) ([]broker.Operation, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var due []broker.Operation
	for _, l := range m.ops {
		if l.Operation.Due() && !l.Operation.DueAt.After(dueBy) {
			due = append(due, own(l.Operation))
		}
	}
	slices.SortFunc(due, func(a, b broker.Operation) int {
		return cmp.Or(a.DueAt.Compare(b.DueAt), cmp.Compare(a.ID, b.ID))
	})
	return due[:min(len(due), limit)], nil
}
