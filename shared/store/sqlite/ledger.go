package sqlite

import (
	"context"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/store/schema"
)

// ClaimOperation stores a new operation with decision, attempts and
// idempotency key. *Conflict with the KeyRecord or the Operation.
func (s *Store) ClaimOperation(ctx context.Context, claim broker.Claim) error {
	return s.change(ctx, schema.ClaimOperation, func(v *view) (c schema.Change, err error) {
		if claim.Key != nil {
			if c, err = claimKey(v, *claim.Key, claim.Now); err != nil {
				return schema.Change{}, err
			}
		}
		id := claim.Operation.ID
		old, found, err := lookUp[broker.Operation](v, schema.OperationKey(id))
		if err != nil {
			return schema.Change{}, err
		}
		if found {
			return schema.Change{}, conflict(old, "operation %q", id)
		}
		return s.newOperation(v, c, claim)
	})
}

func (s *Store) newOperation(v *view, c schema.Change, claim broker.Claim) (schema.Change, error) {
	id := claim.Operation.ID
	op, err := v.kept.OperationItem(claim.Operation)
	if err != nil {
		return schema.Change{}, err
	}
	decision, err := s.packer.Decision(id, claim.Decision)
	if err != nil {
		return schema.Change{}, err
	}
	c.Put, c.Events = append(c.Put, op, decision), claim.Events()
	for _, a := range claim.Attempts {
		items, err := schema.AttemptItems(id, a)
		if err != nil {
			return schema.Change{}, err
		}
		c.Put = append(c.Put, items...)
	}
	if day := schema.OperationList.DayKey(claim.Operation.CreatedAt); !v.has(day) {
		c.Put = append(c.Put, schema.Mark(day))
	}
	return c, nil
}

func (v *view) has(k schema.Key) bool { _, found := v.get(k); return found }

// attempt reads attempt n of an operation; the zero Attempt when it is not
// there.
func (v *view) attempt(id string, n int) (a broker.Attempt, err error) {
	row, found := v.get(schema.AttemptKey(id, n))
	if !found {
		return a, nil
	}
	keys, err := schema.Outputs(id, row)
	if err != nil {
		return a, err
	}
	var pieces []schema.Item
	for _, k := range keys {
		if it, found := v.get(k); found {
			pieces = append(pieces, it)
		}
	}
	if v.failed != nil {
		return a, v.failed
	}
	return schema.Attempt(row, pieces)
}

// fenced returns the rows of an attempt's new value if the stored one is what
// its writer saw. *Conflict with the stored Attempt.
func (v *view) fenced(id string, f broker.Fenced) ([]schema.Item, error) {
	stored, err := v.attempt(id, f.Attempt.N)
	if err != nil {
		return nil, err
	}
	if stored.N == 0 || stored.Run != f.SeenRun || stored.State != f.SeenState {
		return nil, attemptConflict(id, f.Attempt.N, stored)
	}
	return schema.AttemptItems(id, f.Attempt)
}

func attemptConflict(id string, n int, stored broker.Attempt) error {
	return conflict(stored, "attempt %d of operation %q", n, id)
}

// version returns the row of o with one version more if the stored operation
// is the one that its writer saw. *Conflict with the stored Operation.
func (v *view) version(o broker.Operation) (schema.Item, error) {
	stored, found, err := lookUp[broker.Operation](v, schema.OperationKey(o.ID))
	if err != nil {
		return schema.Item{}, err
	}
	if !found || stored.Version != o.Version {
		return schema.Item{}, conflict(stored, "operation %q", o.ID)
	}
	o.Version++
	return v.kept.OperationItem(o)
}

// MarkSent stores an attempt as SENT under its fence. *Conflict with the stored
// Attempt, the zero one when there is none.
func (s *Store) MarkSent(ctx context.Context, operationID string, sent broker.Fenced) error {
	return s.change(ctx, schema.MarkSent, func(v *view) (c schema.Change, err error) {
		c.Put, err = v.fenced(operationID, sent)
		return c, err
	})
}

// TakeStep stores a decision: all of it or nothing. *Conflict with the stored
// Operation or Attempt.
func (s *Store) TakeStep(ctx context.Context, step broker.Step) error {
	return s.change(ctx, schema.TakeStep, func(v *view) (c schema.Change, err error) {
		op, err := v.version(step.Operation)
		if err != nil {
			return c, err
		}
		items := []schema.Item{op}
		for _, f := range step.Changed {
			rows, err := v.fenced(step.Operation.ID, f)
			if err != nil {
				return c, err
			}
			items = append(items, rows...)
		}
		added, err := v.added(step.Operation.ID, step.Added)
		if err != nil {
			return c, err
		}
		return schema.Change{Put: append(items, added...), Events: step.Events(), Audits: step.Audits}, nil
	})
}

// added returns the rows of new attempts. *Conflict with the stored Attempt
// when one is not new.
func (v *view) added(id string, attempts []broker.Attempt) (items []schema.Item, err error) {
	for _, a := range attempts {
		stored, err := v.attempt(id, a.N)
		if err != nil {
			return nil, err
		}
		if stored.N != 0 {
			return nil, attemptConflict(id, a.N, stored)
		}
		rows, err := schema.AttemptItems(id, a)
		if err != nil {
			return nil, err
		}
		items = append(items, rows...)
	}
	return items, nil
}
