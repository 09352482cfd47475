package breaker

import (
	"fmt"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
)

// tripped returns why an answer opens a closed breaker whose row is l with it
// counted; "": it does not. An answer that says nothing about the provider's
// health opens nothing.
func tripped(l *broker.Live, cfg broker.BreakerConfig, a Answer) string {
	good := a.Class == fault.None
	if !good && a.Class.Rule().Breaker == fault.BreakerIgnores {
		return ""
	}
	if !good && l.FailRun >= cfg.FailureThreshold {
		return fmt.Sprintf("failures in a row: %d, the last %s", l.FailRun, a.Class)
	}
	w := l.Window(a.Now, cfg.Window)
	calls := w.Good + w.Bad
	if calls < int64(cfg.MinimumCalls) {
		return ""
	}
	switch {
	case reaches(w.Bad, calls, cfg.FailureRate):
		return fmt.Sprintf("failures: %d of %d calls in %s", w.Bad, calls, cfg.Window)
	case reaches(w.Slow, calls, cfg.SlowRate):
		return fmt.Sprintf("slow: %d of %d calls in %s", w.Slow, calls, cfg.Window)
	}
	return ""
}

// reaches reports whether so many of all are so many percent or more. No call
// at all reaches nothing, and a rate of 0 percent is no rule.
func reaches(some, all int64, percent int) bool {
	return percent > 0 && all > 0 && 100*some >= int64(percent)*all
}

// trip is the write that opens a closed breaker.
func trip(l *broker.Live, cfg broker.BreakerConfig, now time.Time, why string) broker.LiveWrite {
	return broker.LiveWrite{
		Kind: broker.LiveTrip, Now: now, Epoch: l.Epoch, Reason: why, OpenUntil: now.Add(timeOpen(cfg, l.Openings(now))),
	}
}

// failedChecks is how many scheduled checks must fail in a row to open.
const failedChecks = 3

// Check is what a scheduled check found.
type Check struct {
	Now         time.Time
	FailedInRow int // scheduled checks that have failed in a row, this one included; 0: it passed
	Message     string
}

// Failed returns the write that opens a closed breaker when a scheduled check
// is one of several in a row that failed. False: none.
func Failed(l broker.Live, cfg broker.BreakerConfig, c Check) (broker.LiveWrite, bool) {
	if !cfg.Enabled || c.FailedInRow < failedChecks || View(&l, c.Now) != broker.Closed {
		return broker.LiveWrite{}, false
	}
	return trip(&l, cfg, c.Now, fmt.Sprintf("scheduled checks failed in a row: %d, the last: %s", c.FailedInRow, c.Message)), true
}

// Waits reports whether a scheduled check that passes lets a call be tried: the
// breaker is open, by failures. Refused credentials are not looked at by every
// check, and what somebody holds is his.
func Waits(l *broker.Live, now time.Time) bool {
	return View(l, now) == broker.Open && l.Reason != ReasonAuth
}

// Passed returns the write of a scheduled check that passed at a breaker that
// waited in that epoch: a call may be tried at once. It closes nothing.
func Passed(epoch int64, now time.Time) broker.LiveWrite {
	return broker.LiveWrite{Kind: broker.LiveAllow, Now: now, Epoch: epoch}
}
