package selection

import (
	"cmp"
	"slices"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// rampTime is how long a breaker that probes have closed counts as ramping up,
// which grades its provider as degraded.
const rampTime = 60 * time.Second

// Snapshot is a [broker.Snapshot] made ready for any number of decisions:
// providers by (priority, registration order, name), each rule's facts in a
// set or a column of its own, every name interned. It is immutable, keeps
// nothing of what it was made from but blocks, and is safe for concurrent use.
type Snapshot struct {
	version        string
	takenAt        time.Time
	policy         broker.Policy
	exploreCreates bool
	facts          []facts // what verdicts say; decisions read the columns
	index          map[string]int

	tierStart []int // for each provider, the first of its priority
	tierEnd   []int // and the first of the next
	byName    []int // the providers of each priority, by name

	all, none                        set
	notEnabled, draining, weightZero set
	kinds, places                    map[string]set // places: zones, regions and geographies
	capabilities                     map[string]*capability

	priceless set
	price     []float64 // per hour
	inUnits   bool      // they are compared by unit

	unchecked, unhealthy, degraded set

	full      set     // those without room for a machine
	delayed   set     // those that asked for no call before a time
	notBefore []int64 // Unix ns
	blocks    map[int][]broker.Block

	weight []int64
	sum    []int64   // of the weights of the priority, up to here
	even   []bool    // all weights of the priority are equal
	hash   []uint64  // of the name
	busy   []int64   // calls in flight, of both classes
	load   []float64 // (busy + 1) / weight
	used   []float64 // share of the room; −1: not known
	offers []int64   // capabilities

	classes [2]class // by class index
}

// class is what is known of one breaker class.
type class struct {
	gated     set     // those that are held back for some time, or for ever
	admitFrom []int64 // Unix ns from which a gated one lets a call through

	ramped    set     // those that probes have closed
	rampUntil []int64 // Unix ns

	rated    set             // those with calls
	success  []float64       // percent of those calls
	response []time.Duration // of calls, else of the last check; −1: none

	figures
}

// facts is one provider as verdicts and reasons tell of it.
type facts struct {
	name, kind, zone string
	place            broker.Place
	priority         int
	order            int64
	health           broker.HealthState
	checkedAt        time.Time
	notBefore        time.Time
	pricedAt         time.Time
	fills            float64 // units of the wish that a machine fills; 0: machines are counted
	room             broker.Room
	live             [2]liveFacts
}

type liveFacts struct {
	state     broker.BreakerState
	admitFrom time.Time // when gated and not for ever
	never     bool      // gated for ever
	good, bad int64     // calls of the last minute
	lastCall  time.Time // the newest bucket with calls
	calls     broker.Measured
}

var classNames = [2]string{broker.ClassMutate, broker.ClassRead}

func classIndex(name string) int { return slices.Index(classNames[:], name) }

// Compile makes a Snapshot of s.
func Compile(s *broker.Snapshot) *Snapshot {
	views := sorted(s.Providers)
	c := newSnapshot(len(views))
	c.takenAt, c.policy, c.exploreCreates = s.TakenAt, s.Config.DefaultPolicy, s.Config.ExploreCreates
	for i, v := range views {
		c.describe(i, v)
		c.flags(i, v)
		c.declare(i, v.Capabilities)
		c.health(i, v.HealthAt(s.TakenAt))
		c.limits(i, v)
		c.burden(i, v)
		for ci, name := range classNames {
			l := v.Live[name]
			c.breaker(i, ci, &l, s.Config.Breaker)
			c.measured(i, ci, v.Measured[name])
		}
	}
	c.tiers()
	c.version = c.digest()
	return c
}

// Version identifies what decisions read: equal versions decide equally. It is
// a hash in hex and does not depend on the order of the providers.
func (s *Snapshot) Version() string { return s.version }

// Len returns how many providers there are.
func (s *Snapshot) Len() int { return len(s.facts) }

// Has reports whether a provider of that name is registered.
func (s *Snapshot) Has(name string) bool { _, ok := s.index[name]; return ok }

func sorted(providers []broker.ProviderView) []*broker.ProviderView {
	views := make([]*broker.ProviderView, len(providers))
	for i := range providers {
		views[i] = &providers[i]
	}
	slices.SortFunc(views, func(a, b *broker.ProviderView) int {
		return cmp.Or(cmp.Compare(a.Priority, b.Priority), cmp.Compare(a.Order, b.Order), cmp.Compare(a.Name, b.Name))
	})
	return views
}

// newSnapshot makes room for n providers. Columns that rules read are as long
// as sets, in whole words, so that a word of a column needs one bounds check.
func newSnapshot(n int) *Snapshot {
	whole := len(newSet(n)) * wordBits
	s := &Snapshot{
		facts: make([]facts, n), index: make(map[string]int, n), all: fullSet(n), none: newSet(n),
		notEnabled: newSet(n), draining: newSet(n), weightZero: newSet(n),
		kinds: map[string]set{}, places: map[string]set{}, capabilities: map[string]*capability{},
		priceless: newSet(n), price: make([]float64, whole),
		unchecked: newSet(n), unhealthy: newSet(n), degraded: newSet(n),
		full: newSet(n), delayed: newSet(n), notBefore: make([]int64, whole), blocks: map[int][]broker.Block{},
		weight: make([]int64, n), sum: make([]int64, n), even: make([]bool, n), hash: make([]uint64, n),
		busy: make([]int64, n), load: make([]float64, n), used: make([]float64, n), offers: make([]int64, n),
	}
	for i := range s.classes {
		s.classes[i] = class{
			gated: newSet(n), admitFrom: make([]int64, whole), ramped: newSet(n), rampUntil: make([]int64, whole),
			rated: newSet(n), success: make([]float64, whole), response: make([]time.Duration, whole), figures: newFigures(n),
		}
	}
	return s
}

// tiers finds where each priority starts and ends, the order by name within
// it, and what its members are compared by.
func (s *Snapshot) tiers() {
	n := len(s.facts)
	s.tierStart, s.tierEnd, s.byName = make([]int, n), make([]int, n), make([]int, n)
	for lo, hi := 0, 0; lo < n; lo = hi {
		for hi < n && s.facts[hi].priority == s.facts[lo].priority {
			s.tierStart[hi], s.byName[hi] = lo, hi
			hi++
		}
		for i := lo; i < hi; i++ {
			s.tierEnd[i] = hi
		}
		slices.SortFunc(s.byName[lo:hi], func(a, b int) int { return cmp.Compare(s.facts[a].name, s.facts[b].name) })
		s.line(lo, hi)
		for ci := range s.classes {
			s.compare(&s.classes[ci], ci, lo, hi)
		}
	}
}

// line lays the weights of one priority end to end.
func (s *Snapshot) line(lo, hi int) {
	var sum int64
	even := true
	for i := lo; i < hi; i++ {
		sum += s.weight[i]
		s.sum[i] = sum
		even = even && s.weight[i] == s.weight[lo] && sum > 0
	}
	for i := lo; i < hi; i++ {
		s.even[i] = even
	}
}

func addIf(s set, i int, cond bool) {
	if cond {
		s.add(i)
	}
}

// intern returns the set of a name, made like none when the name is new.
func intern(m map[string]set, name string, none set) set {
	members, ok := m[name]
	if !ok {
		members = slices.Clone(none)
		m[name] = members
	}
	return members
}
