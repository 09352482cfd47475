package dynamo

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/store/schema"
)

// Leases returns the leases of a provider, by host.
func (s *Store) Leases(ctx context.Context, provider string) ([]broker.Lease, error) {
	rows, err := s.rows(ctx, query{pk: schema.PoolPK(provider), limit: everything})
	if err != nil {
		return nil, err
	}
	held := make([]broker.Lease, 0, len(rows))
	for _, r := range rows {
		l, err := leaseOf(r)
		if err != nil {
			return nil, s.unavailable("reading leases", err)
		}
		if !r.Free {
			held = append(held, l)
		}
	}
	return held, nil
}

// leaseOf reads a lease; the zero one when the host is free. The version
// counts in an attribute of its own: who takes a free host does not know it.
func leaseOf(r row) (broker.Lease, error) {
	if r.Free || r.Version == nil {
		return broker.Lease{}, nil
	}
	l, err := decode[schema.LeaseRow](r)
	l.Version = *r.Version
	return l.Lease, err
}

func leaseOfItem(item attributes) (broker.Lease, error) {
	if len(item) == 0 {
		return broker.Lease{}, nil
	}
	r, err := parseRow(item)
	if err != nil {
		return broker.Lease{}, err
	}
	return leaseOf(r)
}

// TakeLease stores l if the stored version is l.Version (0: none). Versions of
// a host never repeat, also when it was free in between. *Conflict with the
// stored Lease, the zero one when there is none.
func (s *Store) TakeLease(ctx context.Context, l broker.Lease) (broker.Lease, error) {
	it, err := schema.LeaseItem(schema.LeaseRow{Lease: l})
	if err != nil {
		return broker.Lease{}, s.unavailable("taking a lease", err)
	}
	if err := (&schema.Change{Put: []schema.Item{it}}).Check(); err != nil {
		return broker.Lease{}, err
	}
	e := newExpression()
	e.set(attrDoc, string(it.Doc))
	e.set(attrMachine, l.MachineID)
	e.add(attrVersion, 1)
	e.remove(attrFree)
	if l.Version == 0 {
		e.when(either(e.absent(attrVersion), e.exists(attrFree)))
	} else {
		e.when(e.compare(attrVersion, "=", l.Version) + " AND " + e.absent(attrFree))
	}
	item, err := s.update(ctx, it.Key, e, types.ReturnValueAllNew)
	if refused, ok := errors.AsType[*refusal](err); ok {
		return broker.Lease{}, s.leaseConflict(refused, l)
	}
	if err != nil {
		return broker.Lease{}, err
	}
	return s.taken(item)
}

func (s *Store) taken(item attributes) (broker.Lease, error) {
	l, err := leaseOfItem(item)
	return l, s.unavailable("taking a lease", err)
}

func (s *Store) leaseConflict(refused *refusal, l broker.Lease) error {
	held, err := leaseOfItem(refused.item)
	if err != nil {
		return s.unavailable("reading a lease", err)
	}
	return conflict(held, "lease of host %q of provider %q", l.Host, l.Provider)
}

// DropLease frees the host if the machine still holds it; true if it did.
func (s *Store) DropLease(ctx context.Context, provider, host, machineID string) (bool, error) {
	if !readable(schema.LeaseKey(provider, host)) {
		return false, nil
	}
	doc, err := schema.Encode(schema.LeaseRow{Lease: broker.Lease{Provider: provider, Host: host}, Free: true})
	if err != nil {
		return false, fmt.Errorf("freeing host %q: %w", host, err)
	}
	e := newExpression()
	e.set(attrDoc, string(doc))
	e.set(attrFree, true)
	e.remove(attrMachine)
	e.when(e.compare(attrMachine, "=", machineID))
	_, err = s.update(ctx, schema.LeaseKey(provider, host), e, types.ReturnValueNone)
	if _, ok := errors.AsType[*refusal](err); ok {
		return false, nil
	}
	return err == nil, err
}
