package storetest

import (
	"sync"
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
)

func testMetrics(t *testing.T, open Open) {
	for _, c := range []struct {
		name string
		run  func(*fixture)
	}{
		{"what is added is in the row of its minute and type", metricsAdded},
		{"times and texts are replaced", metricsReplaced},
		{"codes of providers are names like others", metricsNames},
		{"a range has its rows, in order, and its upper end is not in it", metricsRange},
		{"providers, hours and minutes are apart", metricsApart},
		{"a row that is put replaces what is there", metricsPut},
		{"a row that has expired is not read", metricsExpired},
		{"sums survive a restart", metricsRestart},
		{"what many add at once is all there", metricsTogether},
		{"a digest is in the snapshot until a newer one comes", digestStored},
		{"a digest survives an update of its provider, and goes with it", digestKept},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(newFixture(t, open)) })
	}
}

const thisHour = "2026-03-01T12"

func counted(provider, row string, numbers map[string]int64) broker.MetricRow {
	return broker.MetricRow{
		MetricKey: broker.MetricKey{Provider: provider, Partition: thisHour, Row: row},
		Flat:      broker.Flat{Numbers: numbers}, ExpiresAt: at(25 * time.Hour),
	}
}

func (f *fixture) metrics(r broker.MetricRange) []broker.MetricRow {
	f.Helper()
	return must[[]broker.MetricRow](f)(f.MetricRows(f.Context(), r))
}

func wholeHour(provider string) broker.MetricRange {
	return broker.MetricRange{Provider: provider, Partition: thisHour, First: "00", Below: "60"}
}

func metricsAdded(f *fixture) {
	one := counted("pool-a", "05#CREATE_INSTANCES", map[string]int64{"n": 1, "ok": 1, "h7": 1})
	f.ok(f.AddMetric(f.Context(), one))
	f.same([]broker.MetricRow{one}, f.metrics(wholeHour("pool-a")))
	f.ok(f.AddMetric(f.Context(), counted("pool-a", "05#CREATE_INSTANCES", map[string]int64{"n": 1, "h9": 2})))
	one.Numbers = map[string]int64{"n": 2, "ok": 1, "h7": 1, "h9": 2}
	f.same([]broker.MetricRow{one}, f.metrics(wholeHour("pool-a")))
	f.same(0, len(f.metrics(wholeHour("pool-b"))))
}

func metricsReplaced(f *fixture) {
	first := counted("pool-a", "05#X", map[string]int64{"last": 200, "t_E": 100, "e_E": 1})
	first.Texts = map[string]string{"m_E": "old"}
	second := counted("pool-a", "05#X", map[string]int64{"last": 100, "t_E": 300, "e_E": 1})
	second.Texts = map[string]string{"m_E": ""}
	f.ok(f.AddMetric(f.Context(), first))
	f.ok(f.AddMetric(f.Context(), second))
	want := counted("pool-a", "05#X", map[string]int64{"last": 100, "t_E": 300, "e_E": 2})
	want.Texts = map[string]string{"m_E": ""}
	f.same([]broker.MetricRow{want}, f.metrics(wholeHour("pool-a")))
}

func metricsNames(f *fixture) {
	code := "Some.Code-of (a) cloud: \u00e4#1"
	row := counted("pool-a", "05#X", map[string]int64{"e_" + code: 1, "t_" + code: 5, "e_": 1})
	row.Texts = map[string]string{"m_" + code: "why\u2026"}
	f.ok(f.AddMetric(f.Context(), row))
	f.same([]broker.MetricRow{row}, f.metrics(wholeHour("pool-a")))
	row.Hourly = true
	f.ok(f.PutMetric(f.Context(), row))
	hours := wholeHour("pool-a")
	hours.Hourly = true
	f.same([]broker.MetricRow{row}, f.metrics(hours))
}

func metricsRange(f *fixture) {
	rows := map[string]broker.MetricRow{}
	for _, k := range []string{"10#A", "04#B", "05#A", "06#A", "05#B"} {
		rows[k] = counted("pool-a", k, map[string]int64{"n": 1})
		f.ok(f.AddMetric(f.Context(), rows[k]))
	}
	got := f.metrics(broker.MetricRange{Provider: "pool-a", Partition: thisHour, First: "05", Below: "06"})
	f.same([]broker.MetricRow{rows["05#A"], rows["05#B"]}, got)
	got = f.metrics(broker.MetricRange{Provider: "pool-a", Partition: thisHour, First: "04#B", Below: "06#A"})
	f.same([]broker.MetricRow{rows["04#B"], rows["05#A"], rows["05#B"]}, got)
	f.same(5, len(f.metrics(wholeHour("pool-a"))))
	f.same(0, len(f.metrics(broker.MetricRange{Provider: "pool-a", Partition: thisHour, First: "06", Below: "06"})))
}

func metricsApart(f *fixture) {
	minute := counted("pool-a", "05#X", map[string]int64{"n": 1})
	hour := counted("pool-a", "05#X", map[string]int64{"n": 2})
	hour.Hourly = true
	other := counted("pool", "05#X", map[string]int64{"n": 3})
	for _, r := range []broker.MetricRow{minute, other} {
		f.ok(f.AddMetric(f.Context(), r))
	}
	f.ok(f.PutMetric(f.Context(), hour))
	f.same([]broker.MetricRow{minute}, f.metrics(wholeHour("pool-a")))
	f.same([]broker.MetricRow{other}, f.metrics(wholeHour("pool")))
	hours := wholeHour("pool-a")
	hours.Hourly = true
	f.same([]broker.MetricRow{hour}, f.metrics(hours))
}

func metricsPut(f *fixture) {
	minute := counted("pool-a", "11#X", map[string]int64{"n": 9})
	f.ok(f.AddMetric(f.Context(), minute))
	minute.Flat = broker.Flat{}
	f.ok(f.PutMetric(f.Context(), minute)) // of minutes it is clearing them
	f.same([]broker.MetricRow{minute}, f.metrics(wholeHour("pool-a")))
	for _, n := range []int64{7, 3, 3} {
		row := counted("pool-a", "11#X", map[string]int64{"n": n})
		row.Hourly = true
		f.ok(f.PutMetric(f.Context(), row))
		hours := wholeHour("pool-a")
		hours.Hourly = true
		f.same([]broker.MetricRow{row}, f.metrics(hours))
	}
}

func metricsExpired(f *fixture) {
	f.ok(f.AddMetric(f.Context(), counted("pool-a", "05#X", map[string]int64{"n": 1})))
	f.clock.advance(25*time.Hour - time.Second)
	f.same(1, len(f.metrics(wholeHour("pool-a"))))
	f.clock.advance(time.Second)
	f.same(0, len(f.metrics(wholeHour("pool-a"))))
}

func metricsRestart(f *fixture) {
	row := counted("pool-a", "05#X", map[string]int64{"n": 1})
	f.ok(f.AddMetric(f.Context(), row))
	f.restart()
	f.ok(f.AddMetric(f.Context(), row))
	row.Numbers = map[string]int64{"n": 2}
	f.same([]broker.MetricRow{row}, f.metrics(wholeHour("pool-a")))
}

func metricsTogether(f *fixture) {
	const callers, each = 8, 10
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for range each {
				if err := f.AddMetric(f.Context(), counted("pool-a", "05#X", map[string]int64{"n": 1, "us": 20})); err != nil {
					f.Error(err)
				}
			}
		})
	}
	wg.Wait()
	f.same([]broker.MetricRow{counted("pool-a", "05#X", map[string]int64{"n": callers * each, "us": callers * each * 20})}, f.metrics(wholeHour("pool-a")))
}

func digest(when time.Time, calls float64) broker.Digest {
	pace := 300 * time.Millisecond
	return broker.Digest{
		At:       when,
		Measured: map[string]broker.Measured{broker.ClassMutate: {At: start, Calls: calls, Successes: 1, Peak: &pace, Wanted: 4, Delivered: 3}},
		Rolled:   broker.Rolled{Until: start, Gaps: []broker.Gap{{From: at(-2 * time.Hour), To: at(-time.Hour)}}},
	}
}

func (f *fixture) digest() broker.Digest {
	f.Helper()
	v := f.view("pool-a")
	return broker.Digest{At: v.DigestAt, Measured: v.Measured, Rolled: v.Rolled}
}

func digestStored(f *fixture) {
	f.ok(f.PutDigest(f.Context(), "nobody", digest(start, 1)))
	must[broker.Registration](f)(f.PutProvider(f.Context(), registration("pool-a")))
	f.same(broker.Digest{}, f.digest())
	for _, c := range []struct{ put, want broker.Digest }{
		{digest(at(time.Minute), 1), digest(at(time.Minute), 1)},
		{digest(start, 2), digest(at(time.Minute), 1)},
		{digest(at(time.Minute), 3), digest(at(time.Minute), 3)},
		{digest(at(time.Hour), 4), digest(at(time.Hour), 4)},
	} {
		f.ok(f.PutDigest(f.Context(), "pool-a", c.put))
		f.same(c.want, f.digest())
	}
	f.same(1, len(must[broker.Snapshot](f)(f.Snapshot(f.Context())).Providers))
}

func digestKept(f *fixture) {
	r := must[broker.Registration](f)(f.PutProvider(f.Context(), registration("pool-a")))
	f.ok(f.PutDigest(f.Context(), "pool-a", digest(start, 1)))
	must[broker.Health](f)(f.RecordHealth(f.Context(), "pool-a", health(broker.Healthy, "up", start)))
	r = must[broker.Registration](f)(f.PutProvider(f.Context(), r))
	f.restart()
	f.same(digest(start, 1), f.digest())
	f.same(broker.Healthy, f.view("pool-a").Health.State)
	f.ok(f.DeleteProvider(f.Context(), "pool-a", r.Version, broker.Actor{}))
	must[broker.Registration](f)(f.PutProvider(f.Context(), registration("pool-a")))
	f.same(broker.Digest{}, f.digest())
}
