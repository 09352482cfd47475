package selection

import (
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// needs is what a decision reads of a provider beyond what every one does:
// what it does not read is not kept.
type needs struct {
	class        int
	now          time.Time
	figures      bool // how calls went
	heard        bool // when it was last heard of
	timed        bool // how long its check took
	capabilities bool
}

func (r *Result) needs() needs {
	q := r.in.Query
	return needs{
		class: q.class, now: r.in.Now, timed: q.timed,
		figures: r.policy.measures || q.timed || q.rated, heard: r.policy.figure != nil,
		capabilities: q.asked > 0 || r.policy.name == broker.CapabilityBased,
	}
}

// of returns what is needed of a provider of s.
func (n needs) of(v *broker.ProviderView, s *Snapshot) known {
	i := s.index[v.Name]
	f := &s.facts[i]
	k := known{
		Name: v.Name, Kind: v.Kind, Zone: v.Zone, Place: v.Place, Priority: v.Priority, Order: v.Order, Weight: v.Weight,
		Disabled: !v.Enabled, Draining: v.Draining, Price: v.PricePerHour, PricedAt: v.PricedAt, Fills: v.Fills, Health: f.health, CheckedAt: v.Health.CheckedAt,
		NotBefore: v.NotBefore, Room: v.Room, Blocks: v.Blocks, Busy: s.busy[i],
	}
	if n.capabilities {
		k.Offers = v.Capabilities
	}
	if n.timed {
		k.Response = v.Health.ResponseTime
	}
	n.stand(&k, v.Live[classNames[n.class]])
	n.measure(&k, v.Measured[classNames[n.class]], &f.live[n.class])
	return k
}

// stand notes the breaker. A ramp that is over is none.
func (n needs) stand(k *known, l broker.Live) {
	k.State, k.OpenUntil = l.State, l.OpenUntil
	if l.ClosedAt.Add(rampTime).After(n.now) {
		k.ClosedAt = l.ClosedAt
	}
	for _, p := range l.Permits {
		k.Permits = append(k.Permits, p.Expires)
	}
}

// measure notes the calls: all that is known of them, or when the newest was.
func (n needs) measure(k *known, m broker.Measured, f *liveFacts) {
	if !n.figures && !n.heard {
		return
	}
	if !f.lastCall.IsZero() {
		k.Last = []int64{f.lastCall.Unix() / 10}
	}
	if f.good+f.bad > 0 {
		k.Last = append(k.Last, f.good, f.bad)
	}
	if n.figures && m != (broker.Measured{}) {
		k.Calls = &measured{
			At: m.At, Successes: m.Successes, Calls: m.Calls, Latency: m.Latency, Peak: m.Peak,
			Delivered: m.Delivered, Wanted: m.Wanted, Lost: m.Lost,
		}
	} else if !m.At.IsZero() {
		k.Calls = &measured{At: m.At}
	}
}
