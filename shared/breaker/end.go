package breaker

import (
	"fmt"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
)

// ReasonAuth is the reason of a breaker that refused credentials opened. A new
// version of the registration clears it.
const ReasonAuth = "auth"

// authOpen is how long refused credentials keep a breaker open: nothing but a
// person mends them, so doubling would only be slower.
const authOpen = 5 * time.Minute

// Answer is how a call ended.
type Answer struct {
	Class fault.Class // fault.None: it succeeded
	Now   time.Time
	// Local says that a failure arose in the caller's environment, which is named:
	// names that do not resolve, no network, credentials that cannot be loaded. It
	// is evidence once another environment meets such a failure too.
	Local       bool
	Environment string
	NotBefore   time.Time // the provider asked for no call before this; zero: it did not
	Returned    bool      // machines came back to it
	Jitter      float64   // in [0, 1), from the caller's generator: spreads probes over ± 10 %; 0.5 is none
}

// End returns the writes of the call's end, in order. A probe first reports
// its result and then gives its place in flight back, as evidence of neither
// kind, so that nothing is counted twice.
func (c Call) End(cfg broker.BreakerConfig, a Answer) []broker.LiveWrite {
	end := broker.LiveWrite{
		Kind: broker.LiveEnd, Now: a.Now, Started: c.started, Epoch: c.epoch, NotBefore: a.NotBefore, Returned: a.Returned,
	}
	if c.probe {
		return []broker.LiveWrite{c.report(cfg, a), end}
	}
	end.Good = a.Class == fault.None
	end.Bad = a.Class.Rule().Breaker != fault.BreakerIgnores && !end.Good && (!a.Local || c.corroborated(a))
	end.Slow = (end.Good || end.Bad) && c.slow(cfg, a)
	return []broker.LiveWrite{end}
}

func (c Call) corroborated(a Answer) bool {
	seen := broker.Live{Locals: c.locals}
	return seen.Corroborated(a.Environment)
}

// slow reports whether the call took longer than it should, or its time was
// over before there was an answer. Without slow_call only the latter is slow.
func (c Call) slow(cfg broker.BreakerConfig, a Answer) bool {
	return a.Class == fault.Timeout || cfg.SlowCall > 0 && a.Now.Sub(c.started) > cfg.SlowCall
}

// report is the write of a probe's result. An answer that says nothing about a
// provider's health (no capacity, a throttle) still proves that it answers; a
// call that never reached it proves nothing.
func (c Call) report(cfg broker.BreakerConfig, a Answer) broker.LiveWrite {
	w := broker.LiveWrite{Now: a.Now, Epoch: c.epoch, Attempt: c.attempt}
	switch {
	case a.Class == fault.Cancelled || a.Class == fault.Refused:
		w.Kind = broker.LiveRelease
	case a.Class == fault.None || a.Class.Rule().Breaker == fault.BreakerIgnores:
		w.Kind, w.Threshold = broker.LivePass, cfg.SuccessThreshold
	case a.Local: // it stays open, and not for longer each time: the next may come from elsewhere
		w.Kind, w.Reason = broker.LiveFail, fmt.Sprintf("a probe failed where it was made: %s", a.Class)
		w.OpenUntil = a.Now.Add(cfg.RecoveryTimeout)
	case a.Class.Rule().Breaker == fault.BreakerOpensAtOnce:
		w.Kind, w.Reason, w.OpenUntil = broker.LiveFail, ReasonAuth, a.Now.Add(authOpen)
	default:
		open := jittered(timeOpen(cfg, c.openings), a.Jitter)
		w.Kind, w.Reason = broker.LiveFail, fmt.Sprintf("a probe failed: %s", a.Class)
		w.OpenUntil = a.Now.Add(min(open, longest(cfg)))
	}
	return w
}

// After returns the write that the end of the call makes necessary, given the
// row after [Call.End]: trip when a rule opens the breaker, local when an
// environment failed for a reason of its own, reset when a success finds a run of
// failures or such environments. False: none, as always after a probe and
// for an answer to a call of an earlier epoch.
func (c Call) After(l broker.Live, cfg broker.BreakerConfig, a Answer) (broker.LiveWrite, bool) {
	if c.probe || !cfg.Enabled || l.Epoch != c.epoch || View(&l, a.Now) != broker.Closed {
		return broker.LiveWrite{}, false
	}
	if w, ok := c.opens(&l, cfg, a); ok {
		return w, true
	}
	if a.news(&l) {
		return broker.LiveWrite{Kind: broker.LiveLocal, Now: a.Now, Epoch: c.epoch, Source: a.Environment}, true
	}
	return broker.LiveWrite{Kind: broker.LiveReset, Now: a.Now, Epoch: c.epoch}, a.Class == fault.None && (l.FailRun > 0 || len(l.Locals) > 0)
}

// news reports whether an environment that failed for a reason of its own is to
// be noted.
func (a Answer) news(l *broker.Live) bool {
	return a.Local && a.Class.Rule().Breaker != fault.BreakerIgnores && l.Unheard(a.Environment)
}

// opens is the write that an answer opens the breaker with. What arose in one
// environment alone opens nothing.
func (c Call) opens(l *broker.Live, cfg broker.BreakerConfig, a Answer) (broker.LiveWrite, bool) {
	if a.Local && !c.corroborated(a) {
		return broker.LiveWrite{}, false
	}
	if a.Class.Rule().Breaker == fault.BreakerOpensAtOnce && a.Class != fault.None {
		return broker.LiveWrite{Kind: broker.LiveTrip, Now: a.Now, Epoch: c.epoch, Reason: ReasonAuth, OpenUntil: a.Now.Add(authOpen)}, true
	}
	if why := tripped(l, cfg, a); why != "" {
		return trip(l, cfg, a.Now, why), true
	}
	return broker.LiveWrite{}, false
}

// timeOpen is how long the breaker stays open after so many openings in a row:
// recovery_timeout, doubled for each, at most max_recovery_timeout.
func timeOpen(cfg broker.BreakerConfig, openings int) time.Duration {
	d := cfg.RecoveryTimeout
	for range openings {
		if d >= longest(cfg)/2 {
			return longest(cfg)
		}
		d *= 2
	}
	return d
}

// longest is max_recovery_timeout, or recovery_timeout where that is longer.
func longest(cfg broker.BreakerConfig) time.Duration {
	return max(cfg.MaxRecoveryTimeout, cfg.RecoveryTimeout)
}

// jittered spreads d over ± 10 %.
func jittered(d time.Duration, jitter float64) time.Duration {
	return time.Duration(float64(d) * (0.9 + 0.2*jitter))
}
