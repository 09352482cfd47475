package command

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/op"
)

// UpdateProviderHealth takes somebody's word for a provider's health.
var UpdateProviderHealth = op.Define(op.Spec{
	Name: "updateProviderHealth", Kind: op.Command, Role: op.Operator,
	Summary: "Say how a provider is: hold its calls back, or let them through again",
	Detail: "A provider that is not healthy gets no call of any kind, until error_details.retry_after seconds have passed, or " +
		"without it until somebody says that it is healthy. Then its breakers are new; one that failures had opened may be " +
		"tried at once. Checks go on meanwhile, and release nothing. What is older than what is known is dropped with a warning.",
	Examples: []op.Example{
		{
			Title: "Leave it alone for five minutes",
			Body: `{"provider_name": "pool-a", "health_status": {"is_healthy": false, "status_message": "Rate limit exceeded", ` +
				`"error_details": {"error_code": "RATE_LIMIT", "retry_after": 300}}, "source": "monitoring_system"}`,
		},
		{Title: "Let it work again", Body: `{"provider_name": "pool-a", "health_status": {"is_healthy": true}}`},
	},
	Faults: []fault.Code{fault.NotFound},
}, Service.updateProviderHealth)

// UpdateHealthInput is what is said, and by whom.
type UpdateHealthInput struct {
	ProviderName string            `json:"provider_name" doc:"Name of the provider." required:"true" format:"name"`
	HealthStatus HealthStatusInput `json:"health_status" doc:"How it is." required:"true"`
	Source       string            `json:"source,omitempty" doc:"Who found that out, for whoever reads it; the caller's own name when absent." maxlen:"128"`
}

// HealthStatusInput is how a provider is.
type HealthStatusInput struct {
	IsHealthy      bool           `json:"is_healthy" doc:"false holds all its calls back; true lets them through." required:"true"`
	StatusMessage  string         `json:"status_message,omitempty" doc:"Why, in words." maxlen:"512"`
	ResponseTimeMS float64        `json:"response_time_ms,omitempty" doc:"How long it took to answer, in ms." min:"0" max:"86400000"`
	LastCheckTime  *time.Time     `json:"last_check_time,omitempty" doc:"When that was found out; now when absent."`
	ErrorDetails   map[string]any `json:"error_details,omitempty" doc:"More about it, shown as it is; retry_after is the seconds for which calls are held back." maxlen:"50"`
}

// HealthUpdated is the answer.
type HealthUpdated struct {
	ProviderName string       `json:"provider_name" doc:"Name of the provider."`
	HealthStatus HealthStated `json:"health_status" doc:"How it is held to be now."`
	Previous     HealthStated `json:"previous" doc:"How it was held to be before."`
	UpdatedAt    broker.Time  `json:"updated_at" doc:"When this was answered."`
	ExpiresAt    *broker.Time `json:"expires_at,omitempty" doc:"When calls are let through again; absent: they are, or nobody knows."`
	Warnings     []string     `json:"warnings" doc:"What you may not expect."`
}

// HealthStated is how a provider is held to be.
type HealthStated struct {
	IsHealthy      bool                `json:"is_healthy"`
	State          broker.HealthState  `json:"state"`
	StatusMessage  string              `json:"status_message"`
	Source         string              `json:"source,omitempty"`
	CircuitBreaker broker.BreakerState `json:"circuit_breaker"` // for calls that change machines
}

// Bounds of what is said.
const (
	longestHold = 30 * 24 * time.Hour
	skew        = time.Minute // how far ahead another's clock may be
	mostDetails = 1024        // bytes: they are kept where every selection reads
)

// updateProviderHealth returns not_found. Calls are held back before anything
// is recorded, and let through after: whoever dies in between has to say it
// again, and nothing was called that should not have been.
func (s Service) updateProviderHealth(ctx context.Context, in UpdateHealthInput) (HealthUpdated, error) {
	now := s.Now()
	h, err := in.health(now, actor(ctx))
	if err != nil {
		return HealthUpdated{}, err
	}
	snap, err := s.Registry.FreshSnapshot(ctx)
	if err != nil {
		return HealthUpdated{}, fmt.Errorf("reading the registry: %w", err)
	}
	i := slices.IndexFunc(snap.Providers, func(p broker.ProviderView) bool { return p.Name == in.ProviderName })
	if i < 0 {
		return HealthUpdated{}, fault.Lookup(fault.New(fault.NotFound, "There is no provider %q.", in.ProviderName), "provider_name", whichProviders)
	}
	p := &snap.Providers[i]
	out := HealthUpdated{ProviderName: p.Name, Previous: stated(p, &snap.Config, now), UpdatedAt: broker.Time{Time: now}, Warnings: []string{}}
	if known := p.Health.CheckedAt; in.older(known) {
		out.HealthStatus, out.ExpiresAt = out.Previous, broker.AtTime(p.HealthAt(now).Until)
		out.Warnings = append(out.Warnings, fmt.Sprintf("nothing has changed: what is known is of %s, and this is older", known.UTC().Format(time.RFC3339)))
		return out, nil
	} else if h.CheckedAt.Before(known) {
		h.CheckedAt = known // the same moment, or a clock that is behind
	}
	if err := s.take(ctx, p, h); err != nil {
		return HealthUpdated{}, err
	}
	out.HealthStatus, out.ExpiresAt = stated(p, &snap.Config, now), broker.AtTime(h.Until)
	out.Warnings = append(out.Warnings, in.oddities(&snap.Config)...)
	return out, nil
}

// health is what is said, as it is recorded. invalid_request.
func (in *UpdateHealthInput) health(now time.Time, by broker.Actor) (broker.Health, error) {
	said := &in.HealthStatus
	h := broker.Health{
		State: broker.Healthy, Message: said.StatusMessage, CheckedAt: now, Source: in.Source, Actor: by,
		ResponseTime: time.Duration(said.ResponseTimeMS * float64(time.Millisecond)),
	}
	if at := said.LastCheckTime; at != nil {
		if at.After(now.Add(skew)) {
			return h, fault.Invalid("health_status.last_check_time", "%s is still to come; it is %s here", at.UTC().Format(time.RFC3339), now.UTC().Format(time.RFC3339))
		}
		h.CheckedAt = at.UTC()
	}
	if h.Source == "" {
		h.Source = by.Principal
	}
	if h.Source == "" {
		h.Source = "somebody"
	}
	hold, err := said.retryAfter()
	if err != nil {
		return h, err
	}
	if !said.IsHealthy {
		h.State = broker.Unhealthy
		if hold > 0 {
			h.Until = now.Add(hold)
		}
	}
	if h.Message == "" {
		h.Message = map[bool]string{true: "said to be healthy", false: "said to be unhealthy"}[said.IsHealthy]
	}
	h.Details, err = said.details()
	return h, err
}

// retryAfter is for how long calls are held back; 0: it does not say.
func (in *HealthStatusInput) retryAfter() (time.Duration, error) {
	v, ok := in.ErrorDetails["retry_after"]
	if !ok || v == nil {
		return 0, nil
	}
	n, ok := v.(float64)
	if !ok || n < 1 || n > longestHold.Seconds() {
		return 0, fault.Invalid("health_status.error_details.retry_after", "want 1 to %.0f seconds, or leave it out to hold calls back until it is healthy; got %v", longestHold.Seconds(), v)
	}
	return time.Duration(math.Ceil(n)) * time.Second, nil
}

func (in *HealthStatusInput) details() (json.RawMessage, error) {
	if len(in.ErrorDetails) == 0 {
		return nil, nil
	}
	b, err := json.Marshal(in.ErrorDetails)
	if err != nil {
		return nil, fmt.Errorf("writing error_details: %w", err)
	}
	if len(b) > mostDetails {
		return nil, fault.Invalid("health_status.error_details", "at most %d bytes are kept, got %d; leave out what nobody needs to decide by", mostDetails, len(b))
	}
	return b, nil
}

// older reports whether what is said is of before the moment that is known, in
// the milliseconds in which times are shown.
func (in *UpdateHealthInput) older(known time.Time) bool {
	at := in.HealthStatus.LastCheckTime
	return at != nil && at.Before(known.Truncate(time.Millisecond))
}

func (in *UpdateHealthInput) oddities(c *broker.StrategyConfig) (warnings []string) {
	said := &in.HealthStatus
	if !said.IsHealthy && !c.Breaker.Enabled {
		warnings = append(warnings, "circuit breakers are off: its calls are let through all the same")
	}
	if _, given := said.ErrorDetails["retry_after"]; given && said.IsHealthy {
		warnings = append(warnings, "retry_after holds nothing back: the provider is said to be healthy")
	}
	return warnings
}

func stated(p *broker.ProviderView, c *broker.StrategyConfig, now time.Time) HealthStated {
	h := p.HealthAt(now)
	return HealthStated{
		IsHealthy: h.OK(), State: h.State, StatusMessage: h.Message, Source: h.Source,
		CircuitBreaker: p.BreakerAt(broker.ClassMutate, &c.Breaker, now),
	}
}
