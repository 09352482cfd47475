package command

import (
	"context"
	"fmt"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// Budgets of a search: a round of the schedule waits for it.
const (
	sweepDriver = 20 * time.Second
	sweepTask   = 25 * time.Second

	// recovering is how often a provider is searched while the broker recovers.
	recovering = time.Minute
)

// dueSweeps adds the searches that are due. Each is claimed before it is made,
// so that two schedules never make it twice. A provider whose calls are held
// back is not searched until they are let through.
func (s Service) dueSweeps(ctx context.Context, snap *broker.Snapshot, out *DueProviders) error {
	now, interval := s.Now(), sweepInterval(&snap.Config)
	for i := range snap.Providers {
		p := &snap.Providers[i]
		function, ok := s.Functions.Sweep[p.Kind]
		if !ok || !sweepDue(p, interval, now) || p.HeldBack(now) {
			continue
		}
		claimed, err := s.Registry.ClaimSweep(ctx, p.Name, p.NextSweepAt, now.Add(interval))
		if err != nil {
			return fmt.Errorf("claiming the search at %q: %w", p.Name, err)
		}
		if claimed && !p.NextSweepAt.IsZero() {
			out.Providers = append(out.Providers, ProbeWork{
				Function: function, ProviderName: p.Name,
				DriverTimeoutMS: sweepDriver.Milliseconds(), TimeoutSeconds: int(sweepTask / time.Second),
			})
		}
	}
	return nil
}

func sweepInterval(c *broker.StrategyConfig) time.Duration {
	if c.Mode == broker.ModeRecover {
		return recovering
	}
	return c.Sweeper.Interval
}

// sweepDue reports whether a provider is to be searched: at the time that its
// last claim set, or earlier when the interval has become shorter since. One
// that is new is claimed and not searched: there is nothing yet.
func sweepDue(p *broker.ProviderView, interval time.Duration, now time.Time) bool {
	return !now.Before(p.NextSweepAt) || p.NextSweepAt.Sub(now) > interval
}
