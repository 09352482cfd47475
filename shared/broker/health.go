package broker

import (
	"encoding/json"
	"time"
)

// Health is the newest that is known of a provider's health: what a check
// found, or what somebody says of it.
type Health struct {
	State        HealthState     `json:"state"`
	Message      string          `json:"message"`
	ResponseTime time.Duration   `json:"response_time"` // of the check
	CheckedAt    time.Time       `json:"checked_at"`    // zero: never
	Checks       []Check         `json:"checks,omitempty"`
	Scheduled    bool            `json:"scheduled,omitempty"`     // the schedule made the check: it counts in FailedInRow
	FailedInRow  int             `json:"failed_in_row,omitempty"` // scheduled checks that failed since anything was well; the store counts
	Source       string          `json:"source,omitempty"`        // who says so; "": a check
	Actor        Actor           `json:"actor,omitzero"`          // that reported it
	Details      json.RawMessage `json:"details,omitempty"`       // an object, as reported
	Until        time.Time       `json:"until,omitzero"`          // until when calls are held back for it; zero: none are, or without end
}

// OK reports whether the provider answered: healthy or degraded.
func (h Health) OK() bool { return h.State == Healthy || h.State == Degraded }

// Following returns h as it is stored after was: with the scheduled checks
// that failed in a row.
func (h Health) Following(was Health) Health {
	switch {
	case h.OK():
		h.FailedInRow = 0
	case h.Scheduled:
		h.FailedInRow = was.FailedInRow + 1
	default:
		h.FailedInRow = was.FailedInRow
	}
	return h
}

// News reports whether h says something else than was: the history keeps it.
func (h Health) News(was Health) bool {
	return h.State != was.State || h.Message != was.Message || h.Source != was.Source
}

// HealthAt returns what holds of the provider's health at now: what was
// recorded last, or, while somebody holds its calls back, that. When the time
// of what somebody said has passed and no check has come yet, nothing is known.
func (p *ProviderView) HealthAt(now time.Time) Health {
	h := p.Health
	for _, class := range []string{ClassMutate, ClassRead} {
		l := p.Live[class]
		if !l.Forced(now) {
			continue
		}
		h.State, h.Until = Unhealthy, l.OpenUntil
		if h.Source != l.Source { // a check came since
			h.Source, h.Message, h.Actor, h.Details = l.Source, l.Reason, Actor{}, nil
		}
		return h
	}
	if !h.Until.IsZero() && !now.Before(h.Until) {
		h.State, h.Until = Unknown, time.Time{}
		h.Message = "not checked since: " + h.Message
	}
	return h
}

// BreakerAt returns the state of the breaker of a class as read at now.
func (p *ProviderView) BreakerAt(class string, cfg *BreakerConfig, now time.Time) BreakerState {
	if !cfg.Enabled {
		return Disabled
	}
	l := p.Live[class]
	return l.StateAt(now)
}
