package sim_test

import (
	"context"
	"fmt"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers"
	"github.com/openhostfactory/ohfp/shared/providers/providertest/sim"
)

// weather is how a provider is at a moment.
type weather struct {
	down      float64       // share of calls that fail before they are sent
	lost      float64       // share of creations whose answer is lost after their effect, or before it
	hang      bool          // no call is answered
	latency   time.Duration // of each call
	throttled time.Duration // every call is refused, with this hint
	empty     bool          // there are no machines
	forgets   bool          // tokens: each call is a new wish
}

// fleet is a provider with a plan of its weather.
type fleet struct {
	*sim.Provider
	name     string
	priority int
	site     *site
	began    time.Time
	weather  func(since time.Duration) weather
}

var _ providers.Driver = (*fleet)(nil)

const endless = 1 << 30

func newFleet(s *site, f *fleet) *fleet {
	made := *f
	made.site, made.began = s, time.Now()
	made.Provider = sim.New(sim.Options{Name: f.name, Free: endless, Now: time.Now})
	return &made
}

// now is the weather at this moment.
func (f *fleet) now() weather {
	if f.weather == nil {
		return weather{latency: 50 * time.Millisecond}
	}
	return f.weather(time.Since(f.began))
}

// enter lets a call meet the weather. Its error is the call's answer.
func (f *fleet) enter(ctx context.Context, w weather) error {
	if w.hang {
		<-ctx.Done()
		return &fault.ProviderError{Class: fault.Timeout, Sent: true, Code: "silent", Message: "no answer"}
	}
	if err := sleep(ctx, w.latency); err != nil {
		return &fault.ProviderError{Class: fault.Timeout, Sent: true, Code: "late", Message: "no answer in time"}
	}
	switch {
	case w.throttled > 0:
		return &fault.ProviderError{Class: fault.Throttle, Code: "throttled", Message: "too many calls", RetryAfter: w.throttled}
	case f.site.draw() < w.down:
		return &fault.ProviderError{Class: fault.Down, Code: "refused", Message: "nobody listens"}
	}
	return nil
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Create makes machines if the weather allows it.
func (f *fleet) Create(ctx context.Context, spec broker.CreateSpec) (providers.CreateResult, error) {
	w := f.now()
	if err := f.enter(ctx, w); err != nil {
		f.site.note(func(t *tally) { t.calls++; t.failing++ })
		return providers.CreateResult{}, err
	}
	f.site.note(func(t *tally) { t.calls++ })
	if w.empty {
		f.site.note(func(t *tally) { t.wasted++ })
		return providers.CreateResult{}, &fault.ProviderError{Class: fault.Capacity, Code: "empty", Message: "no machines"}
	}
	chance := f.site.draw()
	if chance < w.lost/2 {
		return providers.CreateResult{}, f.silence()
	}
	if w.forgets {
		spec.Token = fmt.Sprintf("%s-%d", spec.Token, f.site.ids.Add(1))
	}
	r, err := f.Provider.Create(ctx, spec)
	if chance < w.lost {
		return providers.CreateResult{}, f.silence()
	}
	return r, err
}

// silence is an answer that never came.
func (f *fleet) silence() error {
	f.site.note(func(t *tally) { t.ambiguous++ })
	return &fault.ProviderError{Class: fault.Timeout, Sent: true, Code: "lost", Message: "the answer was lost"}
}

// Find, Health, Terminate and Status meet the weather too.
func (f *fleet) Find(ctx context.Context, spec broker.CreateSpec) ([]broker.Machine, error) {
	if err := f.enter(ctx, f.now()); err != nil {
		return nil, err
	}
	return f.Provider.Find(ctx, spec)
}

// Health checks the provider.
func (f *fleet) Health(ctx context.Context) (broker.Health, error) {
	if err := f.enter(ctx, f.now()); err != nil {
		return broker.Health{}, err
	}
	return f.Provider.Health(ctx)
}
