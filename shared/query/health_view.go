package query

import (
	"encoding/json"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// HealthView is the health of one provider as the API shows it.
type HealthView struct {
	ProviderName   string             `json:"provider_name" doc:"Name of the provider."`
	IsHealthy      bool               `json:"is_healthy" doc:"Whether it answers: HEALTHY or DEGRADED."`
	State          broker.HealthState `json:"state" doc:"What the last check found, or what somebody says, as long as calls are held back for it."`
	StatusMessage  string             `json:"status_message" doc:"In words."`
	LastCheckTime  *broker.Time       `json:"last_check_time,omitempty" doc:"When it was checked last; absent: never."`
	NextCheckTime  *broker.Time       `json:"next_check_time,omitempty" doc:"When it is checked next."`
	ResponseTimeMS *int64             `json:"response_time_ms,omitempty" doc:"How long the check took, in ms."`
	CircuitBreaker *BreakerView       `json:"circuit_breaker,omitempty" doc:"Whether calls are let through."`
	NotBefore      *broker.Time       `json:"not_before,omitempty" doc:"The provider asked for no call before this."`
	Blocked        []BlockView        `json:"blocked_offerings,omitempty" doc:"What it is out of, or cannot make. Everything else is asked of it."`
	Source         string             `json:"source,omitempty" doc:"Who says so; absent: a check."`
	ExpiresAt      *broker.Time       `json:"expires_at,omitempty" doc:"Until when calls are held back for it; absent: none are, or without end."`
	ErrorDetails   json.RawMessage    `json:"error_details,omitempty" doc:"As reported with it."`
	Checks         []broker.Check     `json:"checks,omitempty" doc:"What was looked at."`
	History        []HealthEvent      `json:"history,omitempty" doc:"Changes of state, newest first."`
}

// BreakerView is the worst of a provider's breakers, and each by class.
type BreakerView struct {
	State               broker.BreakerState         `json:"state"`
	ConsecutiveFailures int                         `json:"consecutive_failures"`
	OpenUntil           *broker.Time                `json:"open_until,omitempty"`
	Reason              string                      `json:"reason,omitempty"`
	Source              string                      `json:"source,omitempty"`
	ByClass             map[string]BreakerClassView `json:"by_class,omitempty"`
}

// BreakerClassView is the breaker of one class of calls.
type BreakerClassView struct {
	State               broker.BreakerState `json:"state"`
	ConsecutiveFailures int                 `json:"consecutive_failures"`
	OpenUntil           *broker.Time        `json:"open_until,omitempty"`
	Reason              string              `json:"reason,omitempty"`
	Source              string              `json:"source,omitempty"` // who forced it open
}

// HealthEvent is one entry of the history.
type HealthEvent struct {
	At             broker.Time        `json:"at"`
	State          broker.HealthState `json:"state"`
	StatusMessage  string             `json:"status_message"`
	ResponseTimeMS int64              `json:"response_time_ms"`
	Source         string             `json:"source,omitempty"` // who said so; absent: a check
	By             string             `json:"by,omitempty"`     // the principal that reported it
	ErrorDetails   json.RawMessage    `json:"error_details,omitempty"`
}

// severity orders breaker states from harmless to shut.
var severity = map[broker.BreakerState]int{
	broker.Closed: 0, broker.Disabled: 1, broker.HalfOpen: 2, broker.Open: 3, broker.ForcedOpen: 4,
}

func (s Service) healthOf(p *broker.ProviderView, cfg *broker.BreakerConfig, details bool) HealthView {
	h := p.HealthAt(s.Now())
	v := HealthView{
		ProviderName: p.Name, IsHealthy: h.OK(), State: h.State, StatusMessage: h.Message,
		LastCheckTime: broker.AtTime(h.CheckedAt), NextCheckTime: broker.AtTime(p.NextCheckAt),
		CircuitBreaker: s.breakerOf(p, cfg, details), Source: h.Source, ExpiresAt: broker.AtTime(h.Until),
	}
	if now := s.Now(); now.Before(p.NotBefore) {
		v.NotBefore = broker.AtTime(p.NotBefore)
	}
	v.Blocked = blockedAt(p, s.Now())
	if !s.HasDriver(p.Kind) {
		v.IsHealthy, v.State, v.NextCheckTime = false, broker.Unknown, nil
		v.StatusMessage = "this broker has no driver for " + p.Kind + ": it is never checked and never selected"
	}
	if h.ResponseTime > 0 || h.Source == "" && !h.CheckedAt.IsZero() { // who says how it is need not know
		ms := h.ResponseTime.Milliseconds()
		v.ResponseTimeMS = &ms
	}
	if details {
		v.Checks, v.ErrorDetails = h.Checks, h.Details
	}
	return v
}

func (s Service) breakerOf(p *broker.ProviderView, cfg *broker.BreakerConfig, details bool) *BreakerView {
	worst := &BreakerView{State: broker.Closed, ByClass: map[string]BreakerClassView{}}
	now := s.Now()
	for _, class := range []string{broker.ClassMutate, broker.ClassRead} {
		l := p.Live[class]
		c := BreakerClassView{
			State: p.BreakerAt(class, cfg, now), ConsecutiveFailures: l.FailRun, Reason: l.Reason, Source: l.Source,
		}
		if c.State == broker.Open || c.State == broker.ForcedOpen {
			c.OpenUntil = broker.AtTime(l.OpenUntil)
		}
		worst.ByClass[class] = c
		worst.ConsecutiveFailures = max(worst.ConsecutiveFailures, c.ConsecutiveFailures)
		if severity[c.State] > severity[worst.State] {
			worst.State, worst.OpenUntil, worst.Reason, worst.Source = c.State, c.OpenUntil, c.Reason, c.Source
		}
	}
	if !details {
		worst.ByClass = nil
	}
	return worst
}
