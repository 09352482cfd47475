package openmetrics

import (
	"context"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// Bounds of what one scrape asks of the store.
const (
	within   = 5 * time.Second
	openMost = 1000
	ever     = 100 * 365 * 24 * time.Hour
)

// standing reads how things stand when it is asked.
type standing struct {
	options Options
	fleet   fleet
}

var _ prometheus.Collector = (*standing)(nil)

// descriptions are of what standing tells.
type descriptions struct{ store, open, inFlight, breaker, health, checked, called, machines, cost *prometheus.Desc }

func describe() descriptions {
	d := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, labels, nil)
	}
	return descriptions{
		store:    d("ohfp_store_up", "Whether the store answered this scrape; without it the other figures of the registry are absent."),
		open:     d("ohfp_open_operations", "Operations that have not ended, at most 1,000."),
		inFlight: d("ohfp_provider_in_flight", "Calls in progress.", "provider", "class"),
		breaker:  d("ohfp_provider_breaker_state", "1 for the state in which the circuit breaker is, 0 for the others.", "provider", "class", "state"),
		health:   d("ohfp_provider_health_state", "1 for what the last check found, 0 for the others.", "provider", "state"),
		checked:  d("ohfp_provider_last_check_timestamp_seconds", "When the provider was checked last; absent: never.", "provider"),
		called:   d("ohfp_provider_last_used_timestamp_seconds", "When an attempt that reached the provider ended last; absent: never.", "provider", "class"),
		machines: d("ohfp_provider_machines", "Machines that have not ended, at most 10,000, counted at most once a minute.", "provider"),
		cost:     d("ohfp_provider_cost_per_hour", "What those of its machines cost whose price is known, in the currency of the prices; absent: no price is known.", "provider"),
	}
}

// Describe implements [prometheus.Collector].
func (s *standing) Describe(out chan<- *prometheus.Desc) {
	d := describe()
	for _, one := range []*prometheus.Desc{d.store, d.open, d.inFlight, d.breaker, d.health, d.checked, d.called, d.machines, d.cost} {
		out <- one
	}
}

// Collect implements [prometheus.Collector].
func (s *standing) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	d, now := describe(), s.options.Now()
	tell := func(desc *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, v, labels...)
	}
	snap, err := s.options.Registry.Snapshot(ctx)
	if err != nil {
		tell(d.store, 0)
		return
	}
	open, err := s.options.Open.OpenOperations(ctx, now.Add(ever), openMost)
	if err != nil {
		tell(d.store, 0)
		return
	}
	bills, err := s.fleet.bills(ctx, s.options.Machines, &snap, now)
	if err != nil {
		tell(d.store, 0)
		return
	}
	tell(d.store, 1)
	tell(d.open, float64(len(slices.DeleteFunc(open, func(o broker.Operation) bool { return !o.Status.Open() }))))
	for i := range snap.Providers {
		d.provider(tell, &snap.Providers[i], now)
	}
	for provider, b := range bills {
		tell(d.machines, float64(b.machines), provider)
		if b.priced {
			tell(d.cost, b.perHour, provider)
		}
	}
}

type teller func(desc *prometheus.Desc, v float64, labels ...string)

func (d *descriptions) provider(tell teller, p *broker.ProviderView, now time.Time) {
	for _, class := range []string{broker.ClassMutate, broker.ClassRead} {
		l := p.Live[class]
		tell(d.inFlight, float64(l.Calls(now)), p.Name, class)
		for _, state := range broker.Closed.Values() {
			tell(d.breaker, is(string(l.StateAt(now)) == state), p.Name, class, state)
		}
		if m := p.Measured[class]; !m.At.IsZero() {
			tell(d.called, float64(m.At.UnixMilli())/1000, p.Name, class)
		}
	}
	for _, state := range broker.Healthy.Values() {
		tell(d.health, is(string(p.Health.State) == state), p.Name, state)
	}
	if at := p.Health.CheckedAt; !at.IsZero() {
		tell(d.checked, float64(at.UnixMilli())/1000, p.Name)
	}
}

func is(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
