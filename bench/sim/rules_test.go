package sim_test

import (
	"slices"
	"time"
)

// rules are the scenarios of what a provider may refuse for a while without
// being ill, of figures that change, and of a process that is ill itself.
func rules() []scenario {
	return slices.Concat(refusals(), preferences())
}

// prices are of three providers of one priority.
func priced(first func(time.Duration) weather) []fleet {
	return []fleet{{name: "a", price: 0.10, weather: first}, {name: "b", price: 0.20, weather: well}, {name: "c", price: 3, weather: well}}
}

// drought is when the cheapest provider has no machines.
const droughtFrom, droughtTo = 2 * time.Minute, 17 * time.Minute

func refusals() []scenario {
	const storm = 20 * time.Second
	others := map[string]func(*plan){"no memory of what is out": func(p *plan) { p.peer = forgetsBlocks }}
	return []scenario{
		{
			name: "the cheapest has no machines for 15 minutes of an hour; 2/s",
			plan: plan{
				fleets:    priced(turns(droughtFrom, droughtTo, weather{latency: tick, empty: true})),
				processes: 20, rate: 2, long: time.Hour, config: `{"default_selection_policy": "COST_OPTIMIZED"}`,
			},
			measures: []measure{lost(), wasted(droughtTo-droughtFrom, 75, 75), noticed("a", droughtTo, 132, 60), regret()}, peers: others,
		},
		{
			name: "the preferred is throttled, and says for how long; 100 processes",
			plan: plan{fleets: three(turns(sickAt, 6*time.Minute, weather{latency: tick, throttled: storm})), processes: 100, rate: 5, long: long},
			measures: []measure{
				lost(), none("calls before the time it asked for", func(t *tally) int { return t.early }),
				failing(unbounded, 0),
			},
		},
		{
			name: "max_machines of the preferred, and machines come and go; 100 processes",
			plan: plan{
				fleets:    []fleet{{name: "a", limit: 50, weather: well}, {name: "b", priority: 1, weather: well}},
				processes: 100, rate: 5, long: 5 * time.Minute, keep: 15 * time.Second,
			},
			measures: []measure{
				lost(), none("machines above the limit", func(t *tally) int { return t.over }),
				missing("a", 100*50/(5*15.), 10, 5, time.Minute, 5*time.Minute),
			},
		},
		{
			name: "the preferred refuses by a quota of its own, and machines come and go",
			plan: plan{
				fleets:    three(func(time.Duration) weather { return weather{latency: tick, quota: 40} }),
				processes: 20, rate: 5, long: 5 * time.Minute, keep: 15 * time.Second,
			},
			measures: []measure{lost(), wasted(5*time.Minute, unbounded, 0)}, peers: others,
		},
	}
}

func preferences() []scenario {
	const busy = 600 * time.Millisecond // of a call, so that several are in the air
	steady := func(time.Duration) weather { return weather{latency: busy} }
	return []scenario{
		{
			name: "one of four becomes five times slower, and mends; FASTEST_RESPONSE",
			plan: plan{
				fleets: []fleet{
					{name: "a", weather: func(d time.Duration) weather {
						if d >= 3*time.Minute && d < 7*time.Minute {
							return weather{latency: 5 * busy}
						}
						return weather{latency: busy}
					}}, {name: "b", weather: steady}, {name: "c", weather: steady}, {name: "d", weather: steady},
				},
				processes: 10, rate: 8, long: 13 * time.Minute, config: `{"default_selection_policy": "FASTEST_RESPONSE"}`,
			},
			measures: []measure{lost(), share("a", 5*time.Minute, 7*time.Minute, 12.5, 5), missing("a", 25, 12.5, 5, 9*time.Minute, 13*time.Minute)},
		},
		{
			name: "one process of ten has no way to the preferred",
			plan: plan{fleets: three(well), processes: 10, foggy: 1, rate: 5, long: long},
			measures: []measure{
				lost(), shunned("a", 14, 11),
				{name: "percent of the time hidden by checks", of: func(t *tally) float64 { return t.hidden(long) }, bar: unbounded},
				{name: "calls that never left", of: func(t *tally) float64 { return float64(t.astray) }, bar: unbounded},
			},
		},
	}
}

// wasted is how many creations an hour were asked of a provider that was out,
// while it was.
func wasted(out time.Duration, bar, goal float64) measure {
	return measure{name: "wasted tries an hour", bar: bar, goal: goal, of: func(t *tally) float64 {
		return float64(t.wasted) / out.Hours()
	}}
}

// regret is what was paid above the cheapest that had machines, in percent: how
// soon it is noticed that the cheapest is back decides it, and the plan.
func regret() measure {
	return measure{name: "paid above the cheapest, percent", bar: unbounded, of: func(t *tally) float64 {
		return 100 * (t.paid/t.cheapest - 1)
	}}
}

// noticed is how many seconds after a moment a provider made something again.
func noticed(fleet string, after time.Duration, bar, goal float64) measure {
	return measure{name: "seconds until " + fleet + " is used again", bar: bar, goal: goal, of: func(t *tally) float64 {
		first := time.Hour
		for _, m := range t.made {
			if m.fleet == fleet && m.at >= after {
				first = min(first, m.at)
			}
		}
		return (first - after).Seconds()
	}}
}

// share is which part of the creations a provider made, in percent.
func share(fleet string, from, to time.Duration, bar, goal float64) measure {
	return measure{name: "share of " + fleet + ", percent", bar: bar, goal: goal, of: func(t *tally) float64 { return t.share(fleet, from, to) }}
}

// shunned is how far a provider's part stays below all of the creations, beside
// the time in which the newest check was by who has no way to it: whose turn a
// check is, is luck.
func shunned(fleet string, bar, goal float64) measure {
	return measure{name: "share that " + fleet + " lacks, points", bar: bar, goal: goal, of: func(t *tally) float64 {
		return max(0, 100-t.hidden(long)-t.share(fleet, 0, long))
	}}
}

// missing is how far a provider's part stays below the one that it should have.
func missing(fleet string, due, bar, goal float64, from, to time.Duration) measure {
	return measure{name: "share that " + fleet + " lacks, points", bar: bar, goal: goal, of: func(t *tally) float64 {
		return max(0, due-t.share(fleet, from, to))
	}}
}
