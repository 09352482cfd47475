package broker

import "time"

// Estimate is what is known of what a template costs at a provider. Its zero
// value is that nothing is.
type Estimate struct {
	EstimatedCostPerHour     *float64 `json:"estimated_cost_per_hour,omitempty" doc:"What one machine would cost in an hour; absent: not known."`
	EstimatedCostPerUnitHour *float64 `json:"estimated_cost_per_unit_hour,omitempty" doc:"What a unit would cost in an hour, asked for in units; absent: not known, or the template has no machine_weights."`
	PricedAt                 *Time    `json:"priced_at,omitempty" doc:"When these prices were read of the provider; absent: they stand in its registration."`
}

// Known reports whether the price of a machine is.
func (e *Estimate) Known() bool { return e.EstimatedCostPerHour != nil }

// Estimate returns what machines of a template cost where types are known, as
// [Market.Quote] has it: one that is counted, and a unit where it has weights,
// which may be of another type. Of two prices the time is the older one's.
func (m Market) Estimate(t *ResolvedTemplate) (e Estimate) {
	machine, known := m.Quote(&CreateSpec{Template: *t})
	if !known {
		return e
	}
	at := machine.At
	e.EstimatedCostPerHour = &machine.PerHour
	if len(t.MachineWeights) > 0 {
		q, _ := m.Quote(&CreateSpec{Template: *t, InUnits: true}) // known: by the same prices
		e.EstimatedCostPerUnitHour = new(q.PerHour / float64(q.Units))
		at = older(at, q.At)
	}
	e.PricedAt = AtTime(at)
	return e
}

// EstimateBy returns what machines cost that have one price, and are worth so
// many units; nil: the price is not known.
func EstimateBy(perHour *float64, t *ResolvedTemplate, units int) Estimate {
	e := Estimate{EstimatedCostPerHour: perHour}
	if perHour != nil && len(t.MachineWeights) > 0 {
		e.EstimatedCostPerUnitHour = new(*perHour / float64(units))
	}
	return e
}

// older is the time of the price that was read first; one that stands in the
// registration has none.
func older(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
