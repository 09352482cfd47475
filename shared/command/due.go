package command

import (
	"context"
	"fmt"
	"time"

	"github.com/openhostfactory/ohfp/shared/breaker"
	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/op"
)

// Due names the providers whose health is to be checked now, and those where
// machines without a record are to be looked for.
var Due = op.Define(op.Spec{
	Name: "due", Kind: op.Schedule, Timeout: 10 * time.Second,
	Summary: "Name the providers that are to be checked now, and those that are to be searched for machines without a record",
}, Service.due)

// DueInput says whose; empty is everybody's.
type DueInput struct {
	ProviderName string `json:"provider_name,omitempty" doc:"This provider now, whether its check is due or not." format:"name"`
}

// DueProviders is what the workflow goes through.
type DueProviders struct {
	Providers []ProbeWork `json:"providers"`
}

// ProbeWork is one check, or one search, for the function that makes it.
type ProbeWork struct {
	Function        string `json:"function"`
	ProviderName    string `json:"provider_name"`
	DriverTimeoutMS int64  `json:"driver_timeout_ms"`
	TimeoutSeconds  int    `json:"timeout_seconds"`

	Scheduled bool             `json:"scheduled,omitempty"`
	Waiting   map[string]int64 `json:"waiting,omitempty"` // classes whose breakers wait for a check that passes, with their epochs
}

// due claims each check before it is made, so that two schedules never make
// it twice. After one that was claimed and did not report nothing is well: its
// prober is dead, which must not look like health.
func (s Service) due(ctx context.Context, in DueInput) (DueProviders, error) {
	if in.ProviderName != "" {
		return s.named(ctx, in.ProviderName)
	}
	snap, err := s.Registry.FreshSnapshot(ctx)
	if err != nil {
		return DueProviders{}, fmt.Errorf("reading the registry: %w", err)
	}
	out := DueProviders{Providers: []ProbeWork{}}
	now := s.Now()
	for i := range snap.Providers {
		p := &snap.Providers[i]
		interval := intervalOf(p, &snap.Config)
		if !s.Functions.HasDriver(p.Kind) || !isDue(p, interval, now) {
			continue
		}
		claimed, err := s.claimCheck(ctx, p, interval)
		if err != nil {
			return DueProviders{}, err
		}
		if claimed {
			w := s.probeWork(p.Name, p.Kind)
			w.Scheduled, w.Waiting = true, waiting(p, now)
			out.Providers = append(out.Providers, w)
		}
	}
	return out, s.dueSweeps(ctx, &snap, &out)
}

// waiting are the breakers of a provider to which it matters that a check
// passes.
func waiting(p *broker.ProviderView, now time.Time) map[string]int64 {
	var out map[string]int64
	for class, l := range p.Live {
		if breaker.Waits(&l, now) {
			if out == nil {
				out = map[string]int64{}
			}
			out[class] = l.Epoch
		}
	}
	return out
}

// intervalOf is the time between two checks of a provider.
func intervalOf(p *broker.ProviderView, c *broker.StrategyConfig) time.Duration {
	if p.HealthCheckInterval > 0 {
		return p.HealthCheckInterval
	}
	return c.HealthCheckInterval
}

// isDue reports whether a provider is to be checked: at the time that its last
// claim set, or earlier when the interval has become shorter since, or when
// what somebody said of its health has run out.
func isDue(p *broker.ProviderView, interval time.Duration, now time.Time) bool {
	if now.Before(p.NotBefore) { // it asked for no call
		return false
	}
	if !now.Before(p.NextCheckAt) {
		return true
	}
	if !p.Health.Until.IsZero() && !now.Before(p.Health.Until) && p.CheckStartedAt.IsZero() {
		return true
	}
	reported := p.CheckStartedAt.IsZero() && !p.Health.CheckedAt.IsZero()
	return reported && !now.Before(p.Health.CheckedAt.Add(interval))
}

// named is one provider's check, unclaimed: it is made beside the schedule.
func (s Service) named(ctx context.Context, name string) (DueProviders, error) {
	r, err := s.Registry.Provider(ctx, name)
	if err != nil {
		return DueProviders{}, fmt.Errorf("reading provider %q: %w", name, fault.Lookup(err, "provider_name", whichProviders))
	}
	out := DueProviders{Providers: []ProbeWork{}}
	if s.Functions.HasDriver(r.Kind) {
		out.Providers = append(out.Providers, s.probeWork(r.Name, r.Kind))
	}
	return out, nil
}

func (s Service) probeWork(name, kind string) ProbeWork {
	return ProbeWork{
		Function: s.Functions.Probe[kind], ProviderName: name,
		DriverTimeoutMS: syncDriver.Milliseconds(), TimeoutSeconds: int(syncTask / time.Second),
	}
}

// claimCheck takes one check, after it has noted that the one before is
// silent: what is recorded ends the check in progress, so it comes first.
func (s Service) claimCheck(ctx context.Context, p *broker.ProviderView, interval time.Duration) (bool, error) {
	now := s.Now()
	if !p.CheckStartedAt.IsZero() {
		if err := s.noteSilence(ctx, p, now); err != nil {
			return false, err
		}
	}
	claimed, err := s.Registry.ClaimCheck(ctx, p.Name, p.NextCheckAt, now, now.Add(interval))
	if err != nil {
		return false, fmt.Errorf("claiming the check of %q: %w", p.Name, err)
	}
	return claimed, nil
}

func (s Service) noteSilence(ctx context.Context, p *broker.ProviderView, now time.Time) error {
	silent := broker.Health{ // not one that failed: it says nothing about the provider, and opens no breaker
		State: broker.Unhealthy, CheckedAt: now,
		Message: "the last check did not report; its prober may have died",
	}
	if _, err := s.Registry.RecordHealth(ctx, p.Name, silent); err != nil && !fault.Is(err, fault.NotFound) {
		return fmt.Errorf("recording the silent check of %q: %w", p.Name, err)
	}
	return nil
}
