package command

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/fulfilment"
)

// tidyRequest sees to a request that has ended. What its answer hands out to
// nobody is returned; and so is everything, when nobody has read the answer in
// time. Each step is stored before the next is taken, and each can be taken
// twice: a crash anywhere is made good by the next tick.
func (s Service) tidyRequest(ctx context.Context, id string) error {
	l, err := s.Ledger.Ledger(ctx, id)
	if err != nil {
		return fmt.Errorf("reading request %s: %w", id, err)
	}
	o := l.Operation
	if !o.Watched() || o.DueAt.After(s.Now()) {
		return nil // the list was a little old
	}
	if s.unclaimed(&o) {
		if moved, err := s.giveUp(ctx, &l); !moved || err != nil {
			return err // somebody has read it after all
		}
	}
	if err := s.returnLeftover(ctx, &l); err != nil {
		return err
	}
	o = l.Operation
	done := *o.Request
	done.TidiedAt = s.Now()
	o.DueAt = done.ClosedAt.Add(done.ClaimWithin)
	_, err = s.restate(ctx, o, done)
	return err
}

// takeBack returns what a request is known to have got whose answer is final
// and was not read in time, while the outcome of something else that it asked
// for is still being found out. That may take as long as its provider is away.
func (s Service) takeBack(ctx context.Context, o *broker.Operation) error {
	if r := o.Request; r == nil || r.ClosedAt.IsZero() || !s.unclaimed(o) && r.TakenBackAt.IsZero() {
		return nil
	}
	l, err := s.Ledger.Ledger(ctx, o.ID)
	if err != nil {
		return fmt.Errorf("reading request %s: %w", o.ID, err)
	}
	if s.unclaimed(&l.Operation) {
		if moved, err := s.giveUp(ctx, &l); !moved || err != nil {
			return err
		}
	}
	return s.returnLeftover(ctx, &l)
}

// giveUp notes, there and in l, that nobody will read the answer of a request;
// false: somebody has meanwhile.
func (s Service) giveUp(ctx context.Context, l *broker.Ledger) (bool, error) {
	r := *l.Operation.Request
	r.TakenBackAt, r.TidiedAt = s.Now(), time.Time{} // there is more to see to
	if moved, err := s.restate(ctx, l.Operation, r); !moved || err != nil {
		return false, err
	}
	l.Operation.Version++
	l.Operation.Request = &r
	s.Log.WarnContext(ctx, "nobody asked for the result of a request; its machines are returned", "request_id", l.Operation.ID, "after", r.ClaimWithin)
	return true, nil
}

// restate stores what is new of a request; false: it has changed since.
func (s Service) restate(ctx context.Context, o broker.Operation, r broker.HostRequest) (bool, error) {
	o.Request = &r
	err := s.Ledger.TakeStep(ctx, broker.Step{Operation: o, Amends: true})
	if c := new(broker.Conflict); errors.As(err, &c) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("storing what became of request %s: %w", o.ID, err)
	}
	return true, nil
}

// unclaimed reports whether it is time to give up that somebody asks for the
// result of a request.
func (s Service) unclaimed(o *broker.Operation) bool {
	r := o.Request
	return o.Type == broker.CreateInstances && r.ClaimedAt.IsZero() && r.TakenBackAt.IsZero() && !s.Now().Before(r.ClosedAt.Add(r.ClaimWithin))
}

// leftovers is the namespace of the ids of returns that nobody asked for.
var leftovers = uuid.MustParse("0b6c2e4e-9d5b-5a86-8f0b-3f1f6a0c7d55")

// returnLeftover stores and starts the return of what is nobody's. Its id
// follows from the request and from what is returned, so that it is stored
// once, however often this is tried.
func (s Service) returnLeftover(ctx context.Context, l *broker.Ledger) error {
	ids := fulfilment.Leftover(l)
	for len(ids) > 0 {
		some := ids[:min(len(ids), returnAtOnce)]
		if err := s.returnSome(ctx, l, some); err != nil {
			return err
		}
		ids = ids[len(some):]
	}
	return nil
}

func (s Service) returnSome(ctx context.Context, l *broker.Ledger, ids []string) error {
	machines, err := s.Ledger.Machines(ctx, ids)
	if err != nil {
		return fmt.Errorf("reading machines: %w", err)
	}
	from := l.Operation
	id := "ret-" + uuid.NewSHA1(leftovers, []byte(from.ID+"/"+strings.Join(ids, "/"))).String()
	c, err := s.planReturn(ctx, id, machines, broker.HostRequest{Instance: from.Request.Instance})
	if err != nil {
		return err
	}
	c.Operation.Reason = "nobody's machines of request " + from.ID
	if _, err := s.Ledger.Ledger(ctx, id); err == nil {
		return nil // it was stored before, and is carried out by whoever resumes operations
	} else if !fault.Is(err, fault.NotFound) {
		return fmt.Errorf("reading return %s: %w", id, err)
	}
	s.Log.InfoContext(ctx, "returning what is nobody's", "request_id", from.ID, "return_id", id, "machines", len(ids))
	if err := s.claim(ctx, c); err != nil {
		return fmt.Errorf("storing a return of request %s: %w", from.ID, err)
	}
	if c.Operation.Status.Open() {
		s.launch(ctx, c)
	}
	return nil
}
