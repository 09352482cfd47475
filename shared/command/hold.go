package command

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
)

var breakerClasses = [...]string{broker.ClassMutate, broker.ClassRead}

// take records what is said of a provider's health, and holds its calls back
// or lets them through; p becomes what is stored then.
func (s Service) take(ctx context.Context, p *broker.ProviderView, h broker.Health) error {
	if !h.OK() {
		if err := s.move(ctx, p, func(broker.Live) (broker.LiveWrite, bool) {
			return broker.LiveWrite{Kind: broker.LiveForce, Now: s.Now(), OpenUntil: h.Until, Reason: h.Message, Source: h.Source}, true
		}); err != nil {
			return err
		}
	}
	stored, err := s.Registry.RecordHealth(ctx, p.Name, h)
	if err != nil {
		return fmt.Errorf("recording the health of %q: %w", p.Name, fault.Lookup(err, "provider_name", whichProviders))
	}
	p.Health = stored
	if !h.OK() {
		return nil
	}
	return s.move(ctx, p, func(l broker.Live) (broker.LiveWrite, bool) { return release(&l, s.Now()) })
}

// release is the write that somebody's word for a provider's health makes
// necessary: what was held back is let go; what failures have opened may be
// tried, and closes when that goes well. False: none.
func release(l *broker.Live, now time.Time) (broker.LiveWrite, bool) {
	switch {
	case l.Source != "":
		return broker.LiveWrite{Kind: broker.LiveLift, Now: now}, true
	case l.StateAt(now) == broker.Open:
		return broker.LiveWrite{Kind: broker.LiveAllow, Now: now, Epoch: l.Epoch}, true
	}
	return broker.LiveWrite{}, false
}

// moveTries bounds how often a breaker that others change meanwhile is looked
// at again.
const moveTries = 8

// move changes both breakers of a provider by what each of them needs, and
// leaves in p what is stored then.
func (s Service) move(ctx context.Context, p *broker.ProviderView, need func(broker.Live) (broker.LiveWrite, bool)) error {
	if p.Live == nil {
		p.Live = map[string]broker.Live{}
	}
	for _, class := range breakerClasses {
		after, err := s.moveOne(ctx, broker.LiveKey{Provider: p.Name, Class: class}, p.Live[class], need)
		if err != nil {
			return fmt.Errorf("changing a breaker of %q: %w", p.Name, err)
		}
		p.Live[class] = after
	}
	return nil
}

func (s Service) moveOne(
	ctx context.Context, key broker.LiveKey, l broker.Live, need func(broker.Live) (broker.LiveWrite, bool),
) (broker.Live, error) {
	var err error
	for range moveTries {
		w, ok := need(l)
		if !ok {
			return l, nil
		}
		var after broker.Live
		if after, err = s.Registry.ApplyLive(ctx, key, w); err == nil {
			return after, nil
		}
		c := new(broker.Conflict)
		if !errors.As(err, &c) {
			return l, err //nolint:wrapcheck // move says what was done
		}
		if l, ok = c.Current.(broker.Live); !ok {
			return l, err //nolint:wrapcheck // move says what was done
		}
	}
	return l, fault.New(fault.StoreUnavailable, "The breaker of %q is changed by others faster than it can be written.", key.Provider)
}
