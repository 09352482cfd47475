package metrics

import (
	"slices"
	"time"

	"github.com/openhostfactory/ohfp/shared/fault"
)

// Bounds of a window, in hours.
const (
	MaxHours  = 840
	fineHours = 2 // up to so many a window is read from minutes only, so that its series is fine
)

// Plan says which rows a window of time needs. Its spans do not overlap, are
// in order, and cover [From, To) but for Missing.
type Plan struct {
	From, To time.Time // on edges of buckets; To is the end of the current minute
	Spans    []Span
	Missing  []Span // hours of which nothing is known; usually none
}

// NewPlan plans the last so many hours (1 to [MaxHours], else invalid_request)
// before now.
//
//	From ── minutes ── hour ───── hours ───── rolled ── minutes ── To
//
// Up to a day the window is hours × 60 minutes, the current one included. A
// longer one begins with the whole hour in which it would begin: minutes that
// old are gone.
func NewPlan(now time.Time, hours int, rolled Rolled) (Plan, error) {
	if hours < 1 || hours > MaxHours {
		return Plan{}, fault.Invalid("time_range_hours", "is from 1 to %d", MaxHours)
	}
	to := BucketAt(Minute, now).End()
	p := Plan{From: to.Add(-time.Duration(hours) * time.Hour), To: to}
	if p.From.Before(minutesReach(now)) {
		p.From = BucketAt(Hour, p.From).Start
	}
	if hours <= fineHours {
		rolled = Rolled{Until: p.From}
	}
	rolled = rolled.at(now)
	rolled.Until = earlier(rolled.Until, BucketAt(Hour, now).Start)
	p.cut(rolled)
	return p, nil
}

// cut parts the window: hours as far as they are rolled up, minutes on both
// sides of them.
func (p *Plan) cut(rolled Rolled) {
	first := hourFrom(p.From) // where whole hours begin
	seam := later(rolled.Until, first)
	p.add(Minute, p.From, first)
	for _, gap := range rolled.Gaps {
		from, to := later(gap.From, first), earlier(gap.To, seam)
		if from.Before(to) {
			p.add(Hour, first, from)
			p.Missing = append(p.Missing, Span{Hour, from, to})
			first = to
		}
	}
	p.add(Hour, first, seam)
	p.add(Minute, seam, p.To)
}

// add appends a span unless it is empty; one that only goes on with the last
// is joined to it.
func (p *Plan) add(g Grain, from, to time.Time) {
	if !from.Before(to) {
		return
	}
	if n := len(p.Spans); n > 0 && p.Spans[n-1].Grain == g && p.Spans[n-1].To.Equal(from) {
		p.Spans[n-1].To = to
		return
	}
	p.Spans = append(p.Spans, Span{g, from, to})
}

// Holds reports whether the row of b counts in the window. Each moment is in
// one bucket that does, or in Missing.
func (p *Plan) Holds(b Bucket) bool {
	return slices.ContainsFunc(p.Spans, func(s Span) bool { return s.Holds(b) })
}

// Reads returns the queries that the window takes, oldest first: at most 36
// days of hours and 26 hours of minutes.
func (p *Plan) Reads() []Read {
	var all []Read
	for _, s := range p.Spans {
		all = append(all, s.Reads()...)
	}
	return all
}

// hourFrom is the first whole hour at or after t.
func hourFrom(t time.Time) time.Time {
	b := BucketAt(Hour, t)
	if b.Start.Equal(t) {
		return b.Start
	}
	return b.End()
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
