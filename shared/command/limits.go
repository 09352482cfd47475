package command

import (
	"context"
	"fmt"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/quota"
)

// findRoom notes in a snapshot how much max_machines leaves, of the providers
// that have it, for a choice of where to make machines. The worker of an
// attempt decides in the end.
func (s Service) findRoom(ctx context.Context, w wish, snap *broker.Snapshot) error {
	if w.operation != broker.CreateInstances {
		return nil
	}
	for i := range snap.Providers {
		p := &snap.Providers[i]
		if p.MaxMachines == nil {
			continue
		}
		room, err := s.Quota.Room(ctx, quota.OfProvider(p.Name, *p.MaxMachines))
		if err != nil {
			return fmt.Errorf("reading what max_machines of %q leaves: %w", p.Name, err)
		}
		p.Room = &room
	}
	return nil
}

// limitOf is how many machines of a template there may be at a time; false: any
// number.
func limitOf(t *broker.Template) (int, bool) {
	if t.MaxNumber == nil || *t.MaxNumber < 0 {
		return 0, false
	}
	return *t.MaxNumber, true
}

// reserve keeps a create's share of max_number of its template until it ends.
// no_provider_available when there is no room for all of it. The registry is
// read after what is reserved: a provider that is registered since has no
// machine whose operation has ended.
func (s Service) reserve(ctx context.Context, o *broker.Operation, t *broker.Template) error {
	limit, limited := limitOf(t)
	if !limited || t.Version == 0 { // a template that is given with the request is nobody else's
		return nil
	}
	snap, err := s.Registry.FreshSnapshot(ctx)
	if err != nil {
		return fmt.Errorf("reading the registry: %w", err)
	}
	names := make([]string, len(snap.Providers))
	for i := range snap.Providers {
		names[i] = snap.Providers[i].Name
	}
	most := machinesOf(o)
	got, room, err := s.Quota.Reserve(ctx, quota.OfTemplate(t.ID, limit, names), quota.Wish{Operation: o.ID, Count: most, Least: most})
	if err != nil {
		return fmt.Errorf("reserving of template %q: %w", t.ID, err)
	}
	if got == 0 {
		return fault.New(fault.NoProviderAvailable, "template %q allows at most %d machines at a time, and leaves %d now; %d were asked for",
			t.ID, room.Limit, room.Free, most)
	}
	o.Limited = true
	return nil
}

// unreserve gives back what an operation has reserved that has ended, or that
// was never stored. What is left by a failure is found to be over when the limit
// is reached.
func (s Service) unreserve(ctx context.Context, o *broker.Operation) {
	if !o.Limited {
		return
	}
	if err := s.Quota.ReleaseTemplate(context.WithoutCancel(ctx), o); err != nil {
		s.Log.WarnContext(ctx, "giving back what was reserved failed; it will be found", "operation_id", o.ID, "error", err)
	}
}
