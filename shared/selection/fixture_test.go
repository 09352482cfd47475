package selection_test

import (
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
