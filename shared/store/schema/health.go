package schema

import (
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// HistoryKept is how long health history is kept: as far back as any query
// may ask.
const HistoryKept = 35 * 24 * time.Hour

// HistoryItem makes a row of the health history. How many failed before is
// told by the rows before it.
func HistoryItem(provider string, h broker.Health) (Item, error) {
	h.FailedInRow = 0
	it, err := Row(HistoryKey(provider, h.CheckedAt), h)
	it.Expires = h.CheckedAt.Add(HistoryKept)
	return it, err
}

// KeyItem makes the row of an idempotency key.
func KeyItem(r broker.KeyRecord) (Item, error) {
	it, err := Row(IdempotencyKey(r.Key), r)
	it.Expires = r.ExpiresAt
	return it, err
}
