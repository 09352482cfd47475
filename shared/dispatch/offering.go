package dispatch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/openhostfactory/ohfp/shared/breaker"
	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/fulfilment"
	"github.com/openhostfactory/ohfp/shared/providers/config"
)

// tries makes sure that what the provider was out of, by what the request saw,
// is tried by this job alone: the template where it did not work, and one of
// the offerings that will do. It returns the block that says no.
func (s Service) tries(ctx context.Context, j *job) (*broker.Block, error) {
	c := j.ledger.Operation.Candidate(j.attempt().Provider)
	if j.work.Action != fulfilment.ActCreate || c == nil || c.Waived {
		return nil, nil
	}
	template := config.TemplateOffering(j.attempt().Spec.Template)
	offerings := slices.DeleteFunc(slices.Clone(c.Blocked), func(name string) bool { return name == template })
	if len(offerings) < len(c.Blocked) {
		if shut, err := s.try(ctx, j, template); shut != nil || err != nil {
			return shut, err
		}
	}
	return s.tryAny(ctx, j, offerings)
}

// tryAny returns the block that ends first when none of the offerings may be
// tried.
func (s Service) tryAny(ctx context.Context, j *job, offerings []string) (first *broker.Block, err error) {
	for _, name := range offerings {
		shut, err := s.try(ctx, j, name)
		if shut == nil || err != nil {
			return nil, err
		}
		if first == nil || shut.FreeFrom().Before(first.FreeFrom()) {
			first = shut
		}
	}
	return first, nil
}

// try takes the permit of one offering; the block that is stored says no.
func (s Service) try(ctx context.Context, j *job, offering string) (*broker.Block, error) {
	key := broker.BlockKey{Provider: j.attempt().Provider, Offering: offering}
	_, err := s.Blocks.ApplyBlock(ctx, key, breaker.Trying(breaker.Caller{Attempt: j.name(), Now: s.Now(), Lease: j.lease()}))
	if c := new(broker.Conflict); errors.As(err, &c) {
		if b, ok := c.Current.(broker.Block); ok {
			return &b, nil
		}
	}
	if err != nil {
		return nil, fmt.Errorf("trying an offering of %q: %w", key.Provider, err)
	}
	j.trying = append(j.trying, offering)
	return nil, nil
}

// outOf is the ending of a call that another's finding makes needless. It is
// short of the same, and nothing was sent.
func (s Service) outOf(j *job, b *broker.Block) ending {
	if b == nil {
		return ending{}
	}
	why := fmt.Sprintf("%s is out of %q until %s", j.attempt().Provider, b.Offering, b.FreeFrom().UTC().Format(time.RFC3339))
	if b.Message != "" {
		why += ": " + b.Message
	}
	e := s.refused(j, why, b.FreeFrom())
	e.attempt.Class, e.attempt.Code = fault.Class(b.Reason), "blocked"
	return e
}

// learn notes what a call found out about what it asked for. Blocks are
// evidence, not truth: one that cannot be written costs a wasted try.
func (s Service) learn(ctx context.Context, j *job, e *ending) {
	if j.began.IsZero() || !asks(j.work.Action) {
		s.let(ctx, j)
		return
	}
	blocks, template := breaker.Blocks(e.evidence)
	switch {
	case blocks && !(template && e.attempt.Confirmed > 0): // else it works, for some of it
		s.deny(ctx, j, e, template)
	case e.evidence == fault.None && e.attempt.State == broker.Confirmed:
		c := j.ledger.Operation.Candidate(j.attempt().Provider)
		for _, offering := range c.Blocked {
			s.note(ctx, j, offering, breaker.Given(j.tried(), s.Now()))
		}
	default:
		s.let(ctx, j)
	}
}

func (j *job) tried() breaker.Try {
	return breaker.Try{Attempt: j.name(), Began: j.began, Order: j.order, Version: j.of}
}

// asks reports whether an action is answered by what there is of machines.
func asks(a fulfilment.Action) bool {
	return a == fulfilment.ActCreate || a == fulfilment.ActResolve || a == fulfilment.ActPoll
}

func (s Service) deny(ctx context.Context, j *job, e *ending, template bool) {
	offerings := config.Offerings(j.attempt().Spec.Template)
	if template {
		offerings = []string{config.TemplateOffering(j.attempt().Spec.Template)}
	}
	w := breaker.Denied(j.tried(), e.evidence, s.Now())
	w.Code, w.Message = e.attempt.Code, e.attempt.Message
	for _, offering := range offerings {
		s.note(ctx, j, offering, w)
	}
	j.trying = slices.DeleteFunc(j.trying, func(name string) bool { return slices.Contains(offerings, name) })
	s.let(ctx, j)
}

// let gives up what this job alone was to try: the next caller may.
func (s Service) let(ctx context.Context, j *job) {
	for _, offering := range j.trying {
		s.note(ctx, j, offering, breaker.Untold(j.tried(), s.Now()))
	}
}

// note changes a block. A conflict means that it says so already, or that
// somebody else has it now.
func (s Service) note(ctx context.Context, j *job, offering string, w broker.BlockWrite) {
	key := broker.BlockKey{Provider: j.attempt().Provider, Offering: offering}
	b, err := s.Blocks.ApplyBlock(ctx, key, w)
	if c := new(broker.Conflict); errors.As(err, &c) {
		return
	}
	switch {
	case err != nil:
		s.Log.ErrorContext(ctx, "noting what a provider is out of failed", "provider", key.Provider, "offering", offering, "error", err)
	case w.Kind == broker.BlockDeny:
		s.Log.WarnContext(ctx, "a provider is out of something", "provider", key.Provider, "offering", offering, "class", w.Reason, "until", b.Until)
	}
}
