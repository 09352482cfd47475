package selection_test

import (
	"fmt"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/selection"
)

// provider is one that every rule passes.
func provider(name string, changes ...func(*broker.ProviderView)) broker.ProviderView {
	v := plain(0)
	v.Name = name
	for _, change := range changes {
		change(&v)
	}
	return v
}

func priority(p int) func(*broker.ProviderView) {
	return func(v *broker.ProviderView) { v.Priority = p }
}

func order(o int64) func(*broker.ProviderView) {
	return func(v *broker.ProviderView) { v.Order = o }
}

func health(s broker.HealthState) func(*broker.ProviderView) {
	return func(v *broker.ProviderView) { v.Health.State = s }
}

func unchecked(v *broker.ProviderView) { v.Health = broker.Health{State: broker.Unknown} }

func live(l broker.Live) func(*broker.ProviderView) {
	return func(v *broker.ProviderView) { v.Live = map[string]broker.Live{broker.ClassMutate: l} }
}

// tripped opens the breaker for a minute.
func tripped(v *broker.ProviderView) {
	live(broker.Live{State: broker.Open, OpenUntil: noon.Add(time.Minute)})(v)
}

// calls is a ring with so many calls in the bucket of noon.
func calls(good, bad int64) func(*broker.ProviderView) {
	return live(broker.Live{Ring: [6]broker.Bucket{{Slot: noon.Unix() / 10, Good: good, Bad: bad}}})
}

func snapshot(providers ...broker.ProviderView) broker.Snapshot {
	return broker.Snapshot{TakenAt: noon, Config: broker.DefaultConfig(), Providers: providers}
}

func create(changes ...func(*selection.Request)) selection.Request {
	r := selection.Request{Operation: broker.CreateInstances, Drivers: map[string][]broker.OperationType{"static": nil}}
	for _, change := range changes {
		change(&r)
	}
	return r
}

// criteria is create with criteria.
func criteria(c broker.Criteria) selection.Request {
	return create(func(r *selection.Request) { r.Criteria = c })
}

// decide decides at noon, by FIRST_AVAILABLE unless a policy is given.
func decide(s broker.Snapshot, r selection.Request, policy ...broker.Policy) *selection.Result {
	in := selection.Input{Query: selection.Compile(&s).Prepare(r), Now: noon}
	if len(policy) > 0 {
		in.Policy = policy[0]
	}
	var dst selection.Result
	selection.Select(&dst, in)
	return &dst
}

func weight(w int) func(*broker.ProviderView) {
	return func(v *broker.ProviderView) { v.Weight = w }
}

// busy has so many calls in flight.
func busy(calls int64) func(*broker.ProviderView) {
	return live(broker.Live{InFlight: map[int64]int64{noon.Unix() / 60: calls}})
}

// did has measurements of creates and of reads.
func did(m broker.Measured) func(*broker.ProviderView) {
	if m.At.IsZero() {
		m.At = noon
	}
	return func(v *broker.ProviderView) {
		v.Measured = map[string]broker.Measured{broker.ClassMutate: m, broker.ClassRead: m}
	}
}

func price(p float64) func(*broker.ProviderView) {
	return func(v *broker.ProviderView) { v.PricePerHour = ptr(p) }
}

// fills so many units of the wish with each machine.
func fills(units float64) func(*broker.ProviderView) {
	return func(v *broker.ProviderView) { v.Fills = units }
}

func place(zone, region, geography string) func(*broker.ProviderView) {
	return func(v *broker.ProviderView) {
		v.Zone, v.Place = zone, broker.Place{Region: region, Geography: geography}
	}
}

func room(free, limit int) func(*broker.ProviderView) {
	return func(v *broker.ProviderView) { v.Room = &broker.Room{Free: free, Limit: limit} }
}

// ramping was closed by probes so long ago.
func ramping(ago time.Duration) func(*broker.ProviderView) {
	return func(v *broker.ProviderView) {
		l := broker.Live{ClosedAt: noon.Add(-ago)}
		v.Live = map[string]broker.Live{broker.ClassMutate: l, broker.ClassRead: l}
	}
}

// reads is a request that explores.
func reads(r *selection.Request) { r.Operation = broker.ValidateTemplate }

// series decides with one ticket, and one seed, after the other.
type series struct {
	query  *selection.Query
	policy broker.Policy
	now    time.Time
	result selection.Result
}

func newSeries(p broker.Policy, s broker.Snapshot, r selection.Request) *series {
	return &series{query: selection.Compile(&s).Prepare(r), policy: p, now: noon}
}

func (s *series) pick(ticket int) string {
	selection.Select(&s.result, selection.Input{
		Query: s.query, Policy: s.policy, Ticket: int64(ticket), Seed: fmt.Sprint("operation-", ticket), Now: s.now,
	})
	name, _ := s.result.Picked()
	return name
}

// counts picks with so many tickets, from 0.
func (s *series) counts(tickets int) map[string]int {
	n := map[string]int{}
	for ticket := range tickets {
		n[s.pick(ticket)]++
	}
	return n
}

// chiSquare is Pearson's statistic of counts against what is expected of each.
func chiSquare(counts map[string]int, want map[string]float64) float64 {
	total, sum := 0, 0.0
	for _, n := range counts {
		total += n
	}
	for name, share := range want {
		expected := share * float64(total)
		sum += (float64(counts[name]) - expected) * (float64(counts[name]) - expected) / expected
	}
	return sum
}
