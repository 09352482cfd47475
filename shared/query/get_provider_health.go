package query

import (
	"context"
	"fmt"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/op"
)

// GetProviderHealth shows what the checks say of one provider or of all.
var GetProviderHealth = op.Define(op.Spec{
	Name: "getProviderHealth", Kind: op.Query,
	Summary: "Show the health of one provider, or of all",
	Detail: "Shows the result of the newest check, made at registration and then at the interval, or what somebody says with " +
		"updateProviderHealth. executeProviderOperation with HEALTH_CHECK makes a check now.",
	Examples: []op.Example{
		{Title: "All providers"},
		{Title: "One provider", Body: `{"provider_name": "pool-a"}`},
		{Title: "With details and what changed within a day", Body: `{"include_details": true, "include_history": true}`},
	},
	Faults: []fault.Code{fault.NotFound},
}, Service.getProviderHealth)

// GetProviderHealthInput says what to show.
type GetProviderHealthInput struct {
	ProviderName   string `json:"provider_name,omitempty" doc:"Only this provider; all when absent." format:"name"`
	IncludeDetails bool   `json:"include_details,omitempty" doc:"Each check, and the breaker by class of call." default:"true"`
	IncludeHistory bool   `json:"include_history,omitempty" doc:"What changed: state, message, or who says so."`
	HistoryHours   int    `json:"history_hours,omitempty" doc:"How far back, in hours." min:"1" max:"840" default:"24"`
}

// HealthAnswer is one provider's health, or that of all by name.
type HealthAnswer struct {
	*HealthView
	Providers        map[string]HealthView `json:"providers,omitempty" doc:"By name, when all were asked for."`
	TotalProviders   *int                  `json:"total_providers,omitempty" doc:"How many there are."`
	HealthyProviders *int                  `json:"healthy_providers,omitempty" doc:"How many answer."`
}

// historyLimit bounds the entries shown of one provider.
const historyLimit = 200

// getProviderHealth returns not_found for an unknown name.
func (s Service) getProviderHealth(ctx context.Context, in GetProviderHealthInput) (HealthAnswer, error) {
	snap, err := s.registry(ctx)
	if err != nil {
		return HealthAnswer{}, err
	}
	all := map[string]HealthView{}
	healthy := 0
	for i := range snap.Providers {
		p := &snap.Providers[i]
		if in.ProviderName != "" && p.Name != in.ProviderName {
			continue
		}
		v := s.healthOf(p, &snap.Config.Breaker, in.IncludeDetails)
		if in.IncludeHistory {
			if v.History, err = s.history(ctx, p.Name, in.HistoryHours); err != nil {
				return HealthAnswer{}, err
			}
		}
		if in.ProviderName != "" {
			return HealthAnswer{HealthView: &v}, nil
		}
		all[p.Name] = v
		if v.IsHealthy {
			healthy++
		}
	}
	if in.ProviderName != "" {
		return HealthAnswer{}, noProvider(in.ProviderName, &snap)
	}
	total := len(all)
	return HealthAnswer{Providers: all, TotalProviders: &total, HealthyProviders: &healthy}, nil
}

func (s Service) history(ctx context.Context, name string, hours int) ([]HealthEvent, error) {
	since := s.Now().Add(-time.Duration(hours) * time.Hour)
	found, err := s.History.HealthHistory(ctx, name, since, historyLimit)
	if err != nil {
		return nil, fmt.Errorf("reading the health history of %q: %w", name, err)
	}
	events := make([]HealthEvent, 0, len(found))
	for _, h := range found {
		events = append(events, HealthEvent{
			At: broker.Time{Time: h.CheckedAt}, State: h.State, StatusMessage: h.Message, ResponseTimeMS: h.ResponseTime.Milliseconds(),
			Source: h.Source, By: h.Actor.Principal, ErrorDetails: h.Details,
		})
	}
	return events, nil
}
