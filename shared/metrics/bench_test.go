package metrics_test

import (
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/metrics"
)

// month is the longest window of a busy provider: three operation types in
// each of its hours and minutes, some rows with errors.
func month(b *testing.B) (metrics.Plan, []metrics.Row) {
	b.Helper()
	p, err := metrics.NewPlan(after(59*time.Minute), metrics.MaxHours, metrics.Rolled{Until: noon})
	if err != nil {
		b.Fatal(err)
	}
	var rows []metrics.Row
	for _, s := range p.Spans {
		for at := s.From; at.Before(s.To); at = at.Add(s.Grain.Length()) {
			for i, op := range []broker.OperationType{broker.CreateInstances, broker.TerminateInstances, broker.GetInstanceStatus} {
				e := metrics.Event{Operation: op, Ended: at, Duration: time.Duration(at.Unix() % 5e9), Message: "no host is free"}
				if len(rows)%10 == i {
					e.Class, e.Code = fault.Capacity, "PoolEmpty"
				}
				r := e.Delta()
				r.Bucket = metrics.BucketAt(s.Grain, at)
				rows = append(rows, r)
			}
		}
	}
	return p, rows
}

func BenchmarkDelta(b *testing.B) {
	e := metrics.Event{Operation: broker.CreateInstances, Ended: noon, Duration: time.Second, Machines: 2}
	for b.Loop() {
		_ = e.Delta()
	}
}

func BenchmarkFlat(b *testing.B) {
	e := metrics.Event{Operation: broker.CreateInstances, Ended: noon, Duration: time.Second, Machines: 2}.Delta()
	for b.Loop() {
		_ = e.Counters.Flat()
	}
}

func BenchmarkFold840Hours(b *testing.B) {
	p, rows := month(b)
	b.ReportAllocs()
	for b.Loop() {
		_ = p.Fold(rows)
	}
	b.ReportMetric(float64(len(rows)), "rows")
}

func BenchmarkSeries840Hours(b *testing.B) {
	p, rows := month(b)
	b.ReportAllocs()
	for b.Loop() {
		_ = p.Series(rows)
	}
}

func BenchmarkSummarize(b *testing.B) {
	_, rows := month(b)
	for b.Loop() {
		_ = metrics.Summarize(broker.ClassMutate, rows, metrics.Summary{}, after(59*time.Minute))
	}
}

func BenchmarkQuantile(b *testing.B) {
	var h metrics.Histogram
	for i := range 1000 {
		h.Observe(time.Duration(i) * time.Millisecond)
	}
	for b.Loop() {
		_, _ = h.Quantile(0.95)
	}
}

func BenchmarkPosterior(b *testing.B) {
	for name, t := range map[string]metrics.Tally{"0": {}, "1000": {Good: 990, Bad: 10}, "1e6": {Good: 999_000, Bad: 1000}} {
		prior := metrics.Pool([]metrics.Tally{t})
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				_ = prior.Posterior(t)
			}
		})
	}
}
