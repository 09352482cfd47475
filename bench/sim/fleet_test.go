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
	latency   time.Duration // of a call, give or take a quarter
	throttled time.Duration // every call is refused, with this hint
	empty     bool          // there are no machines
	quota     int           // the account may have so many machines; 0: any number
	forgets   bool          // tokens: each call is a new wish
}

// fleet is a provider with a plan of its weather.
type fleet struct {
	*sim.Provider
	name     string
	priority int
	price    float64 // of a machine per hour; 0: not known
	limit    int     // max_machines of its registration; 0: none
	site     *site
	began    time.Time
	until    time.Time // it asked for no call before this; the site's lock guards it
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
	f.site.note(func(t *tally) {
		if time.Now().Before(f.until) {
			t.early++
		}
	})
	if w.hang {
		<-ctx.Done()
		return &fault.ProviderError{Class: fault.Timeout, Sent: true, Code: "silent", Message: "no answer"}
	}
	if err := sleep(ctx, time.Duration(float64(w.latency)*(0.75+f.site.draw()/2))); err != nil {
		return &fault.ProviderError{Class: fault.Timeout, Sent: true, Code: "late", Message: "no answer in time"}
	}
	switch {
	case w.throttled > 0:
		f.site.note(func(*tally) { f.until = time.Now().Add(w.throttled) })
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
	err := f.enter(ctx, w)
	f.site.note(func(t *tally) { t.calls++ })
	if err != nil {
		f.site.note(func(t *tally) { t.failing++ })
		return providers.CreateResult{}, err
	}
	if err := f.refusal(w, spec.Count); err != nil {
		f.site.note(func(t *tally) { t.wasted++ })
		return providers.CreateResult{}, err
	}
	return f.make(ctx, w, spec)
}

// refusal is why there are no machines now.
func (f *fleet) refusal(w weather, count int) error {
	switch {
	case w.empty:
		return &fault.ProviderError{Class: fault.Capacity, Code: "empty", Message: "no machines"}
	case w.quota > 0 && len(f.Exist())+count > w.quota:
		return &fault.ProviderError{Class: fault.Quota, Code: "quota", Message: "the account has all that it may have"}
	}
	return nil
}

// make makes machines; the answer may be lost, before the effect or after it.
func (f *fleet) make(ctx context.Context, w weather, spec broker.CreateSpec) (providers.CreateResult, error) {
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
	f.account(len(r.Machines))
	return r, err
}

// account writes down what was made, what it costs, and what it would have
// cost at the cheapest provider that has machines now.
func (f *fleet) account(n int) {
	cheapest := f.price
	for _, other := range f.site.fleets {
		if other.refusal(other.now(), n) == nil {
			cheapest = min(cheapest, other.price)
		}
	}
	f.site.note(func(t *tally) {
		t.made = append(t.made, making{f.name, time.Since(f.site.began)})
		t.paid += f.price * float64(n)
		t.cheapest += cheapest * float64(n)
		if f.limit > 0 {
			t.over = max(t.over, len(f.Exist())-f.limit)
		}
	})
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
	f.checked(false)
	return f.Provider.Health(ctx)
}

// checked writes down who looked, at a provider that some have no way to.
func (f *fleet) checked(blind bool) {
	if f.site.plan.foggy > 0 && f.name == f.site.plan.fleets[0].name {
		f.site.note(func(t *tally) { t.checks = append(t.checks, check{time.Since(f.site.began), blind}) })
	}
}

// fog is a provider as a process sees it whose own network is ill.
type fog struct{ *fleet }

func (fog) lostWay() error {
	return &fault.ProviderError{Class: fault.Down, Local: true, Code: "no such host", Message: "the name is not known here"}
}

// Create finds nobody; so do Find and Health.
func (f fog) Create(context.Context, broker.CreateSpec) (providers.CreateResult, error) {
	f.site.note(func(t *tally) { t.astray++ })
	return providers.CreateResult{}, f.lostWay()
}

// Find finds nobody.
func (f fog) Find(context.Context, broker.CreateSpec) ([]broker.Machine, error) {
	return nil, f.lostWay()
}

// Health finds nobody.
func (f fog) Health(context.Context) (broker.Health, error) {
	f.checked(true)
	return broker.Health{}, f.lostWay()
}
