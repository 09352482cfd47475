package selection

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// Request is what is asked of a selection. [Snapshot.Prepare] keeps it: do not
// change what it refers to afterwards.
type Request struct {
	Operation broker.OperationType
	Criteria  broker.Criteria // as merged by the caller
	Override  string          // this provider or none; "" leaves the choice open
	Fallbacks []string        // names, first to last
	// Drivers holds the kinds of provider that this broker can talk to, with
	// the operations that each carries out; none listed means all.
	Drivers map[string][]broker.OperationType
	// Incomplete says, by provider name, what the template lacks there.
	Incomplete map[string]string
	// Offerings holds, by provider name, which of its offerings would do for a
	// create; a provider that is not listed is held back only by blocks of all
	// that it offers.
	Offerings map[string][]string
	// Templates holds, by provider name, under which name the template of a
	// create is blocked there when it does not work.
	Templates map[string]string
	Origin    broker.Origin // for GEOGRAPHIC; its zero value is nowhere
}

// Query is a request in the terms of one snapshot: every name looked up, every
// filter that reads no clock bound to its set. It is immutable and safe for
// concurrent use.
type Query struct {
	snapshot *Snapshot
	request  Request
	class    int // of breakers
	asked    int // capabilities required, each once
	warnings []string

	hard     []column // in order of precedence
	priced   bool
	maxPrice float64
	gated    bool     // breakers are obeyed
	judged   bool     // so are health and figures, and they grade
	soft     []column // in order of precedence
	timed    bool
	slowest  time.Duration
	rated    bool
	lowest   float64 // percent
	blocked  set     // those out of all offerings that would do
	until    []int64 // Unix ns; as long as they are
	why      []string
	panics   bool // the soft filters are dropped when nobody passes them

	distance  []float64 // from the origin; nil: there is none
	prefer    []int
	preferred set
	fallbacks []int
	fallback  set
}

// column is a filter: the providers that it refuses.
type column struct {
	rule Rule
	bad  set
}

// Prepare puts r in the terms of s.
func (s *Snapshot) Prepare(r Request) *Query {
	q := &Query{
		snapshot: s, request: r, class: classIndex(r.Operation.BreakerClass()),
		preferred: s.none, fallback: s.none,
	}
	q.filterHard()
	q.filterSoft()
	q.order()
	q.locate()
	return q
}

// creates reports whether machines are made.
func (q *Query) creates() bool { return q.request.Operation == broker.CreateInstances }

// Snapshot returns the snapshot that q was prepared from.
func (q *Query) Snapshot() *Snapshot { return q.snapshot }

// Warnings says which names of prefer, exclude, fallbacks and override are not
// registered. That is no error: a provider may come and go.
func (q *Query) Warnings() []string { return slices.Clone(q.warnings) }

// filterHard binds the filters that nothing relaxes, except that a price limit
// is compared by column, after them.
func (q *Query) filterHard() {
	s, r := q.snapshot, &q.request
	_, excluded := q.lookUp("exclude_strategies", r.Criteria.ExcludeStrategies)
	q.refuse(Excluded, excluded)
	if r.Override != "" {
		_, only := q.lookUp("strategy_override", []string{r.Override})
		q.refuse(NotOverride, s.all.minus(only))
	}
	absent, unsupported := q.drivers()
	q.refuse(DriverAbsent, absent)
	q.refuse(NotEnabled, s.notEnabled)
	q.refuse(Draining, s.draining)
	q.refuse(WeightZero, s.weightZero)
	q.refuse(OperationUnsupported, unsupported)
	q.require(r.Criteria.RequiredCapabilities)
	if len(r.Criteria.Zones) > 0 {
		q.refuse(ZoneMismatch, s.all.minus(s.inZones(r.Criteria.Zones)))
	}
	q.refuse(TemplateIncomplete, q.incomplete())
	if q.creates() {
		q.refuse(NoRoom, s.full)
	}
	if limit := r.Criteria.MaxCostPerHour; limit != nil {
		q.priced, q.maxPrice = true, *limit
		q.refuse(PriceUnknown, s.priceless)
	}
}

// filterSoft binds the filters about health. A health check is how one looks
// at a sick provider, so it passes all of them; who names a provider gets it
// whatever its figures, but not past its breaker.
func (q *Query) filterSoft() {
	c := &q.request.Criteria
	q.gated = q.request.Operation != broker.HealthCheck
	q.judged = q.gated && q.request.Override == ""
	q.blocked = q.snapshot.none
	if !q.judged {
		return
	}
	q.panics = c.Panic == broker.PanicAllow
	q.block()
	if c.RequireHealthy != nil && *c.RequireHealthy {
		q.soft = []column{{NotCheckedYet, q.snapshot.unchecked}, {NotHealthy, q.snapshot.unhealthy}}
	}
	if c.MaxResponseTimeMS != nil {
		q.timed, q.slowest = true, duration(*c.MaxResponseTimeMS)
	}
	if c.MinSuccessRate != nil {
		q.rated, q.lowest = true, *c.MinSuccessRate
	}
}

// require binds the required capabilities. A name asked for twice, or by an
// alias, counts once.
func (q *Query) require(texts []string) {
	var names []string
	for _, text := range texts {
		r := parseRequirement(text)
		q.refuse(CapabilityMissing, q.snapshot.all.minus(q.snapshot.capable(r)))
		if !slices.Contains(names, r.name) {
			names = append(names, r.name)
		}
	}
	q.asked = len(names)
}

// order looks up what ranks. With an override there is nothing to rank.
func (q *Query) order() {
	prefer, preferred := q.lookUp("prefer_strategies", q.request.Criteria.PreferStrategies)
	fallbacks, fallback := q.lookUp("fallback_strategies", q.request.Fallbacks)
	if q.request.Override != "" {
		return
	}
	q.prefer, q.preferred, q.fallbacks, q.fallback = prefer, preferred, fallbacks, fallback
}

// refuse adds a hard filter; one that refuses nobody is left out.
func (q *Query) refuse(rule Rule, bad set) {
	if !bad.empty() {
		q.hard = append(q.hard, column{rule, bad})
	}
}

// lookUp returns the indexes of names, each once, in the order given, and as a
// set; it warns of those that are not registered.
func (q *Query) lookUp(field string, names []string) ([]int, set) {
	var order []int
	members := newSet(q.snapshot.Len())
	for _, name := range names {
		i, ok := q.snapshot.index[name]
		switch {
		case !ok:
			q.warnings = append(q.warnings, fmt.Sprintf("%s: %q is not registered", field, name))
		case !members.has(i):
			members.add(i)
			order = append(order, i)
		}
	}
	return order, members
}

// drivers returns the providers of kinds without a driver, and of kinds whose
// driver lacks the operation.
func (q *Query) drivers() (absent, unsupported set) {
	s := q.snapshot
	absent, unsupported = newSet(s.Len()), newSet(s.Len())
	for kind, members := range s.kinds {
		operations, ok := q.request.Drivers[kind]
		switch {
		case !ok:
			absent.union(members)
		case len(operations) > 0 && !slices.Contains(operations, q.request.Operation):
			unsupported.union(members)
		}
	}
	return absent, unsupported
}

func (q *Query) incomplete() set {
	bad := newSet(q.snapshot.Len())
	for name := range q.request.Incomplete {
		if i, ok := q.snapshot.index[name]; ok {
			bad.add(i)
		}
	}
	return bad
}

// named returns the set of a name; of an unknown one, the empty set.
func (s *Snapshot) named(m map[string]set, name string) set {
	if members, ok := m[name]; ok {
		return members
	}
	return s.none
}

func (s *Snapshot) inZones(names []string) set {
	in := newSet(s.Len())
	for _, name := range names {
		in.union(s.named(s.places, name))
	}
	return in
}

// duration is so many milliseconds, or the longest duration.
func duration(ms float64) time.Duration {
	if ns := ms * float64(time.Millisecond); ns < math.MaxInt64 {
		return time.Duration(ns)
	}
	return math.MaxInt64
}
