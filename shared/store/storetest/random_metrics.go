package storetest

import (
	"time"

	"pgregory.net/rapid"

	"github.com/openhostfactory/ohfp/shared/broker"
)

func (d *duel) metric(r *rapid.T, hourly bool) broker.MetricRow {
	name := func(label string) string { return pick(r, label, "n", "last", "e_Some.Code", "t_Some.Code", "h31") }
	row := counted(d.provider(r), pick(r, "row", "00#X", "00#Y", "59#X"), map[string]int64{
		name("one"): rapid.Int64Range(1, 1000).Draw(r, "n"), name("another"): rapid.Int64Range(1, 1000).Draw(r, "n"),
	})
	row.Hourly, row.ExpiresAt = hourly, d.clock.now().Add(time.Hour)
	if rapid.Bool().Draw(r, "text") {
		row.Texts = map[string]string{"m_Some.Code": pick(r, "message", "", "why")}
	}
	return row
}

func (d *duel) addMetric(r *rapid.T) {
	row := d.metric(r, false)
	d.done(func(s Store) error { return s.AddMetric(r.Context(), row) })
}

func (d *duel) putMetric(r *rapid.T) {
	row := d.metric(r, true)
	d.done(func(s Store) error { return s.PutMetric(r.Context(), row) })
}

func (d *duel) putDigest(r *rapid.T) {
	p, g := d.provider(r), digest(d.moment(r, "made"), 1)
	d.done(func(s Store) error { return s.PutDigest(r.Context(), p, g) })
}
