package metrics

import (
	"math"
	"time"
)

// Tau is the time after which an observation has lost all but 1/e (37 %) of
// its weight.
const Tau = 60 * time.Second

// Mean is a time-decayed mean: each observation weighs exp(−age/Tau). Because
// sum and weight decay alike, neither the order of observations nor the time
// of reading matters (forward decay: Cormode, Shkapenyuk, Srivastava, Xu, ICDE
// 2009). The zero value has seen nothing.
type Mean struct {
	sum, weight float64 // of nanoseconds, as at the time at
	at          time.Time
}

// Observe counts n observations of d, made at t. An old one is let in with
// what weight it has left. n ≤ 0 counts nothing.
func (m *Mean) Observe(d time.Duration, n int64, t time.Time) {
	if n <= 0 {
		return
	}
	if m.weight == 0 {
		m.at = t
	}
	w := float64(n)
	if age := t.Sub(m.at); age > 0 {
		m.sum, m.weight, m.at = m.sum*decay(age), m.weight*decay(age), t
	} else {
		w *= decay(-age)
	}
	m.sum += w * float64(d)
	m.weight += w
}

// Value returns the mean. False when nothing was observed, or all so long ago
// that its weight is gone.
func (m *Mean) Value() (time.Duration, bool) {
	if m.weight == 0 {
		return 0, false
	}
	return time.Duration(m.sum / m.weight), true
}

// Weight returns what the observations together weigh at now, a measure of how
// much is known: 1 is one observation made just now.
func (m *Mean) Weight(now time.Time) float64 { return m.weight * decay(max(0, now.Sub(m.at))) }

// Peak is a decayed mean that believes bad news at once and good news slowly:
// an observation above it replaces it, one below pulls it down by
// 1 − exp(−Δt/Tau), where Δt is the time since the one before. However often a
// provider that was k times slower is asked after it mended, exp(−t/Tau) of the
// excess is left after t, 14 % after 2 Tau. (Twitter Finagle's PeakEwma; the
// weights for uneven intervals after Eckner, "Algorithms for Unevenly Spaced
// Time Series", 2012.) The zero value has seen nothing.
type Peak struct {
	value float64 // in ns: whole ones would stop the decay when asked often
	at    time.Time
	seen  bool
}

// Observe counts one observation, made at t. One that comes late can raise the
// peak and not lower it.
func (p *Peak) Observe(d time.Duration, t time.Time) {
	x := float64(d)
	switch w := decay(max(0, t.Sub(p.at))); {
	case !p.seen || x >= p.value:
		p.value = x
	default:
		p.value = x + (p.value-x)*w
	}
	if !p.seen || t.After(p.at) {
		p.at = t
	}
	p.seen = true
}

// Value returns the peak. False when nothing was observed.
func (p *Peak) Value() (time.Duration, bool) { return time.Duration(p.value), p.seen }

// decay is what is left after so long.
func decay(age time.Duration) float64 { return math.Exp(-float64(age) / float64(Tau)) }
