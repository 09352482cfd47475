package metrics

import (
	"math"
	"time"
)

// Life is what a machine's cost follows from.
type Life struct {
	Template, Account string // "": none
	Launched          time.Time
	Ended             time.Time // zero: it runs
	PricePerHour      *float64  // nil: unknown
}

// Cost is what machines used within a window. The zero value used nothing.
type Cost struct {
	Machines int64         // that ran at some time of the window
	Used     time.Duration // by all of them, in whole ms
	Priced   time.Duration // of Used, by machines whose price is known
	micros   int64         // millionths of the currency
}

// Hours returns Used in hours.
func (c Cost) Hours() float64 { return c.Used.Hours() }

// Estimate returns what Priced costs, in the currency of the prices. False
// when no price was known: that is not free. Where Priced is less than Used it
// is a lower bound.
func (c Cost) Estimate() (float64, bool) { return float64(c.micros) / 1e6, c.Priced > 0 }

// Bill is the cost of a window.
type Bill struct {
	Total      Cost
	ByTemplate map[string]Cost
	ByAccount  map[string]Cost
}

// Costs returns what machines used in [from, to): their own lives, not samples
// of them, so nothing is lost between ticks. A price that is negative or no
// number is unknown. A life without template or account is in Total only.
func Costs(lives []Life, from, to time.Time) Bill {
	b := Bill{ByTemplate: map[string]Cost{}, ByAccount: map[string]Cost{}}
	for _, l := range lives {
		c := l.cost(from, to)
		b.Total = b.Total.plus(c)
		addCost(b.ByTemplate, l.Template, c)
		addCost(b.ByAccount, l.Account, c)
	}
	return b
}

func addCost(m map[string]Cost, key string, c Cost) {
	if key != "" && c.Machines > 0 {
		m[key] = m[key].plus(c)
	}
}

func (c Cost) plus(o Cost) Cost {
	return Cost{
		Machines: plus(c.Machines, o.Machines), Used: c.Used + o.Used,
		Priced: c.Priced + o.Priced, micros: plus(c.micros, o.micros),
	}
}

// cost is of one life, rounded to the millionth, so that a sum does not depend
// on its order.
func (l Life) cost(from, to time.Time) Cost {
	end := to
	if !l.Ended.IsZero() {
		end = earlier(to, l.Ended)
	}
	used := end.Sub(later(l.Launched, from)).Truncate(time.Millisecond)
	if used <= 0 {
		return Cost{}
	}
	c := Cost{Machines: 1, Used: used}
	if price := l.PricePerHour; price != nil && *price >= 0 && *price <= maxPrice {
		c.Priced, c.micros = used, int64(math.Round(*price*used.Hours()*1e6))
	}
	return c
}

// maxPrice bounds a price that is believed. 840 hours of it fit in a sum.
const maxPrice = 1e6
