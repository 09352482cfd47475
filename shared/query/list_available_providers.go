package query

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/op"
)

// ListAvailableProviders lists the registered providers.
var ListAvailableProviders = op.Define(op.Spec{
	Name: "listAvailableProviders", Kind: op.Query,
	Summary: "List the registered providers with their health",
	Examples: []op.Example{
		{Title: "All providers"},
		{Title: "Only those that answer", Body: `{"filter_healthy_only": true}`},
		{Title: "What was registered, to be registered elsewhere", Body: `{"include_registration": true, "include_health": false}`},
	},
}, Service.listAvailableProviders)

// ListProvidersInput says what to show.
type ListProvidersInput struct {
	FilterHealthyOnly   bool   `json:"filter_healthy_only,omitempty" doc:"Only providers that answer."`
	ProviderType        string `json:"provider_type,omitempty" doc:"Only this kind of provider." format:"name"`
	IncludeHealth       bool   `json:"include_health,omitempty" doc:"What the last check found." default:"true"`
	IncludeCapabilities bool   `json:"include_capabilities,omitempty" doc:"What each declares to offer." default:"true"`
	IncludeRegistration bool   `json:"include_registration,omitempty" doc:"The whole registration, as registerProviderStrategy takes it; a secret is never in it."`
	IncludeMetrics      bool   `json:"include_metrics,omitempty" doc:"What was measured within the last hour, by class of call."`
}

// ProviderList is the answer.
type ProviderList struct {
	Providers    []ProviderLine     `json:"providers" doc:"In the order in which they are preferred: by priority, then name."`
	TotalCount   int                `json:"total_count" doc:"How many are listed."`
	QueryFilters ListProvidersInput `json:"query_filters" doc:"What was asked."`
}

// ProviderLine is one provider.
type ProviderLine struct {
	Name         string         `json:"name"`
	ProviderType string         `json:"provider_type"`
	Status       string         `json:"status"` // available, unavailable, disabled, draining, no_driver
	Enabled      bool           `json:"enabled"`
	Priority     int            `json:"priority"`
	Weight       int            `json:"weight"`
	Zone         string         `json:"zone,omitempty"`
	InFlight     int64          `json:"in_flight"`
	Version      int64          `json:"version"`
	Health       *HealthView    `json:"health,omitempty"`
	Capabilities map[string]any `json:"capabilities,omitempty"`

	Metrics      map[string]MeasuredView  `json:"metrics,omitempty"`      // by class of call; absent: never used
	Registration *broker.RegistrationView `json:"registration,omitempty"` // version is that of this
}

// MeasuredView is what selection knows of a provider's calls of one class.
type MeasuredView struct {
	Calls                 int64        `json:"calls"` // of the last hour that judge the provider
	SuccessRate           *float64     `json:"success_rate,omitempty"`
	AverageResponseTimeMS *float64     `json:"average_response_time_ms,omitempty"`
	LastUsedTime          *broker.Time `json:"last_used_time,omitempty"`
}

func (s Service) listAvailableProviders(ctx context.Context, in ListProvidersInput) (ProviderList, error) {
	snap, err := s.registry(ctx)
	if err != nil {
		return ProviderList{}, err
	}
	out := ProviderList{Providers: []ProviderLine{}, QueryFilters: in}
	for _, p := range byPreference(snap.Providers) {
		line := s.providerLine(p, &snap.Config.Breaker, in)
		if in.FilterHealthyOnly && line.Status != available || in.ProviderType != "" && p.Kind != in.ProviderType {
			continue
		}
		out.Providers = append(out.Providers, line)
	}
	if in.IncludeRegistration {
		if out.Providers, err = s.registrations(ctx, out.Providers); err != nil {
			return ProviderList{}, err
		}
	}
	out.TotalCount = len(out.Providers)
	return out, nil
}

// registrations adds what was registered, which is read one by one, and drops
// who has gone since the registry was read.
func (s Service) registrations(ctx context.Context, lines []ProviderLine) ([]ProviderLine, error) {
	kept := make([]ProviderLine, 0, len(lines))
	for _, line := range lines {
		r, err := s.Registry.Provider(ctx, line.Name)
		if fault.Is(err, fault.NotFound) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("reading provider %q: %w", line.Name, err)
		}
		shown := r.Shown()
		line.Registration, line.Version = &shown, r.Version
		kept = append(kept, line)
	}
	return kept, nil
}

const available = "available"

func (s Service) providerLine(p *broker.ProviderView, cfg *broker.BreakerConfig, in ListProvidersInput) ProviderLine {
	h := s.healthOf(p, cfg, false)
	line := ProviderLine{
		Name: p.Name, ProviderType: p.Kind, Status: s.statusOf(p, &h), Enabled: p.Enabled, Priority: p.Priority,
		Weight: p.Weight, Zone: p.Zone, Version: p.Version,
	}
	for _, l := range p.Live {
		line.InFlight += l.Calls(s.Now())
	}
	if in.IncludeHealth {
		line.Health = &h
	}
	if in.IncludeCapabilities {
		line.Capabilities = p.Capabilities
	}
	if in.IncludeMetrics {
		line.Metrics = measuredViews(p.Measured)
	}
	return line
}

func measuredViews(all map[string]broker.Measured) map[string]MeasuredView {
	var views map[string]MeasuredView
	for class, m := range all {
		v := MeasuredView{Calls: int64(m.Calls), LastUsedTime: broker.AtTime(m.At)}
		if m.Calls > 0 {
			v.SuccessRate = percent(m.Successes/m.Calls, true)
		}
		if m.Latency != nil {
			v.AverageResponseTimeMS = millis(*m.Latency, true)
		}
		if views == nil {
			views = map[string]MeasuredView{}
		}
		views[class] = v
	}
	return views
}

func (s Service) statusOf(p *broker.ProviderView, h *HealthView) string {
	switch {
	case !s.HasDriver(p.Kind):
		return "no_driver"
	case p.Draining:
		return "draining"
	case !p.Enabled || p.Weight == 0:
		return "disabled"
	case !h.IsHealthy || severity[h.CircuitBreaker.State] >= severity[broker.Open]:
		return "unavailable"
	}
	return available
}

// byPreference orders providers as they are preferred when all else is equal.
func byPreference(all []broker.ProviderView) []*broker.ProviderView {
	ordered := make([]*broker.ProviderView, len(all))
	for i := range all {
		ordered[i] = &all[i]
	}
	slices.SortFunc(ordered, func(a, b *broker.ProviderView) int {
		return cmp.Or(cmp.Compare(a.Priority, b.Priority), strings.Compare(a.Name, b.Name))
	})
	return ordered
}
