package metrics

import (
	"github.com/openhostfactory/ohfp/shared/broker"
)

// Stored returns r as a store keeps it, or adds it to what it keeps.
func (r *Row) Stored(provider string) broker.MetricRow {
	return broker.MetricRow{
		MetricKey: broker.MetricKey{Provider: provider, Hourly: r.Grain == Hour, Partition: r.Partition(), Row: r.Key()},
		Flat:      broker.Flat(r.Counters.Flat()), ExpiresAt: r.Expires(),
	}
}

// ReadRow reads what a store has kept.
func ReadRow(stored broker.MetricRow) (Row, error) {
	g := Minute
	if stored.Hourly {
		g = Hour
	}
	r, err := ParseKey(g, stored.Partition, stored.Row)
	if err != nil {
		return Row{}, err
	}
	r.Counters, err = Flat(stored.Flat).Counters()
	return r, err
}

// Range returns r as a store is asked.
func (r Read) Range(provider string) broker.MetricRange {
	return broker.MetricRange{Provider: provider, Hourly: r.Grain == Hour, Partition: r.Partition, First: r.First, Below: r.Below}
}

// RolledOf reads what is stored of hours that were rolled up.
func RolledOf(stored broker.Rolled) Rolled {
	r := Rolled{Until: stored.Until}
	for _, g := range stored.Gaps {
		r.Gaps = append(r.Gaps, Span{Grain: Hour, From: g.From, To: g.To})
	}
	return r
}

// Stored returns r as it is stored.
func (r Rolled) Stored() broker.Rolled {
	stored := broker.Rolled{Until: r.Until}
	for _, g := range r.Gaps {
		stored.Gaps = append(stored.Gaps, broker.Gap{From: g.From, To: g.To})
	}
	return stored
}

// Measured returns what selection reads of s. Calls of long ago say nothing:
// what is left of them is when they were.
func (s *Summary) Measured() broker.Measured {
	return broker.Measured{
		At: s.LastUsed, Successes: float64(s.Good), Calls: float64(s.Calls()), Latency: s.Latency, Peak: s.Peak,
		Delivered: float64(s.Machines), Wanted: float64(s.Wanted),
	}
}
