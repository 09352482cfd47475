package selection_test

import (
	"cmp"
	"slices"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/selection"
)

// model is the selection as the design tells it, one provider after the other
// and without regard to speed: what Select is compared with.
type model struct {
	snapshot broker.Snapshot
	request  selection.Request
	policy   broker.Policy
	ticket   int64
	now      time.Time
}

// outcome is what the model and Select are compared by.
type outcome struct {
	Ranked []string
	Rules  map[string]string // by provider; "" for the ranked of the pick's tier
	Ranks  map[string]int
}

func (m *model) decide() outcome {
	out := outcome{Rules: map[string]string{}, Ranks: map[string]int{}}
	var eligible []broker.ProviderView
	var reserve []string
	for _, v := range m.snapshot.Providers {
		rule := m.judge(v)
		out.Rules[v.Name] = rule
		switch rule {
		case "":
			eligible = append(eligible, v)
		case "fallback":
			reserve = append(reserve, v.Name)
		}
	}
	out.Ranked = m.rank(eligible, reserve, out.Rules)
	for k, name := range out.Ranked {
		out.Ranks[name] = k + 1
	}
	for name, rule := range out.Rules {
		if rule == "" && out.Ranks[name] == 0 {
			out.Rules[name] = "outranked"
		}
	}
	return out
}

// judge returns the first rule that refuses, "fallback", or "".
func (m *model) judge(v broker.ProviderView) string {
	r, c := m.request, m.request.Criteria
	operations, driver := r.Drivers[v.Kind]
	checkup := r.Operation == broker.HealthCheck
	switch {
	case slices.Contains(c.ExcludeStrategies, v.Name):
		return "excluded"
	case r.Override != "" && r.Override != v.Name:
		return "strategy_override"
	case !driver:
		return "driver_absent"
	case !v.Enabled:
		return "not_enabled"
	case v.Draining:
		return "draining"
	case v.Weight == 0:
		return "weight_zero"
	case len(operations) > 0 && !slices.Contains(operations, r.Operation):
		return "operation_unsupported"
	case !m.capable(v):
		return "capability_missing"
	case len(c.Zones) > 0 && (v.Zone == "" || !slices.Contains(c.Zones, v.Zone)):
		return "zones"
	case r.Incomplete[v.Name] != "":
		return "template_incomplete"
	case c.MaxCostPerHour != nil && v.PricePerHour == nil:
		return "price_unknown"
	case c.MaxCostPerHour != nil && *v.PricePerHour > *c.MaxCostPerHour:
		return "max_cost_per_hour"
	case !checkup && !m.admits(m.live(v)):
		return "breaker_open"
	case r.Override != "":
		return ""
	case slices.Contains(r.Fallbacks, v.Name):
		return "fallback"
	case checkup:
		return ""
	default:
		return m.figures(v)
	}
}

func (m *model) figures(v broker.ProviderView) string {
	c := m.request.Criteria
	healthy := c.RequireHealthy != nil && *c.RequireHealthy
	good, bad := m.lastMinute(m.live(v))
	switch {
	case healthy && v.Health.State == broker.Unknown:
		return "not_checked_yet"
	case healthy && v.Health.State == broker.Unhealthy:
		return "unhealthy"
	case c.MaxResponseTimeMS != nil && !v.Health.CheckedAt.IsZero() && v.Health.ResponseTime.Seconds()*1000 > *c.MaxResponseTimeMS:
		return "max_response_time_ms"
	case c.MinSuccessRate != nil && good+bad > 0 && float64(good)*100/float64(good+bad) < *c.MinSuccessRate:
		return "min_success_rate"
	default:
		return ""
	}
}

func (m *model) capable(v broker.ProviderView) bool {
	has := func(name string) bool {
		switch value := v.Capabilities[name].(type) {
		case bool:
			return value
		case float64:
			return value != 0
		case []any:
			return len(value) > 0
		default:
			return false
		}
	}
	for _, name := range m.request.Criteria.RequiredCapabilities {
		same := name == "instances" || name == "instance_management"
		if !has(name) && !(same && (has("instances") || has("instance_management"))) {
			return false
		}
	}
	return true
}

func (m *model) live(v broker.ProviderView) broker.Live {
	if m.request.Operation == broker.CreateInstances || m.request.Operation == broker.TerminateInstances {
		return v.Live["mutate"]
	}
	return v.Live["read"]
}

func (m *model) admits(l broker.Live) bool {
	cfg := m.snapshot.Config.Breaker
	if !cfg.Enabled || l.State == "" || l.State == broker.Closed || l.State == broker.Disabled {
		return true
	}
	if l.State == broker.ForcedOpen && l.OpenUntil.IsZero() || m.now.Before(l.OpenUntil) {
		return false
	}
	taken := 0
	for _, p := range l.Permits {
		if p.Expires.After(m.now) {
			taken++
		}
	}
	return taken < cfg.HalfOpenMaxCalls
}

func (m *model) lastMinute(l broker.Live) (good, bad int64) {
	for _, b := range l.Ring {
		if m.snapshot.TakenAt.Unix()/10-b.Slot < 6 {
			good, bad = good+b.Good, bad+b.Bad
		}
	}
	return good, bad
}

// key is what tiers differ by.
type key struct{ grade, prefer, priority int }

func (m *model) key(v broker.ProviderView) key {
	const last = 1 << 30
	k := key{prefer: slices.Index(m.request.Criteria.PreferStrategies, v.Name), priority: v.Priority}
	if k.prefer < 0 {
		k.prefer = last
	}
	if m.request.Operation == broker.HealthCheck || m.request.Override != "" {
		return k
	}
	l := m.live(v)
	ramping := (l.State == "" || l.State == broker.Closed) && !l.ClosedAt.IsZero() && m.now.Sub(l.ClosedAt) < time.Minute
	switch {
	case v.Health.State == broker.Unhealthy:
		k.grade = 2
	case v.Health.State == broker.Degraded || ramping:
		k.grade = 1
	}
	return k
}

func (m *model) rank(eligible []broker.ProviderView, reserve []string, rules map[string]string) []string {
	slices.SortFunc(eligible, func(a, b broker.ProviderView) int {
		ka, kb := m.key(a), m.key(b)
		return cmp.Or(cmp.Compare(ka.grade, kb.grade), cmp.Compare(ka.prefer, kb.prefer), cmp.Compare(ka.priority, kb.priority),
			cmp.Compare(a.Order, b.Order), cmp.Compare(a.Name, b.Name))
	})
	places := 4
	if len(reserve) > 0 {
		places = 3
	}
	ranked := []string{}
	for first := true; len(eligible) > 0; first = false {
		n := 1
		for n < len(eligible) && m.key(eligible[n]) == m.key(eligible[0]) {
			n++
		}
		for _, name := range m.turn(eligible[:n]) {
			if !first {
				rules[name] = "lower_tier"
			}
			if len(ranked) < places {
				ranked = append(ranked, name)
			}
		}
		eligible = eligible[n:]
	}
	for k, name := range m.request.Fallbacks {
		again := slices.Contains(m.request.Fallbacks[:k], name)
		if len(ranked) < 4 && slices.Contains(reserve, name) && !again {
			ranked = append(ranked, name)
		}
	}
	return ranked
}

// turn orders one tier, given by registration order.
func (m *model) turn(tier []broker.ProviderView) []string {
	names := make([]string, len(tier))
	for i, v := range tier {
		names[i] = v.Name
	}
	if m.policy == broker.RoundRobin {
		slices.Sort(names)
		k := int(m.ticket) % len(names)
		names = append(names[k:len(names):len(names)], names[:k]...)
	}
	return names
}
