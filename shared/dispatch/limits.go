package dispatch

import (
	"context"
	"fmt"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/fulfilment"
	"github.com/openhostfactory/ohfp/shared/providers/config"
	"github.com/openhostfactory/ohfp/shared/quota"
)

func (j *job) limit() quota.Limit { return quota.OfProvider(j.attempt().Provider, *j.most) }

// reserve keeps room under the provider's max_machines for a creation before it
// is stored as SENT. Where there is room for a part, the attempt asks for that,
// and the rest of the wish goes elsewhere. It returns the room when there is
// none.
func (s Service) reserve(ctx context.Context, j *job) (*broker.Room, error) {
	if j.work.Action != fulfilment.ActCreate || j.most == nil {
		return nil, nil
	}
	a := j.attempt()
	most := config.MostMachines(a.Kind, a.Spec, a.Count)
	got, room, err := s.Quota.Reserve(ctx, j.limit(), quota.Wish{Operation: j.work.OperationID, Run: j.work.Run, Count: most})
	switch {
	case err != nil:
		return nil, fmt.Errorf("reserving machines of %q: %w", a.Provider, err)
	case got == 0:
		return &room, nil
	case got < most:
		j.short = fmt.Sprintf("max_machines of %s is %d, which left room for %d of %d", a.Provider, room.Limit, got, most)
		j.askFor(config.MostUnits(a.Kind, a.Spec, got))
	}
	return nil, nil
}

// noRoom is the ending of a creation that max_machines leaves no room for.
func (s Service) noRoom(j *job, room *broker.Room) ending {
	if room == nil {
		return ending{}
	}
	e := s.refused(j, fmt.Sprintf("max_machines of %s is %d, and all of them are there or asked for", j.attempt().Provider, room.Limit), time.Time{})
	e.attempt.Class, e.attempt.Code = fault.Quota, "max_machines"
	return e
}

// askFor lets a creation ask for fewer machines, or units. The count is stored with SENT,
// before the call.
func (j *job) askFor(n int) {
	a := j.attempt()
	spec := *a.Spec
	spec.Count, a.Count, a.Spec = n, n, &spec
}

// explained says of machines that were made why there are not more.
func (j *job) explained(e ending) ending {
	if j.short != "" && e.attempt.State == broker.Confirmed && e.attempt.Class == fault.None {
		e.attempt.Class, e.attempt.Code, e.attempt.Message = fault.Quota, "max_machines", j.short
	}
	return e
}

// unreserve gives back what a creation has reserved at its provider, once its
// machines are recorded or there are none. What is left by a failure is found
// to be over when the limit is reached.
func (s Service) unreserve(ctx context.Context, j *job, e *ending) {
	if j.most == nil || e.attempt.State.Reserves() || e.attempt.Undoes > 0 || j.ledger.Operation.Type != broker.CreateInstances {
		return
	}
	if err := s.Quota.Release(ctx, j.limit(), j.work.OperationID, j.work.Run); err != nil {
		s.Log.WarnContext(ctx, "giving back what was reserved failed; it will be found", "operation_id", j.work.OperationID, "provider", e.attempt.Provider, "error", err)
	}
}

// closed gives back what an operation has reserved of its template.
func (s Service) closed(ctx context.Context, o *broker.Operation) {
	if !o.Limited {
		return
	}
	if err := s.Quota.ReleaseTemplate(ctx, o); err != nil {
		s.Log.WarnContext(ctx, "giving back what was reserved failed; it will be found", "operation_id", o.ID, "error", err)
	}
}
