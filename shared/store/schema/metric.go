package schema

import (
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// MetricItem makes a row of counters.
func MetricItem(r broker.MetricRow) (Item, error) {
	it, err := Row(MetricKey(r.MetricKey), r)
	it.Expires = r.ExpiresAt
	return it, err
}

// Expired reports whether a row of counters is over at now.
func Expired(r broker.MetricRow, now time.Time) bool { return !r.ExpiresAt.After(now) }
