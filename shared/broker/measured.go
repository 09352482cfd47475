package broker

import (
	"strconv"
	"time"
)

// Measured is what the calls of one breaker class say of a provider. What was
// not measured is nil or 0 of 0: missing is never zero. Counts are fractions
// where older calls weigh less. Health checks are not among the calls.
type Measured struct {
	At        time.Time      `json:"at"`                // of the newest call in it; zero: nothing was ever measured
	Successes float64        `json:"successes"`         // of Calls
	Calls     float64        `json:"calls"`             // that judge the provider; errors of capacity, quota, throttle and validation do not
	Latency   *time.Duration `json:"latency,omitempty"` // decayed mean of successes: what thresholds read
	Peak      *time.Duration `json:"peak,omitempty"`    // peak-EWMA, τ = 60 s; a failure counts as its timeout: what policies read
	Delivered float64        `json:"delivered"`         // machines, of Wanted
	Wanted    float64        `json:"wanted"`            // machines asked for; want of capacity or quota counts here
	Lost      *float64       `json:"lost,omitempty"`    // share of running machines that the provider takes back per hour, 0 to 1
}

// Pace is the latency that policies compare: the peak, or the mean where no
// peak was kept; false: neither is known.
func (m *Measured) Pace() (time.Duration, bool) {
	switch {
	case m.Peak != nil:
		return *m.Peak, true
	case m.Latency != nil:
		return *m.Latency, true
	default:
		return 0, false
	}
}

// Room is how many more machines a provider's limits and hosts allow.
type Room struct {
	Free  int `json:"free"`  // machines that still fit; 0: a create is not sent there
	Limit int `json:"limit"` // machines that fit in all, at least 1
}

// Point is a place on the globe, in degrees: north and east are positive.
type Point struct {
	Latitude  float64 `json:"latitude"`
	Longitude float64 `json:"longitude"`
}

// Place is where a provider, or the origin of a request, is, beyond its zone.
// "" and nil: not known.
type Place struct {
	Region    string `json:"region,omitempty"`
	Geography string `json:"geography,omitempty"` // what data must not leave: "eu", "us"
	Point     *Point `json:"point,omitempty"`
}

// Origin is where a request comes from.
type Origin struct {
	Zone  string `json:"zone,omitempty"`
	Place Place  `json:"place,omitzero"`
}

// PlaceOf reads a place from labels: region, geography, and latitude with
// longitude in degrees. Coordinates that are none are left out.
func PlaceOf(labels map[string]string) Place {
	p := Place{Region: labels["region"], Geography: labels["geography"]}
	north, ok := degrees(labels["latitude"], 90)
	east, too := degrees(labels["longitude"], 180)
	if ok && too {
		p.Point = &Point{Latitude: north, Longitude: east}
	}
	return p
}

func degrees(text string, most float64) (float64, bool) {
	d, err := strconv.ParseFloat(text, 64)
	return d, err == nil && d >= -most && d <= most
}
