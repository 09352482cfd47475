package selection_test

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
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
	seed     string
	key      string
	now      time.Time
}

// outcome is what the model and Select are compared by.
type outcome struct {
	Ranked []string
	Rules  map[string]string // by provider; "" for the ranked of the pick's tier
	Ranks  map[string]int
}

// measures are the policies that go by how providers did.
var measures = []broker.Policy{broker.FastestResponse, broker.HighestSuccessRate, broker.CostOptimized, broker.Adaptive}

func (m *model) decide() outcome {
	out := outcome{Rules: map[string]string{}, Ranks: map[string]int{}}
	for _, v := range m.snapshot.Providers {
		out.Rules[v.Name] = m.judge(v)
	}
	m.panics(out.Rules)
	var eligible []broker.ProviderView
	var reserve []string
	for _, v := range m.snapshot.Providers {
		switch out.Rules[v.Name] {
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

// panics drops rules when they leave nobody.
func (m *model) panics(rules map[string]string) {
	if m.request.Criteria.Panic != broker.PanicAllow || m.unjudged() {
		return
	}
	for _, rule := range rules {
		if rule == "" || rule == "fallback" {
			return
		}
	}
	for name, rule := range rules {
		switch rule {
		case "unhealthy":
			if m.policy != broker.HealthBased {
				rules[name] = ""
			}
		case "offering_blocked", "not_checked_yet", "max_response_time_ms", "min_success_rate":
			rules[name] = ""
		}
	}
}

// unjudged requests pass every rule about health.
func (m *model) unjudged() bool {
	return m.request.Operation == broker.HealthCheck || m.request.Override != ""
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
	case len(c.Zones) > 0 && !m.within(v):
		return "zones"
	case r.Incomplete[v.Name] != "":
		return "template_incomplete"
	case r.Operation == broker.CreateInstances && v.Room != nil && v.Room.Free == 0:
		return "no_room"
	case c.MaxCostPerHour != nil && v.PricePerHour == nil:
		return "price_unknown"
	case c.MaxCostPerHour != nil && *v.PricePerHour > *c.MaxCostPerHour:
		return "max_cost_per_hour"
	case !checkup && !m.admits(m.live(v)):
		return "breaker_open"
	case m.now.Before(v.NotBefore):
		return "not_before"
	case r.Override != "":
		return ""
	case m.strict() && m.health(v) == broker.Unhealthy:
		return "unhealthy"
	case slices.Contains(r.Fallbacks, v.Name):
		return "fallback"
	case checkup:
		return ""
	case m.strict() && m.health(v) == broker.Unknown:
		return "not_checked_yet"
	case m.blocked(v):
		return "offering_blocked"
	default:
		return m.figures(v)
	}
}

func (m *model) strict() bool { return m.policy == broker.HealthBased && !m.unjudged() }

func (m *model) within(v broker.ProviderView) bool {
	for _, name := range m.request.Criteria.Zones {
		if name != "" && (name == v.Zone || name == v.Place.Region || name == v.Place.Geography) {
			return true
		}
	}
	return false
}

// blocked reports whether every offering that would do is blocked.
func (m *model) blocked(v broker.ProviderView) bool {
	if m.request.Operation != broker.CreateInstances {
		return false
	}
	offerings := m.request.Offerings[v.Name]
	if len(offerings) == 0 {
		offerings = []string{""}
	}
	for _, offering := range offerings {
		free := true
		for _, b := range v.Blocks {
			if (b.Offering == "" || b.Offering == offering) && m.now.Before(b.Until) {
				free = false
			}
		}
		if free {
			return false
		}
	}
	return true
}

func (m *model) figures(v broker.ProviderView) string {
	c := m.request.Criteria
	healthy := c.RequireHealthy != nil && *c.RequireHealthy
	response, timed := v.Health.ResponseTime, !v.Health.CheckedAt.IsZero()
	if l := m.measured(v).Latency; l != nil {
		response, timed = *l, true
	}
	good, all := m.calls(v)
	switch {
	case healthy && m.health(v) == broker.Unknown:
		return "not_checked_yet"
	case healthy && m.health(v) == broker.Unhealthy:
		return "unhealthy"
	case c.MaxResponseTimeMS != nil && timed && response.Seconds()*1000 > *c.MaxResponseTimeMS:
		return "max_response_time_ms"
	case c.MinSuccessRate != nil && all > 0 && good*100/all < *c.MinSuccessRate:
		return "min_success_rate"
	default:
		return ""
	}
}

// calls are those that were measured, or else those of the last minute.
func (m *model) calls(v broker.ProviderView) (good, all float64) {
	if d := m.measured(v); d.Calls > 0 {
		return d.Successes, d.Calls
	}
	g, b := m.lastMinute(m.live(v))
	return float64(g), float64(g + b)
}

func (m *model) class() string {
	if m.request.Operation == broker.CreateInstances || m.request.Operation == broker.TerminateInstances {
		return "mutate"
	}
	return "read"
}

func (m *model) measured(v broker.ProviderView) broker.Measured { return v.Measured[m.class()] }

func (m *model) capable(v broker.ProviderView) bool {
	for _, text := range m.request.Criteria.RequiredCapabilities {
		name, bound, _ := strings.Cut(text, ">=")
		met := meets(v.Capabilities[name], bound)
		if name == "instances" || name == "instance_management" {
			met = meets(v.Capabilities["instances"], bound) || meets(v.Capabilities["instance_management"], bound)
		}
		if !met {
			return false
		}
	}
	return true
}

func meets(value any, bound string) bool {
	switch value := value.(type) {
	case bool:
		return value && bound == ""
	case float64:
		least, err := strconv.ParseFloat(bound, 64)
		return value != 0 && (bound == "" || err == nil && value >= least)
	case []any:
		for _, item := range strings.Split(bound, ",") {
			if bound != "" && !slices.Contains(value, any(item)) {
				return false
			}
		}
		return len(value) > 0
	default:
		return false
	}
}

func (m *model) live(v broker.ProviderView) broker.Live { return v.Live[m.class()] }

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

// health is what was recorded, or, while somebody holds the calls of any class
// back, UNHEALTHY.
func (m *model) health(v broker.ProviderView) broker.HealthState {
	for _, l := range v.Live {
		if l.State == broker.ForcedOpen && (l.OpenUntil.IsZero() || m.snapshot.TakenAt.Before(l.OpenUntil)) {
			return broker.Unhealthy
		}
	}
	return v.Health.State
}

// sortKey is what tiers differ by.
type sortKey struct{ grade, prefer, priority int }

func (m *model) keyOf(v broker.ProviderView) sortKey {
	const last = 1 << 30
	k := sortKey{prefer: slices.Index(m.request.Criteria.PreferStrategies, v.Name), priority: v.Priority}
	if k.prefer < 0 {
		k.prefer = last
	}
	if m.request.Operation == broker.HealthCheck || m.request.Override != "" {
		return k
	}
	l := m.live(v)
	ramping := (l.State == "" || l.State == broker.Closed) && !l.ClosedAt.IsZero() && m.now.Sub(l.ClosedAt) < time.Minute
	switch {
	case m.health(v) == broker.Unhealthy:
		k.grade = 2
	case m.health(v) == broker.Degraded || ramping && !slices.Contains(measures, m.policy):
		k.grade = 1
	}
	return k
}

func (m *model) rank(eligible []broker.ProviderView, reserve []string, rules map[string]string) []string {
	slices.SortFunc(eligible, func(a, b broker.ProviderView) int {
		ka, kb := m.keyOf(a), m.keyOf(b)
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
		for n < len(eligible) && m.keyOf(eligible[n]) == m.keyOf(eligible[0]) {
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
