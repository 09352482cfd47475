package sim

import (
	"context"
	"time"

	"github.com/openhostfactory/ohfp/shared/fault"
)

// Call is a method of the driver, as scripts and counters name it.
type Call string

// The calls.
const (
	Create       Call = "create"
	Poll         Call = "poll"
	Find         Call = "find"
	List         Call = "list"
	Terminate    Call = "terminate"
	Status       Call = "status"
	Validate     Call = "validate"
	Health       Call = "health"
	Capabilities Call = "capabilities"
)

// Step is what happens at one call. The zero Step is a call that works.
type Step struct {
	Latency time.Duration        // before anything happens, by Options.Wait
	Hang    bool                 // no answer until the caller's time is over; no effect
	Err     *fault.ProviderError // the answer
	Effect  bool                 // with Err: the call has its effect first, and the answer is lost
	Most    int                  // create: make at most so many at this call; 0: no such bound
	Pending bool                 // create: accept, and make the machines at a poll
}

// Script lets the next calls of a method meet these steps, one each; calls
// after them meet what Always says.
func (p *Provider) Script(c Call, steps ...Step) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.scripts[c] = append(p.scripts[c], steps...)
}

// Always lets every call of a method that has no script left meet this step.
func (p *Provider) Always(c Call, s Step) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.always[c] = s
}

// Reset forgets scripts and what Always said; machines and tokens stay.
func (p *Provider) Reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.scripts, p.always = map[Call][]Step{}, map[Call]Step{}
}

// Calls is how often a method was called.
func (p *Provider) Calls(c Call) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls[c]
}

// next counts a call and returns its step.
func (p *Provider) next(c Call) Step {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls[c]++
	if s := p.scripts[c]; len(s) > 0 {
		p.scripts[c] = s[1:]
		return s[0]
	}
	return p.always[c]
}

// enter lets a call meet its step. A non-nil error is the call's answer, and
// it has had no effect.
func (p *Provider) enter(ctx context.Context, c Call) (Step, error) {
	s := p.next(c)
	if s.Latency > 0 {
		if err := p.o.Wait(ctx, s.Latency); err != nil {
			return s, silence(ctx)
		}
	}
	if s.Hang {
		<-ctx.Done()
	}
	if ctx.Err() != nil {
		return s, silence(ctx)
	}
	if s.Err != nil && !s.Effect {
		return s, s.answer()
	}
	return s, nil
}

// answer returns the step's error as a fresh value.
func (s Step) answer() error {
	e := *s.Err
	return &e
}

// silence is a call whose caller's time was over. The provider may have had
// the request: that is all that the caller knows.
func silence(ctx context.Context) error {
	p := &fault.ProviderError{Class: fault.Timeout, Sent: true, Code: "sim_timeout", Message: "no answer in time", Err: ctx.Err()}
	if ctx.Err() == context.Canceled {
		p.Class, p.Message = fault.Cancelled, "the caller went away"
	}
	return p
}
