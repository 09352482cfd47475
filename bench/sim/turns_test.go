package sim_test

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openhostfactory/ohfp/shared/op"
	"github.com/openhostfactory/ohfp/shared/store/storetest"
)

// weights are those of the providers that selectors take turns over.
var weights = map[string]int{"a": 7, "b": 5, "c": 3, "d": 1}

const selectors, selections = 100, 80 // processes at once, and how often each selects: 500 periods

// A hundred processes that select at once keep to the weights at every prefix
// of what they select, as one alone would (Tijdeman 1980): the count of each
// provider is never further from its part than 1 − 1/(2n−2).
func TestAHundredSelectorsKeepToTheWeights(t *testing.T) {
	if got, most := furthest(t, &turnstile{}), 1-1/(2*float64(len(weights))-2); got > most+1e-9 {
		t.Errorf("a provider was %g picks from its part; at most %g is promised", got, most)
	}
}

// A counter that is read and then written loses turns: the measure has to show
// that it can fail.
func TestACounterThatIsReadAndWrittenDrifts(t *testing.T) {
	if got := furthest(t, &turnstile{careless: true}); got < 10 {
		t.Errorf("a provider was %g picks from its part at worst", got)
	}
}

// furthest is how far a provider's count was from its part, at the worst
// prefix of the turns in the order in which they were taken.
func furthest(t *testing.T, queue *turnstile) (worst float64) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, &plan{
			fleets:    []fleet{{name: "a", weather: well}, {name: "b", weather: well}, {name: "c", weather: well}, {name: "d", weather: well}},
			processes: selectors, config: `{"default_selection_policy": "WEIGHTED_ROUND_ROBIN"}`,
			peer: func(s storetest.Store) storetest.Store { return &counted{Store: s, turnstile: queue} },
		}, 1)
		for name, weight := range weights {
			s.register(name, 0, weight)
		}
		picks := s.selectAll()
		worst = deviation(t, queue.turns, picks)
		s.stop()
	})
	return worst
}

// selectAll lets every process select, and returns who was picked for each
// ticket.
func (s *site) selectAll() map[int64]string {
	var mu sync.Mutex
	picks := map[int64]string{}
	var all sync.WaitGroup
	for _, p := range s.processes {
		all.Go(func() {
			for range selections {
				ticket, name := p.choose()
				mu.Lock()
				picks[ticket] = name
				mu.Unlock()
			}
		})
	}
	all.Wait()
	return picks
}

// choose selects a provider for a creation.
func (p *process) choose() (ticket int64, provider string) {
	a, err := p.serve["selectProviderStrategy"].Serve(p.site.Context(), op.Call{Principal: "ada", Role: op.Admin},
		[]byte(`{"operation_type": "CREATE_INSTANCES"}`))
	if err != nil {
		p.site.Error(err)
		return 0, ""
	}
	var answer struct {
		Selected string `json:"selected_strategy"`
		Ticket   int64  `json:"ticket"`
	}
	if err := json.Unmarshal(a.Body, &answer); err != nil {
		p.site.Error(err)
	}
	return answer.Ticket, answer.Selected
}

// deviation walks the turns, and returns the furthest that a count was from
// the provider's part.
func deviation(t *testing.T, turns []int64, picks map[int64]string) (worst float64) {
	t.Helper()
	if len(turns) != selectors*selections {
		t.Fatalf("%d turns were taken", len(turns))
	}
	sum := 0
	for _, w := range weights {
		sum += w
	}
	counts := map[string]int{}
	for i, ticket := range turns {
		counts[picks[ticket]]++
		for name, w := range weights {
			part := float64((i+1)*w) / float64(sum)
			worst = max(worst, part-float64(counts[name]), float64(counts[name])-part)
		}
	}
	return worst
}

// turnstile is a counter that knows in which order turns were taken.
type turnstile struct {
	careless bool // it is read and then written, by whoever comes last
	mu       sync.Mutex
	next     int64
	turns    []int64
}

// counted is a store whose tickets pass a turnstile.
type counted struct {
	storetest.Store
	*turnstile
}

// Ticket takes a turn.
func (c *counted) Ticket(ctx context.Context, scope string) (int64, error) {
	time.Sleep(way())
	c.mu.Lock()
	defer c.mu.Unlock()
	ticket, err := c.next, error(nil)
	if c.careless {
		c.mu.Unlock()
		time.Sleep(way())
		c.mu.Lock()
		c.next = ticket + 1
	} else {
		ticket, err = c.Store.Ticket(ctx, scope)
	}
	c.turns = append(c.turns, ticket)
	return ticket, err
}

// way is how long it takes to the store.
func way() time.Duration { return time.Duration(rand.IntN(5_000)) * time.Microsecond }
