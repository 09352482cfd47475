package selection

import (
	"math"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// distanceTo is how far a provider is from the request's origin; without an
// origin, 0.
func (q *Query) distanceTo(i int) float64 {
	if q.distance == nil {
		return 0
	}
	return q.distance[i]
}

// locate measures how far everybody is from the origin. What the origin does
// not say about itself is taken from the providers that share its zone or its
// region.
func (q *Query) locate() {
	s, from := q.snapshot, q.request.Origin
	if from == (broker.Origin{}) {
		return
	}
	for i := range s.facts {
		f := &s.facts[i]
		if f.zone != "" && f.zone == from.Zone || f.place.Region != "" && f.place.Region == from.Place.Region {
			from.Place = completed(from.Place, f.place)
		}
	}
	q.distance = make([]float64, len(s.facts))
	for i := range s.facts {
		q.distance[i] = distance(from, &s.facts[i])
	}
}

func completed(p, by broker.Place) broker.Place {
	if p.Region == "" {
		p.Region = by.Region
	}
	if p.Geography == "" {
		p.Geography = by.Geography
	}
	if p.Point == nil {
		p.Point = by.Point
	}
	return p
}

func distance(from broker.Origin, f *facts) float64 {
	switch {
	case f.zone != "" && f.zone == from.Zone:
		return sameZone
	case f.place.Region != "" && f.place.Region == from.Place.Region:
		return sameRegion
	case f.place.Geography != "" && f.place.Geography == from.Place.Geography:
		return sameGeography
	case f.place.Point != nil && from.Place.Point != nil:
		return byGlobe + haversine(*from.Place.Point, *f.place.Point)
	default:
		return nowhere
	}
}

// haversine is sin² of half the angle between two points: 0 at one place, 1 at
// opposite ends (Sinnott, Virtues of the Haversine, 1984). It grows with the
// distance, and needs no inverse function to compare by.
func haversine(a, b broker.Point) float64 {
	east := math.Abs(a.Longitude - b.Longitude)
	if east > 180 {
		east = 360 - east
	}
	north, round := sine((a.Latitude-b.Latitude)/2), sine(east/2)
	level := float64(sine(90-math.Abs(a.Latitude)) * sine(90-math.Abs(b.Latitude)))
	return min(float64(north*north)+float64(level*float64(round*round)), 1)
}

// sine of so many degrees, between −90 and 90, to 10 digits and the same on
// every processor, which math.Sin is not: the first terms of the power series.
func sine(degrees float64) float64 {
	x := degrees * (math.Pi / 180)
	square, sum := float64(x*x), 1.0
	for n := 16.0; n >= 2; n -= 2 {
		sum = 1 - float64(sum*square)/float64(n*(n+1))
	}
	return float64(x * sum)
}

// kilometres is the great circle of a haversine, on a globe of the mean radius.
func kilometres(h float64) float64 { return 2 * 6371 * math.Asin(math.Sqrt(h)) }
