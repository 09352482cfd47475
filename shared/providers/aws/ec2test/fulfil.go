package ec2test

import (
	"cmp"
	"math"
	"slices"
	"strconv"
)

// fulfil makes the machines of a fleet and notes why there are fewer.
func (c *Cloud) fulfil(p params, l *launch, w wants) (*reply, error) {
	if err := c.pace(fewest(l.options, w[OnDemand]+w[Spot])); err != nil {
		return nil, err
	}
	l.fleet = c.id("fleet")
	r := &reply{fleet: l.fleet}
	for _, m := range []Market{OnDemand, Spot} {
		strategy := p["OnDemandOptions.AllocationStrategy"]
		if m == Spot {
			strategy = p["SpotOptions.AllocationStrategy"]
		}
		c.fill(r, l, allotment{m, w[m], strategy})
	}
	c.remember(p, r)
	return r, nil
}

// fewest is how many machines so many units are at least.
func fewest(options []option, units int) int {
	most := 1
	for _, o := range options {
		most = max(most, o.weight)
	}
	return (units + most - 1) / most
}

// allotment is what is to be made of one market, and how to choose.
type allotment struct {
	market   Market
	units    int
	strategy string
}

// fill goes through the options in the order of the strategy until the units
// are there.
func (c *Cloud) fill(r *reply, l *launch, a allotment) {
	options := slices.Clone(l.options)
	for i := range options {
		options[i].market, options[i].ofFleet = a.market, true
	}
	c.order(options, a.strategy)
	for _, o := range options {
		if a.units <= 0 {
			return
		}
		if e := c.sound(o); e != nil {
			r.errors = append(r.errors, fleetError{Code: e.Code, Message: e.Message, option: o})
			continue
		}
		want := (a.units + o.weight - 1) / o.weight
		n, short := c.afford(o, want)
		if short != nil {
			r.errors = append(r.errors, fleetError{Code: short.Code, Message: short.Message, option: o})
		}
		for range n {
			r.machines = append(r.machines, c.make(l, o))
		}
		a.units -= n * o.weight
	}
}

// order puts options in the order in which a strategy takes them: by priority,
// or the roomiest first, or, for want of prices, as they are given.
func (c *Cloud) order(options []option, strategy string) {
	switch strategy {
	case "prioritized", "capacity-optimized-prioritized":
		slices.SortStableFunc(options, func(a, b option) int { return cmp.Compare(rank(a), rank(b)) })
	case "price-capacity-optimized", "capacity-optimized":
		slices.SortStableFunc(options, func(a, b option) int { return cmp.Compare(c.left(b), c.left(a)) })
	}
}

func rank(o option) float64 {
	f, err := strconv.ParseFloat(o.priority, 64)
	if err != nil {
		return math.Inf(1) // what has no priority comes last
	}
	return f
}

// left is the room of an option's pool.
func (c *Cloud) left(o option) int {
	s, ok := c.stock.subnets[o.subnet]
	if !ok {
		return 0
	}
	if n, bounded := c.rooms[Pool{o.kind, s.Zone, o.market}]; bounded {
		return n
	}
	return math.MaxInt
}
