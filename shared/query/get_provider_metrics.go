package query

import (
	"context"
	"fmt"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/metrics"
	"github.com/openhostfactory/ohfp/shared/op"
)

// GetProviderMetrics shows what was measured of one provider or of all.
var GetProviderMetrics = op.Define(op.Spec{
	Name: "getProviderMetrics", Kind: op.Query, Timeout: 25 * time.Second, // of the longest window 62 queries a provider
	Summary: "Show what was measured of one provider, or of all",
	Detail: "Counts every attempt that ended at a provider, retries included; response times are those of successes. " +
		"What was not measured is absent, never zero.",
	Examples: []op.Example{
		{Title: "One provider, the last day", Body: `{"provider_name": "pool-a", "time_range_hours": 24, "include_operation_breakdown": true}`},
		{Title: "All providers, the last hour, with their errors", Body: `{"time_range_hours": 1, "include_operation_breakdown": true, "include_error_details": true}`},
	},
	Faults: []fault.Code{fault.NotFound},
}, Service.getProviderMetrics)

// GetProviderMetricsInput says what to show.
type GetProviderMetricsInput struct {
	ProviderName              string `json:"provider_name,omitempty" doc:"Only this provider; all when absent." format:"name"`
	TimeRangeHours            int    `json:"time_range_hours,omitempty" doc:"How far back, in hours." min:"1" max:"840" default:"24"`
	IncludeOperationBreakdown bool   `json:"include_operation_breakdown,omitempty" doc:"Each operation type by itself."`
	IncludeErrorDetails       bool   `json:"include_error_details,omitempty" doc:"The most frequent errors, by the provider's own code."`
}

// MetricsAnswer is what was measured of one provider, or of all by name.
type MetricsAnswer struct {
	*MetricsView
	Providers      map[string]MetricsView `json:"providers,omitempty" doc:"By name, when all were asked for."`
	TotalProviders *int                   `json:"total_providers,omitempty" doc:"How many there are."`
	TimeRangeHours int                    `json:"time_range_hours" doc:"How far back was asked for, in hours."`
}

// getProviderMetrics returns not_found for an unknown name.
func (s Service) getProviderMetrics(ctx context.Context, in GetProviderMetricsInput) (MetricsAnswer, error) {
	snap, err := s.registry(ctx)
	if err != nil {
		return MetricsAnswer{}, err
	}
	out := MetricsAnswer{TimeRangeHours: in.TimeRangeHours, Providers: map[string]MetricsView{}}
	for i := range snap.Providers {
		p := &snap.Providers[i]
		if in.ProviderName != "" && p.Name != in.ProviderName {
			continue
		}
		v, err := s.metricsOf(ctx, p, &snap.Config, in)
		if err != nil {
			return MetricsAnswer{}, err
		}
		out.Providers[p.Name] = v
	}
	if in.ProviderName != "" {
		v, ok := out.Providers[in.ProviderName]
		if !ok {
			return MetricsAnswer{}, noProvider(in.ProviderName, &snap)
		}
		return MetricsAnswer{TimeRangeHours: in.TimeRangeHours, MetricsView: &v}, nil
	}
	total := len(out.Providers)
	out.TotalProviders = &total
	return out, nil
}

// metricsOf reads the rows of a window, one query for each hour or day that it
// touches, and adds them up.
func (s Service) metricsOf(ctx context.Context, p *broker.ProviderView, cfg *broker.StrategyConfig, in GetProviderMetricsInput) (MetricsView, error) {
	plan, err := metrics.NewPlan(s.Now(), in.TimeRangeHours, metrics.RolledOf(p.Rolled))
	if err != nil {
		return MetricsView{}, err //nolint:wrapcheck // it is the answer
	}
	rows, err := s.rows(ctx, p.Name, &plan)
	if err != nil {
		return MetricsView{}, err
	}
	v := s.metricsView(p, &plan, rows)
	totals := plan.Fold(rows)
	if in.IncludeOperationBreakdown {
		v.Operations = breakdown(totals)
	}
	if in.IncludeErrorDetails {
		v.Errors = errorLines(totals.All.Errors)
	}
	if v.Availability, err = s.availability(ctx, p, cfg, &plan); err != nil {
		return MetricsView{}, err
	}
	v.Cost, err = s.cost(ctx, p, &plan)
	return v, err
}

func (s Service) rows(ctx context.Context, provider string, plan *metrics.Plan) ([]metrics.Row, error) {
	var rows []metrics.Row
	for _, r := range plan.Reads() {
		stored, err := s.Metrics.MetricRows(ctx, r.Range(provider))
		if err != nil {
			return nil, fmt.Errorf("reading the metrics of %q: %w", provider, err)
		}
		for _, m := range stored {
			row, err := metrics.ReadRow(m)
			if err != nil {
				return nil, fmt.Errorf("reading the metrics of %q: %w", provider, err)
			}
			rows = append(rows, row)
		}
	}
	return rows, nil
}
