package metrics

import "github.com/openhostfactory/ohfp/shared/broker"

// Totals is what a window adds up to.
type Totals struct {
	All         Counters
	ByOperation map[broker.OperationType]Counters // nil: nothing ended
}

// Fold adds up the rows that the plan holds, in any order; others are passed
// over, so a store may give more than was asked for, but each row once.
func (p *Plan) Fold(rows []Row) Totals {
	var t Totals
	sums := map[broker.OperationType]*Counters{}
	for i := range rows {
		if p.Holds(rows[i].Bucket) {
			t.All.absorb(&rows[i].Counters)
			at(sums, rows[i].Operation).absorb(&rows[i].Counters)
		}
	}
	for operation, c := range sums {
		if t.ByOperation == nil {
			t.ByOperation = make(map[broker.OperationType]Counters, len(sums))
		}
		t.ByOperation[operation] = *c
	}
	return t
}

// at is the value of a key, made when there is none.
func at[K comparable](m map[K]*Counters, key K) *Counters {
	c := m[key]
	if c == nil {
		c = &Counters{}
		m[key] = c
	}
	return c
}
