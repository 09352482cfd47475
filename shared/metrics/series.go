package metrics

import "time"

// maxPoints is how many points a series has at most, the parts of steps at
// both ends apart.
const maxPoints = 72

// Point is a step of a series, [From, To). The first and the last one may be
// parts of a step. A point of which nothing is counted has no rate and no
// latency, see [Counters].
type Point struct {
	From, To time.Time
	Counters Counters
}

// Step returns how far the points of the window's series are apart: 1 or 2
// minutes up to two hours, else whole hours, up to 12.
func (p *Plan) Step() time.Duration {
	length := p.To.Sub(p.From)
	steps := []time.Duration{time.Hour, 2 * time.Hour, 3 * time.Hour, 4 * time.Hour, 6 * time.Hour}
	if length <= fineHours*time.Hour {
		steps = []time.Duration{time.Minute}
	}
	for _, s := range steps {
		if length <= s*maxPoints {
			return s
		}
	}
	if length <= fineHours*time.Hour {
		return 2 * time.Minute
	}
	return 12 * time.Hour
}

// Series returns the window's points in order, without gaps. Steps begin at
// multiples of their length in UTC, so a point stays where it is while the
// window moves on. The points add up to [Plan.Fold].
func (p *Plan) Series(rows []Row) []Point {
	step := p.Step()
	origin := p.From.Truncate(step)
	points := p.points(step)
	for i := range rows {
		if p.Holds(rows[i].Bucket) {
			n := int(rows[i].Bucket.Start.Sub(origin) / step)
			points[n].Counters.absorb(&rows[i].Counters)
		}
	}
	return points
}

func (p *Plan) points(step time.Duration) []Point {
	var all []Point
	for from := p.From; from.Before(p.To); {
		to := earlier(from.Truncate(step).Add(step), p.To)
		all = append(all, Point{From: from, To: to})
		from = to
	}
	return all
}
