package openmetrics

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/metrics"
)

// counters are what this process has counted since it began.
type counters struct {
	attempts  *prometheus.CounterVec
	durations *prometheus.HistogramVec
	machines  *prometheus.CounterVec
	throttles *prometheus.CounterVec
	failovers *prometheus.CounterVec
	unwritten prometheus.Counter
}

// seconds are the bounds of the histogram: from a table's answer to the longest
// call of a driver.
func seconds() []float64 {
	return []float64{0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 120, 600}
}

func newCounters() *counters {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	return &counters{
		attempts: counter("ohfp_attempts_total", "Attempts that ended; class says why one failed.", "provider", "operation_type", "outcome", "class"),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "ohfp_attempt_duration_seconds", Help: "How long attempts took that succeeded.", Buckets: seconds(),
		}, []string{"provider", "operation_type"}),
		machines:  counter("ohfp_machines_created_total", "Machines made.", "provider"),
		throttles: counter("ohfp_throttles_total", "How often a provider said to slow down.", "provider"),
		failovers: counter("ohfp_failovers_total", "How often what one provider did not do was asked of another; class says why.", "provider", "next_provider", "class"),
		unwritten: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "ohfp_metrics_unwritten_total", Help: "Attempts that could not be counted in the store.",
		}),
	}
}

func (c *counters) all() []prometheus.Collector {
	return []prometheus.Collector{c.attempts, c.durations, c.machines, c.throttles, c.failovers, c.unwritten}
}

// Counting returns a writer that counts what is written to w here as well,
// also when w fails.
func (e *Exporter) Counting(w broker.MetricWriter) broker.MetricWriter {
	return &counting{to: w, counters: e.counters}
}

// Stepped counts what a decision tells that was stored.
func (e *Exporter) Stepped(s *broker.Step) {
	for i := range s.Tells {
		if v := &s.Tells[i]; v.Type == broker.EventFailoverOccurred {
			e.counters.failovers.WithLabelValues(v.PreviousProvider, v.Provider, v.ErrorClass).Inc()
		}
	}
}

type counting struct {
	to       broker.MetricWriter
	counters *counters
}

var _ broker.MetricWriter = (*counting)(nil)

// AddMetric implements [broker.MetricWriter].
func (c *counting) AddMetric(ctx context.Context, r broker.MetricRow) error {
	if row, err := metrics.ReadRow(r); err == nil { // else w says what is wrong with it
		c.counters.count(r.Provider, &row)
	}
	err := c.to.AddMetric(ctx, r)
	if err != nil {
		c.counters.unwritten.Inc()
	}
	return err //nolint:wrapcheck // of the store that stands behind
}

// count takes what one attempt adds.
func (c *counters) count(provider string, r *metrics.Row) {
	operation, d := string(r.Operation), &r.Counters
	add := func(outcome, class string, n int64) {
		if n > 0 {
			c.attempts.WithLabelValues(provider, operation, outcome, class).Add(float64(n))
		}
	}
	add("succeeded", "", d.Succeeded-d.Partial)
	add("partial", "", d.Partial)
	for class, n := range d.Failed {
		add("failed", string(class), n)
	}
	if took, ok := d.MeanLatency(); ok {
		c.durations.WithLabelValues(provider, operation).Observe(took.Seconds())
	}
	if d.Machines > 0 {
		c.machines.WithLabelValues(provider).Add(float64(d.Machines))
	}
	if d.Throttled > 0 {
		c.throttles.WithLabelValues(provider).Add(float64(d.Throttled))
	}
}
