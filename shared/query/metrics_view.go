package query

import (
	"math"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/metrics"
)

// CountsView is what attempts of a window, or of one operation type in it,
// add up to.
type CountsView struct {
	TotalOperations       int64            `json:"total_operations" doc:"Attempts that ended, retries included."`
	SuccessfulOperations  int64            `json:"successful_operations" doc:"Those that did all or a part of what was asked."`
	PartialOperations     int64            `json:"partial_operations,omitempty" doc:"Of the successful: made fewer machines than asked for."`
	FailedOperations      int64            `json:"failed_operations" doc:"Those that did nothing, for whatever reason."`
	FailedByClass         map[string]int64 `json:"failed_by_class,omitempty" doc:"By class of error; CAPACITY, QUOTA and THROTTLE do not speak against a provider, and REFUSED never reached it."`
	SuccessRate           *float64         `json:"success_rate,omitempty" doc:"Successful of all, in percent."`
	AverageResponseTimeMS *float64         `json:"average_response_time_ms,omitempty" doc:"Mean over successes, in ms."`
	P50MS                 *float64         `json:"p50_ms,omitempty" doc:"Half of the successes were as fast, in ms; an estimate within a factor of two."`
	P95MS                 *float64         `json:"p95_ms,omitempty" doc:"95 % were."`
	P99MS                 *float64         `json:"p99_ms,omitempty" doc:"99 % were."`
	Throttled             int64            `json:"throttled" doc:"How often the provider said to slow down."`
	Machines              int64            `json:"machines" doc:"Machines made."`
}

// MetricsView is what was measured of one provider.
type MetricsView struct {
	ProviderName string `json:"provider_name" doc:"Name of the provider."`
	CountsView
	InFlight     int64                 `json:"in_flight" doc:"Calls in progress now."`
	LastUsedTime *broker.Time          `json:"last_used_time,omitempty" doc:"When an attempt that reached it ended last; absent: never."`
	Availability *float64              `json:"availability,omitempty" doc:"Share of the checked time in which it answered, in percent."`
	Operations   map[string]CountsView `json:"operations,omitempty" doc:"By operation type."`
	Errors       []ErrorView           `json:"errors,omitempty" doc:"The most frequent first."`
	Cost         *CostView             `json:"cost,omitempty" doc:"Of machines that ran in the window; absent: none did."`
	From         broker.Time           `json:"from" doc:"Where the window begins."`
	To           broker.Time           `json:"to" doc:"Where it ends."`
	Missing      []PeriodView          `json:"missing,omitempty" doc:"Time in the window of which nothing is known."`
	Series       []PointView           `json:"series" doc:"The window in equal steps, oldest first."`
}

// ErrorView is one error code of a provider.
type ErrorView struct {
	Code        string      `json:"code"`
	Count       int64       `json:"count"`
	LastSeen    broker.Time `json:"last_seen"`
	LastMessage string      `json:"last_message"`
}

// PeriodView is a part of the window.
type PeriodView struct {
	From broker.Time `json:"from"`
	To   broker.Time `json:"to"`
}

// PointView is one step of the window.
type PointView struct {
	From                  broker.Time `json:"from"`
	TotalOperations       int64       `json:"total_operations"`
	FailedOperations      int64       `json:"failed_operations"`
	AverageResponseTimeMS *float64    `json:"average_response_time_ms,omitempty"`
	P95MS                 *float64    `json:"p95_ms,omitempty"`
}

// CostView is what machines cost that ran in the window, be they there or not.
type CostView struct {
	CostShare
	ByTemplate map[string]CostShare `json:"by_template,omitempty" doc:"By template; machines of no known one are in the total only."`
	ByAccount  map[string]CostShare `json:"by_account,omitempty" doc:"By the account that pays, where machines say."`
	Truncated  bool                 `json:"truncated,omitempty" doc:"There were more machines than were counted: 10,000 of those that exist, and as many that ended."`
}

// CostShare is what some machines cost.
type CostShare struct {
	Machines     int64    `json:"machines" doc:"Machines that ran at some time of the window."`
	MachineHours float64  `json:"machine_hours" doc:"What they used within the window."`
	Estimated    *float64 `json:"estimated,omitempty" doc:"What that costs by the prices of registrations, on demand; absent: no price is known."`
	PricedHours  float64  `json:"priced_hours" doc:"Of the machine hours, those whose price is known."`
}

// errorLimit bounds the codes that are shown.
const errorLimit = 20

func (s Service) metricsView(p *broker.ProviderView, plan *metrics.Plan, rows []metrics.Row) MetricsView {
	all := plan.Fold(rows).All
	v := MetricsView{
		ProviderName: p.Name, CountsView: countsView(&all), From: broker.Time{Time: plan.From}, To: broker.Time{Time: plan.To},
		LastUsedTime: broker.AtTime(lastUsed(p, &all)), Series: []PointView{},
	}
	for _, l := range p.Live {
		v.InFlight += l.Calls(s.Now())
	}
	for _, m := range plan.Missing {
		v.Missing = append(v.Missing, PeriodView{broker.Time{Time: m.From}, broker.Time{Time: m.To}})
	}
	for _, point := range plan.Series(rows) {
		c := &point.Counters
		v.Series = append(v.Series, PointView{
			From: broker.Time{Time: point.From}, TotalOperations: c.Total, FailedOperations: c.FailedTotal(),
			AverageResponseTimeMS: millis(c.MeanLatency()), P95MS: millis(c.Latency.Quantile(0.95)),
		})
	}
	return v
}

// lastUsed is in the window, or what the digest remembers.
func lastUsed(p *broker.ProviderView, c *metrics.Counters) time.Time {
	last := c.LastUsed
	for _, m := range p.Measured {
		if m.At.After(last) {
			last = m.At
		}
	}
	return last
}

func countsView(c *metrics.Counters) CountsView {
	v := CountsView{
		TotalOperations: c.Total, SuccessfulOperations: c.Succeeded, PartialOperations: c.Partial, FailedOperations: c.FailedTotal(),
		AverageResponseTimeMS: millis(c.MeanLatency()), P50MS: millis(c.Latency.Quantile(0.5)), P95MS: millis(c.Latency.Quantile(0.95)),
		P99MS: millis(c.Latency.Quantile(0.99)), Throttled: c.Throttled, Machines: c.Machines,
	}
	for class, n := range c.Failed {
		if v.FailedByClass == nil {
			v.FailedByClass = map[string]int64{}
		}
		v.FailedByClass[string(class)] = n
	}
	v.SuccessRate = percent(c.SuccessRate())
	return v
}

func breakdown(t metrics.Totals) map[string]CountsView {
	all := make(map[string]CountsView, len(t.ByOperation))
	for operation, c := range t.ByOperation {
		all[string(operation)] = countsView(&c)
	}
	return all
}

func errorLines(e metrics.Errors) []ErrorView {
	var lines []ErrorView
	for _, l := range e.Top(errorLimit) {
		lines = append(lines, ErrorView{Code: l.Code, Count: l.Count, LastSeen: broker.Time{Time: l.LastSeen}, LastMessage: l.LastMessage})
	}
	return lines
}

// percent is a share in percent, to two decimals.
func percent(share float64, known bool) *float64 {
	if !known {
		return nil
	}
	p := math.Round(share*1e4) / 100
	return &p
}

// millis is a duration in ms, to whole µs.
func millis(d time.Duration, known bool) *float64 {
	if !known {
		return nil
	}
	ms := float64(d.Microseconds()) / 1000
	return &ms
}
