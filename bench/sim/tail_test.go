package sim_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/metrics"
	"github.com/openhostfactory/ohfp/shared/selection"
)

// servers is how many calls each provider serves at once; others wait. All
// have the same weight: that two are smaller, nobody was told.
func servers() []int { return []int{10, 10, 10, 10, 10, 10, 10, 10, 6, 6} }

// Seven tenths of what the providers can do together is asked of them; calls
// come by chance and take a second on average, by chance too.
const (
	load      = 0.7
	tailCalls = 20_000
	grain     = 100 * time.Millisecond // how often figures that are old are read again
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// call is one call of the load, the same for every design.
type call struct{ at, takes time.Duration }

func drawCalls(seed uint64) []call {
	r := rand.New(rand.NewPCG(seed, 2))
	calls := make([]call, tailCalls)
	at, sum := time.Duration(0), 0
	for _, n := range servers() {
		sum += n
	}
	for i := range calls {
		at += time.Duration(r.ExpFloat64() * float64(time.Second) / (load * float64(sum)))
		calls[i] = call{at, time.Duration(r.ExpFloat64() * float64(time.Second))}
	}
	return calls
}

// queue is a provider; times are since the beginning.
type queue struct {
	free   []time.Duration // when each server will be
	calls  []span          // those that are in the air, and those of this minute
	folded time.Duration   // minutes before it are in the peak
	peak   metrics.Peak
	heard  time.Duration
}

type span struct{ from, to time.Duration }

// soonest is the server that is free first.
func (q *queue) soonest() int {
	best := 0
	for i := range q.free {
		if q.free[i] < q.free[best] {
			best = i
		}
	}
	return best
}

// take lets a call wait for a server, and returns its latency.
func (q *queue) take(c call) time.Duration {
	i := q.soonest()
	q.free[i] = max(c.at, q.free[i]) + c.takes
	q.calls = append(q.calls, span{c.at, q.free[i]})
	return q.free[i] - c.at
}

// inFlight is how many calls were in the air at a moment.
func (q *queue) inFlight(at time.Duration) (n int64) {
	for _, c := range q.calls {
		if c.from <= at && at < c.to {
			n++
		}
	}
	return n
}

// fold puts the minutes that were over at a moment into the peak, each as the
// mean of the calls that ended in it, as the schedule does.
func (q *queue) fold(at time.Duration) {
	for ; q.folded+time.Minute <= at; q.folded += time.Minute {
		var sum, n time.Duration
		for _, c := range q.calls {
			if c.to > q.folded && c.to <= q.folded+time.Minute {
				sum, n = sum+c.to-c.from, n+1
				q.heard = max(q.heard, c.to)
			}
		}
		if n > 0 {
			q.peak.Observe(sum/n, noon.Add(q.heard))
		}
		q.calls = slices.DeleteFunc(q.calls, func(c span) bool { return c.to <= q.folded+time.Minute })
	}
}

// view is what is known of a provider, as of a moment.
func (q *queue) view(name string, at time.Duration) broker.ProviderView {
	v := broker.ProviderView{
		Name: name, Kind: kind, Enabled: true, Weight: 100, Health: broker.Health{State: broker.Healthy, CheckedAt: noon.Add(at)},
		Live: map[string]broker.Live{broker.ClassMutate: {InFlight: map[int64]int64{noon.Add(at).Unix() / 60: q.inFlight(at)}}},
	}
	if peak, known := q.peak.Value(); known {
		v.Measured = map[string]broker.Measured{broker.ClassMutate: {At: noon.Add(q.heard), Calls: 100, Successes: 100, Peak: &peak}}
	}
	return v
}

// chooser picks a queue for the call number n, by figures of a moment.
type chooser func(all []queue, n int, now, figures time.Duration) int

// oracle knows when each provider will be free.
func oracle(all []queue, _ int, _, _ time.Duration) int {
	best := 0
	for i := range all {
		if all[i].free[all[i].soonest()] < all[best].free[all[best].soonest()] {
			best = i
		}
	}
	return best
}

// argmin takes the one with the fewest calls in the air, by figures as old as
// they are.
func argmin(all []queue, n int, _, figures time.Duration) int {
	best := n % len(all) // whom equals go to
	for i := range all {
		if all[i].inFlight(figures) < all[best].inFlight(figures) {
			best = i
		}
	}
	return best
}

// by is a policy of the broker's.
func by(policy broker.Policy) func() chooser {
	return func() chooser {
		var query *selection.Query
		var result selection.Result
		read := -time.Second
		return func(all []queue, n int, now, figures time.Duration) int {
			if query == nil || figures == now || figures-read >= grain {
				query, read = prepare(all, figures), figures
			}
			selection.Select(&result, selection.Input{Query: query, Policy: policy, Ticket: int64(n), Seed: fmt.Sprint(n), Now: noon.Add(now)})
			return int(result.Ranked()[0][0] - 'a')
		}
	}
}

func prepare(all []queue, at time.Duration) *selection.Query {
	s := broker.Snapshot{TakenAt: noon.Add(at), Config: broker.DefaultConfig()}
	for i := range all {
		all[i].fold(at)
		s.Providers = append(s.Providers, all[i].view(string(rune('a'+i)), at))
	}
	return selection.Compile(&s).Prepare(selection.Request{Operation: broker.CreateInstances, Drivers: map[string][]broker.OperationType{kind: nil}})
}

// tail is the p99 of the load when a chooser picks by figures so old.
func tail(calls []call, age time.Duration, choose chooser) time.Duration {
	all, took := []queue{}, make([]time.Duration, len(calls))
	for _, n := range servers() {
		all = append(all, queue{free: make([]time.Duration, n)})
	}
	for n, c := range calls {
		took[n] = all[choose(all, n, c.at, max(0, c.at-age))].take(c)
	}
	slices.Sort(took)
	return took[len(took)*99/100]
}

// A decision is taken from figures that are two seconds old at most. Older ones
// and the other policies are played to see what those are worth.
func TestTheTailStaysNearAnOracles(t *testing.T) {
	t.Parallel()
	for age, bar := range map[time.Duration]float64{0: 1.25, 2 * time.Second: 1.3} {
		if worst := overOracle(t, "LEAST_CONNECTIONS", age, by(broker.LeastConnections)); worst > bar {
			t.Errorf("figures %s old: %.2f times the oracle's, above the bar of %g", age, worst, bar)
		}
	}
	if !*peers {
		return
	}
	for _, age := range []time.Duration{0, 2 * time.Second, 5 * time.Second, 30 * time.Second} {
		overOracle(t, "FASTEST_RESPONSE", age, by(broker.FastestResponse))
		overOracle(t, "argmin", age, func() chooser { return argmin })
	}
	overOracle(t, "LEAST_CONNECTIONS", 5*time.Second, by(broker.LeastConnections))
	overOracle(t, "LEAST_CONNECTIONS", 30*time.Second, by(broker.LeastConnections))
}

// The smallest figure draws everybody to one provider as soon as figures are
// old, and chance alone fills the small ones: the measure sees both.
func TestTheTailSeesWorseDesigns(t *testing.T) {
	t.Parallel()
	for name, worst := range map[string]float64{
		"the fewest calls in the air": overOracle(t, "argmin", 2*time.Second, func() chooser { return argmin }),
		"chance, two are smaller":     overOracle(t, "RANDOM", 2*time.Second, by(broker.Random)),
	} {
		if worst < 1.5 {
			t.Errorf("%s: %.2f", name, worst)
		}
	}
}

// overOracle is the worst of the seeds' tails over the oracle's, printed.
func overOracle(t *testing.T, name string, age time.Duration, design func() chooser) (worst float64) {
	t.Helper()
	for seed := range *seeds {
		calls := drawCalls(uint64(seed))
		worst = max(worst, float64(tail(calls, age, design()))/float64(tail(calls, 0, oracle)))
	}
	if _, err := fmt.Fprintf(t.Output(), "p99 over the oracle's, figures %s old: %-18s worst %.2f\n", age, name, worst); err != nil {
		t.Error(err)
	}
	return worst
}
