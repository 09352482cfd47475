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
// nothing of what it was made from, and is safe for concurrent use.
type Snapshot struct {
	version string
	takenAt time.Time
	policy  broker.Policy
	facts   []facts // what verdicts say; decisions read the columns
	index   map[string]int

	tierStart []int // for each provider, the first of its priority
	tierEnd   []int // and the first of the next
	byName    []int // the providers of each priority, by name

	all, none                        set
	notEnabled, draining, weightZero set
	kinds, zones, capabilities       map[string]set

	priceless set
	price     []float64 // per hour

	unchecked, unhealthy, degraded set
	response                       []time.Duration // of the last check; −1: none

	classes [2]class // by class index
}

// class is what the live rows of one breaker class say.
type class struct {
	gated     set     // those that are held back for some time, or for ever
	admitFrom []int64 // Unix ns from which a gated one lets a call through

	ramped    set     // those that probes have closed
	rampUntil []int64 // Unix ns

	measured set       // those with calls in the last minute
	success  []float64 // percent of those calls
}

// facts is one provider as verdicts and reasons tell of it.
type facts struct {
	name, kind, zone string
	priority         int
	order            int64
	health           broker.HealthState
	checkedAt        time.Time
	live             [2]liveFacts
}

type liveFacts struct {
	state     broker.BreakerState
	admitFrom time.Time // when gated and not for ever
	never     bool      // gated for ever
	good, bad int64     // calls of the last minute
	lastCall  time.Time // the newest bucket with calls
}

var classNames = [2]string{broker.ClassMutate, broker.ClassRead}

func classIndex(name string) int { return slices.Index(classNames[:], name) }

// Compile makes a Snapshot of s.
func Compile(s *broker.Snapshot) *Snapshot {
	views := sorted(s.Providers)
	c := newSnapshot(len(views))
	c.takenAt, c.policy = s.TakenAt, s.Config.DefaultPolicy
	for i, v := range views {
		c.describe(i, v)
		c.flags(i, v)
		c.health(i, v.HealthAt(s.TakenAt))
		for ci, name := range classNames {
			l := v.Live[name]
			c.breaker(i, ci, &l, s.Config.Breaker)
		}
	}
	c.tiers()
	c.version = c.hash()
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

// newSnapshot makes room for n providers. Columns are as long as sets, in
// whole words, so that a word of a column needs one bounds check.
func newSnapshot(n int) *Snapshot {
	whole := len(newSet(n)) * wordBits
	s := &Snapshot{
		facts: make([]facts, n), index: make(map[string]int, n), all: fullSet(n), none: newSet(n),
		notEnabled: newSet(n), draining: newSet(n), weightZero: newSet(n),
		kinds: map[string]set{}, zones: map[string]set{}, capabilities: map[string]set{},
		priceless: newSet(n), price: make([]float64, whole),
		unchecked: newSet(n), unhealthy: newSet(n), degraded: newSet(n), response: make([]time.Duration, whole),
	}
	for i := range s.classes {
		s.classes[i] = class{
			gated: newSet(n), admitFrom: make([]int64, whole), ramped: newSet(n), rampUntil: make([]int64, whole),
			measured: newSet(n), success: make([]float64, whole),
		}
	}
	return s
}

func (s *Snapshot) describe(i int, v *broker.ProviderView) {
	s.index[v.Name] = i
	s.facts[i] = facts{
		name: v.Name, kind: v.Kind, zone: v.Zone, priority: v.Priority, order: v.Order,
		health: v.HealthAt(s.takenAt).State, checkedAt: v.Health.CheckedAt,
	}
	if v.PricePerHour == nil {
		s.priceless.add(i)
		return
	}
	s.price[i] = *v.PricePerHour
}

func (s *Snapshot) flags(i int, v *broker.ProviderView) {
	addIf(s.notEnabled, i, !v.Enabled)
	addIf(s.draining, i, v.Draining)
	addIf(s.weightZero, i, v.Weight == 0)
	intern(s.kinds, v.Kind, s.none).add(i)
	if v.Zone != "" {
		intern(s.zones, v.Zone, s.none).add(i)
	}
	for name, value := range v.Capabilities {
		if declared(value) {
			intern(s.capabilities, canonical(name), s.none).add(i)
		}
	}
}

func (s *Snapshot) health(i int, h broker.Health) {
	s.response[i] = h.ResponseTime
	if h.CheckedAt.IsZero() {
		s.response[i] = -1
	}
	switch h.State {
	case broker.Healthy:
	case broker.Degraded:
		s.degraded.add(i)
	case broker.Unhealthy:
		s.unhealthy.add(i)
	default:
		s.unchecked.add(i)
	}
}

// tiers finds where each priority starts and ends, and the order by name
// within it.
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
