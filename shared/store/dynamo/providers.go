package dynamo

import (
	"context"
	"errors"
	"fmt"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/store/schema"
)

// Provider returns the registration by name. not_found.
func (s *Store) Provider(ctx context.Context, name string) (broker.Registration, error) {
	r, found, err := read[broker.Registration](ctx, s, schema.RegistrationKey(name))
	if err == nil && !found {
		err = notFound("provider", name)
	}
	return r, err
}

// PutProvider stores r if the stored version is r.Version (0: none). Order is
// the store's: given at registration, kept through updates; of two that
// register a name together one wins, and the other's number is skipped.
// *Conflict with the stored Registration, the zero one when there is none.
func (s *Store) PutProvider(ctx context.Context, r broker.Registration) (broker.Registration, error) {
	old, found, err := read[broker.Registration](ctx, s, schema.RegistrationKey(r.Name))
	if err != nil {
		return broker.Registration{}, err
	}
	if old.Version != r.Version {
		return broker.Registration{}, conflict(old, "provider %q", r.Name)
	}
	r.Version, r.Order = r.Version+1, old.Order
	if !found {
		if r.Order, err = s.count(ctx, schema.OrderKey(), newExpression()); err != nil {
			return broker.Registration{}, err
		}
	}
	if err := s.putRegistration(ctx, &old, r); err != nil {
		return broker.Registration{}, err
	}
	return r, nil
}

// putRegistration writes both rows of r in the place of old. Health and the
// times of checks are attributes of their own, which the update leaves as they
// are.
func (s *Store) putRegistration(ctx context.Context, old *broker.Registration, r broker.Registration) error {
	whole, err := schema.Row(schema.RegistrationKey(r.Name), r)
	if err != nil {
		return s.unavailable("writing a provider", err)
	}
	short, err := schema.Row(schema.ProviderKey(r.Name), r.View())
	if err != nil {
		return s.unavailable("writing a provider", err)
	}
	if err := (&schema.Change{Put: []schema.Item{whole, short}}).Check(); err != nil {
		return err
	}
	audits, err := broker.RegistrationAudit(known(old.Version, old), &r, r.Actor)
	if err != nil {
		return s.unavailable("writing a provider", err)
	}
	one := replacing[broker.Registration](s, whole, old.Version, fmt.Sprintf("provider %q", r.Name))
	two := write{change: &short.Key, e: newExpression()}
	two.e.set(attrDoc, string(short.Doc))
	defer s.snapshot.forget()
	writes := append([]write{one, two}, telling([]broker.Event{broker.RegistrationEvent(old.Version, &r)})...)
	return s.transact(ctx, "writing a provider", append(writes, auditing(audits)...))
}

// known is what is stored, nil for nothing: version 0.
func known[T any](version int64, old *T) *T {
	if version == 0 {
		return nil
	}
	return old
}

func (s *Store) providerConflict(item attributes, name string) error {
	old, err := stored[broker.Registration](item)
	if err != nil {
		return s.unavailable("reading a provider", err)
	}
	return conflict(old, "provider %q", name)
}

// errGone ends a deletion: there is no such provider any more.
var errGone = errors.New("the provider is gone")

// DeleteProvider removes a registration of that version for by, with its
// breakers, health and history. *Conflict with the stored Registration; a
// missing one is no error.
func (s *Store) DeleteProvider(ctx context.Context, name string, version int64, by broker.Actor) error {
	if !readable(schema.ProviderKey(name)) {
		return nil
	}
	old, found, err := read[broker.Registration](ctx, s, schema.RegistrationKey(name))
	if err != nil || !found {
		return err
	}
	if old.Version != version {
		return conflict(old, "provider %q", name)
	}
	audits, err := broker.RegistrationAudit(&old, nil, by)
	if err != nil {
		return s.unavailable("deleting a provider", err)
	}
	defer s.snapshot.forget()
	for {
		more, err := s.deleteProvider(ctx, name, version, audits)
		if errors.Is(err, errGone) {
			return nil
		}
		if err != nil || !more {
			return err
		}
	}
}

// deleteProvider deletes in one transaction: all of it, or, while the history
// is too long for one, a part of the history.
func (s *Store) deleteProvider(ctx context.Context, name string, version int64, audits []broker.AuditEvent) (more bool, err error) {
	history, err := s.rows(ctx, query{pk: schema.HistoryPK(name), limit: schema.MaxGroup + 1})
	if err != nil {
		return false, err
	}
	k := schema.RegistrationKey(name)
	guard := write{gone: &k, e: newExpression()}
	guard.e.when(guard.e.compare(attrVersion, "=", version))
	guard.refused = func(item attributes) error {
		if len(item) == 0 {
			return errGone
		}
		return s.providerConflict(item, name)
	}
	if more = len(history) > schema.MaxGroup; more {
		history, guard.gone, guard.seen = history[:schema.MaxGroup], nil, &k
	}
	writes := []write{guard}
	for i := range history {
		writes = append(writes, deleting(history[i].key()))
	}
	if !more {
		writes = append(writes, deleting(schema.ProviderKey(name)), deleting(schema.CapabilitiesKey(name)), deleting(schema.SweepKey(name)))
		for _, k := range schema.LiveKeys(name) {
			s.lives.forget(k)
			writes = append(writes, deleting(k))
		}
		writes = append(writes, telling([]broker.Event{broker.DeregistrationEvent(name, version)})...)
		writes = append(writes, auditing(audits)...)
	}
	return more, s.transact(ctx, "deleting a provider", writes)
}
