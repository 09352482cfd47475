package selection

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/openhostfactory/ohfp/shared/broker"
)

func TestNegLogIsTheLogarithm(t *testing.T) {
	check := func(x uint64) {
		t.Helper()
		want := -math.Log(float64(x) / (1 << 53))
		if got := negLog(x); math.Abs(got-want) > 1e-13*want {
			t.Errorf("%d: got %v, want %v", x, got, want)
		}
	}
	for _, x := range []uint64{1, 3, 1<<52 - 1, 1<<52 + 1, 1<<53 - 1, 1<<53 - 3} {
		check(x)
	}
	rapid.Check(t, func(t *rapid.T) { check(rapid.Uint64Range(0, 1<<52-1).Draw(t, "x")<<1 | 1) })
}

func TestSineIsTheSine(t *testing.T) {
	for degrees := -90.0; degrees <= 90; degrees += 0.25 {
		if got, want := sine(degrees), math.Sin(degrees*math.Pi/180); math.Abs(got-want) > 1e-10 {
			t.Errorf("%v: got %v, want %v", degrees, got, want)
		}
	}
}

func TestHaversineIsThatOfTheSphericalLawOfCosines(t *testing.T) {
	radians := func(d float64) float64 { return d * math.Pi / 180 }
	draw := rapid.Custom(func(t *rapid.T) broker.Point {
		return broker.Point{
			Latitude: rapid.Float64Range(-90, 90).Draw(t, "north"), Longitude: rapid.Float64Range(-180, 180).Draw(t, "east"),
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := draw.Draw(t, "a"), draw.Draw(t, "b")
		cosine := math.Sin(radians(a.Latitude))*math.Sin(radians(b.Latitude)) +
			math.Cos(radians(a.Latitude))*math.Cos(radians(b.Latitude))*math.Cos(radians(a.Longitude-b.Longitude))
		if got, want := haversine(a, b), (1-cosine)/2; math.Abs(got-want) > 1e-9 {
			t.Fatalf("got %v, want %v", got, want)
		}
	})
}

func TestFadeIsOneAtFirstAndNearlyTheExponential(t *testing.T) {
	if fade(0) != 1 || fade(-5) != 1 || fade(math.MaxInt64) != 0 {
		t.Errorf("%v, %v, %v", fade(0), fade(-5), fade(math.MaxInt64))
	}
	last := 1.0
	for seconds := int64(1); seconds < 600; seconds++ {
		got, want := fade(seconds*1e9), math.Exp(-float64(seconds)/60)
		if got >= last || got < want*(1-1e-9) || got > want*1.0616 {
			t.Errorf("after %d s: %v, the exponential is %v", seconds, got, want)
		}
		last = got
	}
}

func TestDrawsCoverTheirRangeEvenly(t *testing.T) {
	var counts [7]int
	d := newDraws(42)
	for range 70_000 {
		counts[d.below(7)]++
	}
	sum := 0.0
	for _, n := range counts {
		sum += float64(n-10_000) * float64(n-10_000) / 10_000
	}
	if sum > 22.5 { // 99.9 % of 6 degrees
		t.Errorf("chi-square %v: %v", sum, counts)
	}
}

// The first number of consecutive starts is what decides by ticket.
func TestConsecutiveTicketsDrawLikeChance(t *testing.T) {
	var pairs [5][5]int
	last := int64(0)
	for ticket := range uint64(50_000) {
		d := newDraws(ticket)
		n := d.below(5)
		pairs[last][n]++
		last = n
	}
	sum := 0.0
	for _, row := range pairs {
		for _, n := range row {
			sum += float64(n-2000) * float64(n-2000) / 2000
		}
	}
	if sum > 51.2 { // 99.9 % of 24 degrees
		t.Errorf("chi-square %v: %v", sum, pairs)
	}
}

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   float64
	}{{nil, 0}, {[]float64{3}, 3}, {[]float64{9, 1}, 5}, {[]float64{9, 1, 2}, 2}, {[]float64{0.1, 0.1, 0.1, 0.1}, 0.1}} {
		got := median(0, len(c.values), func(i int) (float64, bool) { return c.values[i], true })
		if got != c.want {
			t.Errorf("of %v: %v, want %v", c.values, got, c.want)
		}
	}
}
