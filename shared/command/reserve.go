package command

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
)

// limitOf is how many machines of a template there may be at one time; false:
// any number.
func limitOf(t *broker.Template) (int, bool) {
	if t.MaxNumber == nil || *t.MaxNumber < 0 {
		return 0, false
	}
	return *t.MaxNumber, true
}

// reserveTries bounds how often a row that others change meanwhile is written:
// of those who write at one time, one gets through at each try.
const reserveTries = 200

// reserve takes n machines of a template's limit for a request, before it is
// stored: a crash in between leaves a reservation that counting again removes.
// no_provider_available when there are not so many left.
func (s Service) reserve(ctx context.Context, t *broker.Template, request string, n int) error {
	limit, limited := limitOf(t)
	if !limited {
		return nil
	}
	recounted := false
	for range reserveTries {
		u, err := s.Requests.Use(ctx, broker.TemplateScope(t.ID))
		if err != nil {
			return fmt.Errorf("reading what is reserved of template %q: %w", t.ID, err)
		}
		if n > limit-u.Total() && !recounted {
			recounted = true
			u, err = s.recounted(ctx, u, len(u.Held))
		}
		switch {
		case err != nil:
			return err
		case n > limit-u.Total():
			return fault.New(fault.NoProviderAvailable, "template %q allows %d machines at one time; %d are there or requested, and %d more were asked for", t.ID, limit, u.Total(), n)
		}
		u.Held = held(u.Held, request, broker.Held{Count: n, CountedAt: s.Now()})
		if stored, err := s.putUse(ctx, u); stored || err != nil {
			return err
		}
	}
	return fault.New(fault.StoreUnavailable, "What is reserved of template %q is changed by others faster than it can be written.", t.ID)
}

// held is what is held with one holder more.
func held(all map[string]broker.Held, request string, h broker.Held) map[string]broker.Held {
	out := map[string]broker.Held{request: h}
	for r, other := range all {
		if r != request {
			out[r] = other
		}
	}
	return out
}

// putUse stores what is reserved; false: somebody else did in between.
func (s Service) putUse(ctx context.Context, u broker.Use) (bool, error) {
	_, err := s.Requests.PutUse(ctx, u)
	if c := new(broker.Conflict); errors.As(err, &c) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("reserving of %q: %w", u.Scope, err)
	}
	return true, nil
}

// release gives back what a request reserved that was not stored. When it
// cannot, counting again will.
func (s Service) release(ctx context.Context, t *broker.Template, request string) {
	if _, limited := limitOf(t); !limited {
		return
	}
	ctx = context.WithoutCancel(ctx)
	for range reserveTries {
		u, err := s.Requests.Use(ctx, broker.TemplateScope(t.ID))
		if err == nil {
			u.Held = maps.Clone(u.Held)
			delete(u.Held, request)
			var stored bool
			if stored, err = s.putUse(ctx, u); stored {
				return
			}
		}
		if err != nil {
			s.Log.WarnContext(ctx, "giving back a reservation failed; it is found when it is counted again", "request_id", request, "error", err)
			return
		}
	}
}

// settled is how long a reservation may be without its request: the time
// between the two writes.
const settled = 2 * time.Minute

// recounted returns u with what the holders that were not counted for longest
// hold now, at most so many of them.
func (s Service) recounted(ctx context.Context, u broker.Use, most int) (broker.Use, error) {
	u.Held = maps.Clone(u.Held)
	oldest := slices.SortedFunc(maps.Keys(u.Held), func(a, b string) int { return u.Held[a].CountedAt.Compare(u.Held[b].CountedAt) })
	for _, request := range oldest[:min(most, len(oldest))] {
		h, err := s.holds(ctx, request, u.Held[request])
		if err != nil {
			return u, err
		}
		if h.Count == 0 {
			delete(u.Held, request)
			continue
		}
		u.Held[request] = h
	}
	return u, nil
}

// holds is what a request holds now: all that it asked for while it is open,
// those that have not ended after that. One that is not there yet holds what it
// reserved, for the time between the two writes.
func (s Service) holds(ctx context.Context, request string, h broker.Held) (broker.Held, error) {
	now := s.Now()
	if len(h.Machines) > 0 {
		return s.living(ctx, h.Machines, now)
	}
	l, err := s.Ledger.Ledger(ctx, request)
	switch {
	case fault.Is(err, fault.NotFound) && now.Sub(h.CountedAt) > settled:
		return broker.Held{}, nil
	case fault.Is(err, fault.NotFound):
		return h, nil
	case err != nil:
		return h, fmt.Errorf("reading request %s: %w", request, err)
	case l.Operation.Status.Open():
		return broker.Held{Count: l.Operation.Wanted, CountedAt: now}, nil
	}
	var ids []string
	for i := range l.Attempts {
		for _, m := range l.Attempts[i].Machines {
			ids = append(ids, m.ID)
		}
	}
	return s.living(ctx, ids, now)
}

// living is what is held of machines: those that have not ended.
func (s Service) living(ctx context.Context, ids []string, now time.Time) (broker.Held, error) {
	machines, err := s.Ledger.Machines(ctx, ids)
	if err != nil {
		return broker.Held{}, fmt.Errorf("reading machines: %w", err)
	}
	h := broker.Held{CountedAt: now}
	for i := range machines {
		if !machines[i].Status.Final() {
			h.Machines = append(h.Machines, machines[i].ID)
		}
	}
	h.Count = len(h.Machines)
	return h, nil
}

// recountAtOnce is how many holders of a template a tick counts again.
const recountAtOnce = 50

// recount counts again what is reserved of templates with a limit, so that
// what has ended may be asked for again.
func (s Service) recount(ctx context.Context) error {
	page := broker.Page{Limit: 1000}
	for {
		templates, next, err := s.Templates.Templates(ctx, page)
		if err != nil {
			return fmt.Errorf("reading templates: %w", err)
		}
		for i := range templates {
			if _, limited := limitOf(&templates[i]); limited {
				if err := s.recountOne(ctx, broker.TemplateScope(templates[i].ID)); err != nil {
					return err
				}
			}
		}
		if page.Cursor = next; next == "" {
			return nil
		}
	}
}

// recountOne leaves a row that somebody else writes meanwhile to the next tick.
func (s Service) recountOne(ctx context.Context, scope string) error {
	u, err := s.Requests.Use(ctx, scope)
	if err != nil {
		return fmt.Errorf("reading what is reserved of %q: %w", scope, err)
	}
	if len(u.Held) == 0 {
		return nil
	}
	if u, err = s.recounted(ctx, u, recountAtOnce); err != nil {
		return err
	}
	_, err = s.putUse(ctx, u)
	return err
}
