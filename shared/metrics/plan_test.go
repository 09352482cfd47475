package metrics_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/metrics"
)

func bucket(g metrics.Grain, at time.Time) metrics.Bucket { return metrics.Bucket{Grain: g, Start: at} }

func TestABucketHasAKeyAndAnEnd(t *testing.T) {
	at := time.Date(2026, 3, 1, 1, 5, 59, 999, time.FixedZone("CET", 3600)) // 00:05:59 UTC
	for _, c := range []struct {
		grain          metrics.Grain
		start          time.Time
		partition, key string
		end, expires   time.Time
	}{
		{
			metrics.Minute, time.Date(2026, 3, 1, 0, 5, 0, 0, time.UTC), "2026-03-01T00", "05#HEALTH_CHECK",
			time.Date(2026, 3, 1, 0, 6, 0, 0, time.UTC), time.Date(2026, 3, 2, 1, 6, 0, 0, time.UTC),
		},
		{
			metrics.Hour, time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), "2026-03-01", "00#HEALTH_CHECK",
			time.Date(2026, 3, 1, 1, 0, 0, 0, time.UTC), time.Date(2026, 4, 5, 1, 0, 0, 0, time.UTC),
		},
	} {
		b := metrics.BucketAt(c.grain, at)
		r := metrics.Row{Bucket: b, Operation: broker.HealthCheck}
		if b != bucket(c.grain, c.start) || b.Partition() != c.partition || r.Key() != c.key || !b.End().Equal(c.end) || !b.Expires().Equal(c.expires) {
			t.Errorf("%s: got %v %q %q, ends %v, expires %v", c.grain, b.Start, b.Partition(), r.Key(), b.End(), b.Expires())
		}
		got, err := metrics.ParseKey(c.grain, c.partition, c.key)
		if diff := cmp.Diff(r, got); diff != "" || err != nil {
			t.Errorf("%v, -want +got:\n%s", err, diff)
		}
	}
}

func TestParseKeyRefusesWhatNobodyWrote(t *testing.T) {
	for _, c := range [][2]string{
		{"", ""},
		{"2026-03-01T12", "05"},
		{"2026-03-01T12", "05#"},
		{"2026-03-01T12", "5#X"},
		{"2026-03-01T12", "60#X"},
		{"2026-03-01", "05#X"},
		{"2026-02-30T12", "05#X"},
		{"2026-3-01T12", "05#X"},
		{"2026-03-01T24", "05#X"},
		{"2026-03-01T12 ", "05#X"},
	} {
		if _, err := metrics.ParseKey(metrics.Minute, c[0], c[1]); !fault.Is(err, fault.Internal) {
			t.Errorf("%q: got %v", c, err)
		}
	}
	if _, err := metrics.ParseKey(metrics.Hour, "2026-03-01T12", "05#X"); !fault.Is(err, fault.Internal) {
		t.Errorf("a minute's partition: got %v", err)
	}
}

// FuzzParseKey finds no key that is read as a row with another key.
func FuzzParseKey(f *testing.F) {
	f.Add(false, "2026-03-01T12", "05#CREATE_INSTANCES")
	f.Add(true, "2026-03-01", "23#X")
	f.Add(true, "0000-01-01", "00#a#b")
	f.Fuzz(func(t *testing.T, hour bool, partition, key string) {
		g := metrics.Minute
		if hour {
			g = metrics.Hour
		}
		r, err := metrics.ParseKey(g, partition, key)
		switch {
		case err != nil && !fault.Is(err, fault.Internal):
			t.Errorf("got %v", err)
		case err == nil && (r.Partition() != partition || r.Key() != key || r.Bucket != metrics.BucketAt(g, r.Start)):
			t.Errorf("%q %q was read as %v", partition, key, r)
		}
	})
}

func TestNewPlan(t *testing.T) {
	clock := func(day, hour, minute int) time.Time { return time.Date(2026, 3, day, hour, minute, 0, 0, time.UTC) }
	now := clock(10, 12, 23).Add(30 * time.Second)
	mins := func(from, to time.Time) metrics.Span { return metrics.Span{Grain: metrics.Minute, From: from, To: to} }
	hrs := func(from, to time.Time) metrics.Span { return metrics.Span{Grain: metrics.Hour, From: from, To: to} }
	to := clock(10, 12, 24)

	for name, c := range map[string]struct {
		now    time.Time
		hours  int
		rolled metrics.Rolled
		want   metrics.Plan
	}{
		"an hour is minutes": {
			now, 1,
			metrics.Rolled{Until: clock(10, 12, 0)},
			metrics.Plan{From: clock(10, 11, 24), To: to, Spans: []metrics.Span{mins(clock(10, 11, 24), to)}},
		},
		"two hours are minutes too": {
			now, 2,
			metrics.Rolled{Until: clock(10, 12, 0)},
			metrics.Plan{From: clock(10, 10, 24), To: to, Spans: []metrics.Span{mins(clock(10, 10, 24), to)}},
		},
		"a day has minutes at both ends": {
			now, 24,
			metrics.Rolled{Until: clock(10, 12, 0)},
			metrics.Plan{From: clock(9, 12, 24), To: to, Spans: []metrics.Span{
				mins(clock(9, 12, 24), clock(9, 13, 0)), hrs(clock(9, 13, 0), clock(10, 12, 0)), mins(clock(10, 12, 0), to),
			}},
		},
		"what is not rolled up yet is read as minutes": {
			now, 24,
			metrics.Rolled{Until: clock(10, 9, 0)},
			metrics.Plan{From: clock(9, 12, 24), To: to, Spans: []metrics.Span{
				mins(clock(9, 12, 24), clock(9, 13, 0)), hrs(clock(9, 13, 0), clock(10, 9, 0)), mins(clock(10, 9, 0), to),
			}},
		},
		"nothing rolled up: minutes only": {
			now, 24,
			metrics.Rolled{},
			metrics.Plan{From: clock(9, 12, 24), To: to, Spans: []metrics.Span{mins(clock(9, 12, 24), to)}},
		},
		"rolled up in the future: the current hour is minutes": {
			now, 3,
			metrics.Rolled{Until: clock(11, 0, 0)},
			metrics.Plan{From: clock(10, 9, 24), To: to, Spans: []metrics.Span{
				mins(clock(10, 9, 24), clock(10, 10, 0)), hrs(clock(10, 10, 0), clock(10, 12, 0)), mins(clock(10, 12, 0), to),
			}},
		},
		"a week begins with a whole hour": {
			now, 168,
			metrics.Rolled{Until: clock(10, 12, 0)},
			metrics.Plan{From: clock(3, 12, 0), To: to, Spans: []metrics.Span{
				hrs(clock(3, 12, 0), clock(10, 12, 0)), mins(clock(10, 12, 0), to),
			}},
		},
		"minutes that went before they were rolled up are missing": {
			now, 168,
			metrics.Rolled{Until: clock(8, 0, 0)},
			metrics.Plan{From: clock(3, 12, 0), To: to, Missing: []metrics.Span{hrs(clock(8, 0, 0), clock(9, 12, 0))}, Spans: []metrics.Span{
				hrs(clock(3, 12, 0), clock(8, 0, 0)), mins(clock(9, 12, 0), to),
			}},
		},
		"of a week nothing was ever rolled up": {
			now, 168,
			metrics.Rolled{},
			metrics.Plan{From: clock(3, 12, 0), To: to, Missing: []metrics.Span{hrs(clock(3, 12, 0), clock(9, 12, 0))}, Spans: []metrics.Span{mins(clock(9, 12, 0), to)}},
		},
		"gaps of old are missing": {
			now, 168,
			metrics.Rolled{Until: clock(10, 12, 0), Gaps: []metrics.Span{
				hrs(clock(1, 0, 0), clock(2, 0, 0)), hrs(clock(3, 10, 0), clock(3, 13, 0)), hrs(clock(5, 0, 0), clock(6, 0, 0)),
			}},
			metrics.Plan{
				From: clock(3, 12, 0), To: to,
				Missing: []metrics.Span{hrs(clock(3, 12, 0), clock(3, 13, 0)), hrs(clock(5, 0, 0), clock(6, 0, 0))},
				Spans: []metrics.Span{
					hrs(clock(3, 13, 0), clock(5, 0, 0)), hrs(clock(6, 0, 0), clock(10, 12, 0)), mins(clock(10, 12, 0), to),
				},
			},
		},
		"a whole number of hours before an hour's end": {
			clock(10, 11, 59), 3,
			metrics.Rolled{Until: clock(10, 11, 0)},
			metrics.Plan{From: clock(10, 9, 0), To: clock(10, 12, 0), Spans: []metrics.Span{
				hrs(clock(10, 9, 0), clock(10, 11, 0)), mins(clock(10, 11, 0), clock(10, 12, 0)),
			}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := metrics.NewPlan(c.now, c.hours, c.rolled)
			if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
				t.Errorf("%v, -want +got:\n%s", err, diff)
			}
		})
	}
}

func TestAWindowIsFromOneTo840Hours(t *testing.T) {
	for hours, ok := range map[int]bool{-1: false, 0: false, 1: true, 840: true, 841: false} {
		_, err := metrics.NewPlan(noon, hours, metrics.Rolled{Until: noon})
		if (err == nil) != ok || err != nil && !fault.Is(err, fault.InvalidRequest) {
			t.Errorf("%d: %v", hours, err)
		}
	}
}

func TestReads(t *testing.T) {
	s := metrics.Span{Grain: metrics.Minute, From: after(-23 * time.Minute), To: after(time.Hour + 5*time.Minute)}
	want := []metrics.Read{
		{Grain: metrics.Minute, Partition: "2026-03-01T11", First: "37", Below: "60"},
		{Grain: metrics.Minute, Partition: "2026-03-01T12", First: "00", Below: "60"},
		{Grain: metrics.Minute, Partition: "2026-03-01T13", First: "00", Below: "05"},
	}
	if diff := cmp.Diff(want, s.Reads()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	s = metrics.Span{Grain: metrics.Hour, From: noon, To: after(12 * time.Hour)}
	if diff := cmp.Diff([]metrics.Read{{Grain: metrics.Hour, Partition: "2026-03-01", First: "12", Below: "24"}}, s.Reads()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	s.To = s.From
	if got := s.Reads(); len(got) != 0 {
		t.Errorf("of an empty span: %v", got)
	}
}

func TestALongWindowTakesFewReads(t *testing.T) {
	for rolled, most := range map[time.Time]int{noon: 38, after(-24 * time.Hour): 62} {
		p, err := metrics.NewPlan(after(time.Second), 840, metrics.Rolled{Until: rolled})
		if got := len(p.Reads()); err != nil || got > most {
			t.Errorf("got %d reads, want at most %d, %v", got, most, err)
		}
	}
}

// table is a store of rows: it adds, rolls up when it is told to, and drops
// what has expired.
type table struct {
	rows   map[[2]string]metrics.Row
	rolled metrics.Rolled
}

func (s *table) put(r metrics.Row) { s.rows[[2]string{r.Partition(), r.Key()}] = r }

func (s *table) add(r metrics.Row) {
	old := s.rows[[2]string{r.Partition(), r.Key()}]
	r.Counters.Add(&old.Counters)
	s.put(r)
}

func (s *table) all(now time.Time) []metrics.Row {
	var all []metrics.Row
	for _, r := range s.rows {
		if r.Expires().After(now) {
			all = append(all, r)
		}
	}
	return all
}

// read is what a query gives: one partition, a range of keys.
func (s *table) read(q metrics.Read, now time.Time) []metrics.Row {
	return slices.DeleteFunc(s.all(now), func(r metrics.Row) bool {
		return r.Partition() != q.Partition || r.Key() < q.First || r.Key() >= q.Below
	})
}

func (s *table) tick(now time.Time) {
	due, then := s.rolled.Due(now)
	for _, hour := range due {
		for _, r := range metrics.Rollup(hour, s.all(now)) {
			s.put(r)
		}
	}
	s.rolled = then
}

// history carries events into a table, with ticks between that may come late.
func history(r *rapid.T, events []metrics.Event, now time.Time) *table {
	s := &table{rows: map[[2]string]metrics.Row{}}
	if rapid.Bool().Draw(r, "known from the beginning") {
		s.rolled.Until = now.Add(-1000 * time.Hour)
	}
	slices.SortFunc(events, func(a, b metrics.Event) int { return a.Ended.Compare(b.Ended) })
	for _, e := range events {
		if rapid.IntRange(0, 3).Draw(r, "tick") > 0 {
			s.tick(e.Ended)
		}
		s.add(e.Delta())
	}
	if len(events) > 0 {
		lag := time.Duration(rapid.Int64Range(0, int64(30*time.Hour)).Draw(r, "lag"))
		s.tick(now.Add(-lag))
	}
	return s
}

func TestAnyWindowIsANaiveCountOfItsEvents(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		now := noon.Add(time.Duration(rapid.Int64Range(0, int64(48*time.Hour)).Draw(r, "now")))
		hours := rapid.SampledFrom([]int{1, 2, 3, 23, 24, 25, 26, 49, 168, 839, 840}).Draw(r, "hours")
		span := time.Duration(hours+2) * time.Hour
		events := drawEvents(r, 30, now.Add(-span), now.Add(1))
		s := history(r, events, now)
		p, err := metrics.NewPlan(now, hours, s.rolled)
		if err != nil {
			r.Fatal(err)
		}

		var counted []metrics.Event
		want := map[broker.OperationType]int64{}
		for _, e := range events {
			if !e.Ended.Before(p.From) && e.Ended.Before(p.To) && !missing(p, e.Ended) {
				counted = append(counted, e)
				want[e.Operation]++
			}
		}
		var rows []metrics.Row
		for _, q := range p.Reads() {
			rows = append(rows, s.read(q, now)...)
		}
		got := p.Fold(rows)
		if diff := cmp.Diff(sum(counted), got.All); diff != "" {
			r.Errorf("%+v: -want +got:\n%s", p, diff)
		}
		byOperation := map[broker.OperationType]int64{}
		for op, c := range got.ByOperation {
			byOperation[op] = c.Total
		}
		if diff := cmp.Diff(want, byOperation); diff != "" {
			r.Errorf("by operation: -want +got:\n%s", diff)
		}
		if diff := cmp.Diff(got, p.Fold(s.all(now))); diff != "" {
			r.Errorf("-of its reads +of the whole table:\n%s", diff)
		}
		checkSeries(r, p, rows, got.All)
	})
}

func missing(p metrics.Plan, t time.Time) bool {
	return slices.ContainsFunc(p.Missing, func(s metrics.Span) bool { return !t.Before(s.From) && t.Before(s.To) })
}

func checkSeries(r *rapid.T, p metrics.Plan, rows []metrics.Row, want metrics.Counters) {
	points := p.Series(rows)
	var total metrics.Counters
	at := p.From
	for _, x := range points {
		if !x.From.Equal(at) || !x.To.After(x.From) {
			r.Errorf("after %v comes %v to %v", at, x.From, x.To)
		}
		at = x.To
		var n int64
		for _, row := range rows {
			if p.Holds(row.Bucket) && !row.Start.Before(x.From) && row.Start.Before(x.To) {
				n += row.Counters.Total
			}
		}
		if x.Counters.Total != n {
			r.Errorf("from %v to %v: got %d, want %d", x.From, x.To, x.Counters.Total, n)
		}
		total.Add(&x.Counters)
	}
	if !at.Equal(p.To) || len(points) > 74 {
		r.Errorf("%d points end at %v, want %v", len(points), at, p.To)
	}
	if diff := cmp.Diff(want, total); diff != "" {
		r.Errorf("-window +series:\n%s", diff)
	}
}

// drawGaps are whole hours before until, in order.
func drawGaps(r *rapid.T, until time.Time) (gaps []metrics.Span) {
	at := until.Truncate(time.Hour).Add(-900 * time.Hour)
	hours := rapid.IntRange(1, 300)
	for range rapid.IntRange(0, 3).Draw(r, "gaps") {
		from := at.Add(time.Duration(hours.Draw(r, "from")) * time.Hour)
		to := from.Add(time.Duration(hours.Draw(r, "to")) * time.Hour)
		if to.After(until) {
			break
		}
		gaps, at = append(gaps, metrics.Span{Grain: metrics.Hour, From: from, To: to}), to
	}
	return gaps
}

func TestEachMomentIsInOneBucketOrMissing(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		now := noon.Add(time.Duration(rapid.Int64Range(0, int64(25*time.Hour)).Draw(r, "now")))
		rolled := now.Add(-time.Duration(rapid.Int64Range(-int64(2*time.Hour), int64(900*time.Hour)).Draw(r, "lag")))
		hours := rapid.IntRange(1, 840).Draw(r, "hours")
		p, err := metrics.NewPlan(now, hours, metrics.Rolled{Until: rolled, Gaps: drawGaps(r, rolled)})
		if err != nil {
			r.Fatal(err)
		}
		asked := now.Add(-time.Duration(hours) * time.Hour)
		if p.From.After(asked.Add(time.Minute)) || p.From.Before(asked.Add(-time.Hour)) || p.To.Before(now) || p.To.After(now.Add(time.Minute)) {
			r.Errorf("asked from %v to %v, got %v to %v", asked, now, p.From, p.To)
		}
		for m := p.From; m.Before(p.To); m = m.Add(time.Minute) {
			n := 0
			for _, b := range []metrics.Bucket{metrics.BucketAt(metrics.Minute, m), metrics.BucketAt(metrics.Hour, m)} {
				if p.Holds(b) {
					n++
					if !b.Expires().After(now) {
						r.Fatalf("%v %v has expired", b.Grain, b.Start)
					}
				}
			}
			if missing(p, m) {
				n++
			}
			if n != 1 {
				r.Fatalf("%v counts %d times in %+v", m, n, p)
			}
		}
		for _, b := range []metrics.Bucket{
			metrics.BucketAt(metrics.Minute, p.From.Add(-1)), metrics.BucketAt(metrics.Minute, p.To),
			metrics.BucketAt(metrics.Hour, p.From.Add(-1)), metrics.BucketAt(metrics.Hour, p.To),
		} {
			if p.Holds(b) {
				r.Errorf("%v %v lies outside %+v", b.Grain, b.Start, p)
			}
		}
	})
}

func TestDue(t *testing.T) {
	hour := func(h int) metrics.Bucket { return bucket(metrics.Hour, after(time.Duration(h)*time.Hour)) }
	until := func(h int) metrics.Rolled { return metrics.Rolled{Until: hour(h).Start} }
	gap := func(from, to time.Time) metrics.Span { return metrics.Span{Grain: metrics.Hour, From: from, To: to} }
	for name, c := range map[string]struct {
		rolled metrics.Rolled
		now    time.Time
		want   []metrics.Bucket
		then   metrics.Rolled
	}{
		"none while minutes may still come": {until(0), after(time.Hour + 5*time.Minute - 1), nil, until(0)},
		"an hour that has settled":          {until(0), after(time.Hour + 5*time.Minute), []metrics.Bucket{hour(0)}, until(1)},
		"all since the last one":            {until(0), after(3*time.Hour + 30*time.Minute), []metrics.Bucket{hour(0), hour(1), hour(2)}, until(3)},
		"none twice":                        {until(3), after(3*time.Hour + 30*time.Minute), nil, until(3)},
		"the whole hour of a broken mark":   {metrics.Rolled{Until: after(1)}, after(time.Hour + 5*time.Minute), []metrics.Bucket{hour(0)}, until(1)},
		"none in the future":                {until(9), noon, nil, until(9)},
		"what no window reaches is no gap any more": {
			metrics.Rolled{Until: noon, Gaps: []metrics.Span{gap(after(-860*time.Hour), after(-841*time.Hour)), gap(after(-850*time.Hour), after(-840*time.Hour))}},
			noon, nil,
			metrics.Rolled{Until: noon, Gaps: []metrics.Span{gap(after(-850*time.Hour), after(-840*time.Hour))}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			due, then := c.rolled.Due(c.now)
			if diff := cmp.Diff(c.want, due, empty) + cmp.Diff(c.then, then); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestHoursThatCannotBeRolledUpAnyMoreAreAGap(t *testing.T) {
	at := func(h int) time.Time { return after(time.Duration(h) * time.Hour) }
	due, then := metrics.Rolled{Until: at(-48)}.Due(after(30 * time.Minute))
	if len(due) != 24 || !due[0].Start.Equal(at(-24)) || !due[23].Start.Equal(at(-1)) {
		t.Errorf("got %v", due)
	}
	want := metrics.Rolled{Until: noon, Gaps: []metrics.Span{{Grain: metrics.Hour, From: at(-48), To: at(-24)}}}
	if diff := cmp.Diff(want, then); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestRollup(t *testing.T) {
	minute := func(m int, op broker.OperationType, n int64) metrics.Row {
		return metrics.Row{Bucket: bucket(metrics.Minute, after(time.Duration(m)*time.Minute)), Operation: op, Counters: metrics.Counters{Total: n}}
	}
	rows := []metrics.Row{
		minute(-1, "A", 1), minute(0, "B", 2), minute(59, "A", 4), minute(30, "A", 8), minute(60, "A", 16),
		{Bucket: bucket(metrics.Hour, noon), Operation: "A", Counters: metrics.Counters{Total: 32}},
	}
	hour := bucket(metrics.Hour, noon)
	want := []metrics.Row{
		{Bucket: hour, Operation: "A", Counters: metrics.Counters{Total: 12}},
		{Bucket: hour, Operation: "B", Counters: metrics.Counters{Total: 2}},
	}
	if diff := cmp.Diff(want, metrics.Rollup(hour, rows)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got := metrics.Rollup(hour, nil); len(got) != 0 {
		t.Errorf("of nothing: %v", got)
	}
}

func TestAnHourKeepsTheNamesOfTwentyErrors(t *testing.T) {
	var c metrics.Counters
	for i := range 30 {
		c.Errors.Note(strings.Repeat("x", i+1), "", noon)
	}
	rows := []metrics.Row{{Bucket: bucket(metrics.Minute, noon), Counters: c}}
	got := metrics.Rollup(bucket(metrics.Hour, noon), rows)[0].Counters.Errors
	if len(got) != 20 || got[metrics.OtherErrors].Count != 11 {
		t.Errorf("%d codes, others %d", len(got), got[metrics.OtherErrors].Count)
	}
}

func TestStep(t *testing.T) {
	for hours, want := range map[int]time.Duration{
		1: time.Minute, 2: 2 * time.Minute, 3: time.Hour, 24: time.Hour, 71: time.Hour, 72: 2 * time.Hour,
		168: 3 * time.Hour, 432: 12 * time.Hour, 840: 12 * time.Hour,
	} {
		p, err := metrics.NewPlan(after(30*time.Minute), hours, metrics.Rolled{Until: noon})
		if got := p.Step(); got != want || err != nil {
			t.Errorf("%d h: got %v, want %v, %v", hours, got, want, err)
		}
	}
}
