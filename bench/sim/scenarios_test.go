package sim_test

import (
	"flag"
	"maps"
	"slices"
	"testing"
	"time"
)

var (
	seeds = flag.Int("sim.seeds", 1, "how many seeds of each scenario are played")
	peers = flag.Bool("sim.peers", false, "play the other designs too, with the first seed")
)

// measure is one figure of a scenario with what it has to stay within.
type measure struct {
	name string
	of   func(*tally) float64
	bar  float64 // at most
	goal float64 // what we would like; a wish
}

// none is a measure of which there must not be any.
func none(name string, of func(*tally) int) measure {
	return measure{name: name, of: func(t *tally) float64 { return float64(of(t)) }}
}

// always holds whatever happens.
func always() []measure {
	return []measure{
		none("duplicate machines", func(t *tally) int { return t.duplicates }),
		none("orphans", func(t *tally) int { return t.orphans }),
		none("records of no machine", func(t *tally) int { return t.forgotten }),
		none("operations without an end", func(t *tally) int { return t.open }),
	}
}

// failing counts calls at a provider that is ill.
func failing(bar, goal float64) measure {
	return measure{name: "failing calls sent", of: func(t *tally) float64 { return float64(t.failing) }, bar: bar, goal: goal}
}

func lost() measure {
	return none("operations that did not succeed", func(t *tally) int { return t.refused + t.unknown + t.partial })
}

// scenario is a plan with its measures, and the same plan under other designs,
// which are only looked at.
type scenario struct {
	name     string
	plan     plan
	measures []measure
	peers    map[string]func(*plan)
}

const tick = 50 * time.Millisecond // of a call at a provider that is well

func well(time.Duration) weather { return weather{latency: tick} }

// turns is well until a moment, and then as w says until it is well again.
func turns(at, back time.Duration, w weather) func(time.Duration) weather {
	return func(d time.Duration) weather {
		if d < at || d >= back {
			return weather{latency: tick}
		}
		return w
	}
}

// three are providers of which the first is preferred.
func three(first func(time.Duration) weather) []fleet {
	return []fleet{{name: "a", weather: first}, {name: "b", priority: 1, weather: well}, {name: "c", priority: 2, weather: well}}
}

// sickAt is when the preferred provider falls ill, and long how long a load
// lasts: registration and first check are behind it by then, and the next one
// is minutes away.
const sickAt, long, never = 90 * time.Second, 11 * time.Minute, time.Hour

func scenarios() []scenario {
	others := map[string]func(*plan){
		"no breaker":                func(p *plan) { p.config = `{"circuit_breaker_config": {"enabled": false}}` },
		"a breaker in each process": func(p *plan) { p.peer = breakerPerProcess },
	}
	dead := turns(sickAt, never, weather{latency: tick, down: 1})
	return []scenario{
		{
			name:     "steady",
			plan:     plan{fleets: three(well), processes: 10, rate: 5, long: 5 * time.Minute},
			measures: []measure{lost(), failing(0, 0)},
		},
		{
			name:     "the preferred of three dies; 100 processes, 5/s",
			plan:     plan{fleets: three(dead), processes: 100, rate: 5, long: long},
			measures: []measure{lost(), failing(15, 8)}, peers: others,
		},
		{
			name:     "the preferred of three dies; 100 processes, 0.5/s",
			plan:     plan{fleets: three(dead), processes: 100, rate: 0.5, long: long},
			measures: []measure{lost(), failing(15, 8)}, peers: others,
		},
		{
			name:     "half of its calls fail",
			plan:     plan{fleets: three(turns(sickAt, never, weather{latency: tick, down: 0.5})), processes: 10, rate: 5, long: long},
			measures: []measure{lost(), failing(unbounded, 0)}, peers: others,
		},
		{
			name:     "it answers nothing",
			plan:     plan{fleets: three(turns(sickAt, never, weather{hang: true})), processes: 10, rate: 2, long: long},
			measures: []measure{failing(30, 15)}, peers: others,
		},
		{
			name: "it comes and goes each 30 s",
			plan: plan{fleets: three(func(d time.Duration) weather {
				return weather{latency: tick, down: float64(int(d/(30*time.Second)) % 2)}
			}), processes: 10, rate: 5, long: long},
			measures: []measure{lost(), failing(unbounded, 0)}, peers: others,
		},
		{
			name: "all three are down for five minutes, and come back",
			plan: plan{fleets: []fleet{
				{name: "a", weather: turns(sickAt, 6*time.Minute, weather{latency: tick, down: 1})},
				{name: "b", weather: turns(sickAt, 6*time.Minute, weather{latency: tick, down: 1})},
				{name: "c", weather: turns(sickAt, 6*time.Minute, weather{latency: tick, down: 1})},
			}, processes: 10, rate: 5, long: long},
			measures: []measure{recovered(6*time.Minute, 300, 66)},
		},
		{
			name: "it comes back, and the first three who try it die",
			plan: plan{
				fleets:    []fleet{{name: "a", weather: turns(sickAt, 3*time.Minute, weather{latency: tick, down: 1})}},
				processes: 5, rate: 1, long: long, proberDeaths: 3,
			},
			measures: []measure{recovered(3*time.Minute, 420, 240)},
		},
		{
			name: "a twentieth of the answers is lost, and processes die",
			plan: plan{
				fleets:    three(func(time.Duration) weather { return weather{latency: tick, lost: 0.05} }),
				processes: 4, rate: 5, long: long, count: 3, deaths: 0.001,
			},
			measures: []measure{
				{name: "processes that died", of: func(t *tally) float64 { return float64(t.deaths) }, bar: unbounded},
				{name: "answers that were lost", of: func(t *tally) float64 { return float64(t.ambiguous) }, bar: unbounded},
			},
		},
		{
			name: "the table is away for a minute",
			plan: plan{fleets: three(well), processes: 4, rate: 5, long: 5 * time.Minute, tableAway: awayFor(2*time.Minute, 3*time.Minute)},
		},
		{
			name: "weights change, to nothing too, under load",
			plan: plan{
				fleets:    []fleet{{name: "a", weather: well}, {name: "b", weather: well}, {name: "c", weather: well}},
				processes: 10, rate: 10, long: 5 * time.Minute, during: restless,
				config: `{"default_selection_policy": "WEIGHTED_ROUND_ROBIN"}`,
			},
			measures: []measure{lost()},
		},
	}
}

// recovered is how many seconds after a moment the first operation succeeded.
func recovered(after time.Duration, bar, goal float64) measure {
	return measure{name: "seconds until work is done again", bar: bar, goal: goal, of: func(t *tally) float64 {
		first := time.Hour
		for _, at := range t.good {
			if at >= after {
				first = min(first, at)
			}
		}
		return (first - after).Seconds()
	}}
}

// restless changes weights all the time, and takes each provider out for a
// while.
func restless(s *site) {
	for i := 0; time.Since(s.began) < s.plan.long; i++ {
		time.Sleep(3 * time.Second)
		s.register([]string{"a", "b", "c"}[i%3], 0, []int{10, 0, 200, 70}[i%4])
	}
}

// awayFor lets the table be away between two moments.
func awayFor(from, to time.Duration) func(*site) bool {
	return func(s *site) bool { d := time.Since(s.began); return d >= from && d < to }
}

func TestScenarios(t *testing.T) {
	for _, sc := range slices.Concat(scenarios(), rules()) {
		t.Run(sc.name, func(t *testing.T) {
			t.Parallel()
			var seen []tally
			for seed := range *seeds {
				seen = append(seen, play(t, sc.plan, uint64(seed)))
			}
			r := report{design: "ohfp", seen: seen, measures: slices.Concat(sc.measures, always()), held: true}
			r.print(t)
			for _, name := range slices.Sorted(maps.Keys(sc.peers)) {
				if !*peers {
					break
				}
				p := sc.plan
				sc.peers[name](&p)
				r := report{design: name, seen: []tally{play(t, p, 0)}, measures: sc.measures}
				r.print(t)
			}
		})
	}
}

// A provider that forgets tokens makes machines twice: the broker can do
// nothing about it, and the count has to show it.
func TestTheCountSeesMachinesThatAreMadeTwice(t *testing.T) {
	forgetful := func(time.Duration) weather { return weather{latency: tick, lost: 0.2, forgets: true} }
	seen := play(t, plan{fleets: three(forgetful), processes: 2, rate: 5, long: time.Minute, deaths: 0.002}, 1)
	if seen.duplicates+seen.orphans == 0 {
		t.Errorf("%d answers were lost, and nothing was made twice", seen.ambiguous)
	}
}
