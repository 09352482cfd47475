package metrics

import (
	"cmp"
	"slices"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// Uptime is for how much of a window a provider's state was known, and for how
// much of that it answered.
type Uptime struct {
	Known, Up time.Duration
}

// Share returns Up as a share of Known, in [0, 1]. False when nothing is known.
func (u Uptime) Share() (float64, bool) {
	if u.Known <= 0 {
		return 0, false
	}
	return float64(u.Up) / float64(u.Known), true
}

// Availability returns the uptime in [from, to) from what checks found, in any
// order, including the last record before from. A record holds until the next
// one; of two of the same time the worse state counts. Up is HEALTHY or
// DEGRADED. What lies before the first record, and under UNKNOWN, is not
// known. Where checks have stopped, give the time of the last one as to.
func Availability(history []broker.Health, from, to time.Time) Uptime {
	records := slices.Clone(history)
	slices.SortFunc(records, func(a, b broker.Health) int {
		return cmp.Or(a.CheckedAt.Compare(b.CheckedAt), cmp.Compare(badness(a), badness(b)))
	})
	var u Uptime
	for i, h := range records {
		until := to
		if i+1 < len(records) {
			until = earlier(to, records[i+1].CheckedAt)
		}
		u.count(h, until.Sub(later(h.CheckedAt, from)))
	}
	return u
}

func (u *Uptime) count(h broker.Health, d time.Duration) {
	if d <= 0 || badness(h) == unknowing {
		return
	}
	u.Known += d
	if h.OK() {
		u.Up += d
	}
}

const unknowing = 2

func badness(h broker.Health) int {
	switch h.State {
	case broker.Healthy:
		return 0
	case broker.Degraded:
		return 1
	case broker.Unhealthy:
		return unknowing + 1
	default: // UNKNOWN, or none
		return unknowing
	}
}
