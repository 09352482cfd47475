package selection_test

import (
	"fmt"
	"time"

	"pgregory.net/rapid"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/selection"
)

// Values are drawn from few, so that rules meet and keys are equal often.

func drawTime(t *rapid.T, label string) time.Time {
	return noon.Add(time.Duration(rapid.IntRange(-90, 90).Draw(t, label)) * time.Second)
}

func drawLive(t *rapid.T) broker.Live {
	states := []broker.BreakerState{"", "", broker.Closed, broker.Closed, broker.Open, broker.HalfOpen, broker.ForcedOpen, broker.Disabled}
	l := broker.Live{State: rapid.SampledFrom(states).Draw(t, "state")}
	if rapid.Bool().Draw(t, "busy") {
		l.InFlight = map[int64]int64{noon.Unix()/60 - rapid.SampledFrom([]int64{0, 3, 15, 16, 17}).Draw(t, "ago"): rapid.Int64Range(1, 4).Draw(t, "in_flight")}
	}
	if rapid.Bool().Draw(t, "until") {
		l.OpenUntil = drawTime(t, "open_until")
	}
	for range rapid.IntRange(0, 3).Draw(t, "permits") {
		l.Permits = append(l.Permits, broker.Permit{Attempt: "a", Expires: drawTime(t, "expires")})
	}
	if rapid.IntRange(0, 3).Draw(t, "closed_before") == 0 {
		l.ClosedAt = drawTime(t, "closed_at")
	}
	for i := range rapid.IntRange(0, 6).Draw(t, "buckets") {
		l.Ring[i] = broker.Bucket{
			Slot: noon.Unix()/10 - rapid.Int64Range(0, 9).Draw(t, "slot"),
			Good: rapid.Int64Range(0, 9).Draw(t, "good"), Bad: rapid.Int64Range(0, 3).Draw(t, "bad"),
		}
	}
	return l
}

// plain is a provider that every rule passes and that every tie includes.
func plain(i int) broker.ProviderView {
	return broker.ProviderView{
		Name: fmt.Sprintf("p%02d", i*37%100), Kind: "static", Enabled: true, Weight: 100, Order: int64(i), Zone: "a",
		Capabilities: map[string]any{"instances": true, "spot": true}, PricePerHour: ptr(1.0),
		Health: broker.Health{State: broker.Healthy, ResponseTime: 5 * time.Millisecond, CheckedAt: noon.Add(-30 * time.Second)},
	}
}

func drawProvider(t *rapid.T, i int) broker.ProviderView {
	v := plain(i)
	v.Priority = rapid.IntRange(0, 2).Draw(t, "priority")
	if rapid.Bool().Draw(t, "plain") {
		return v
	}
	rarely := func(label string) bool { return rapid.IntRange(0, 7).Draw(t, label) == 0 }
	v.Kind = rapid.SampledFrom([]string{"static", "static", "aws", "gcp"}).Draw(t, "kind")
	v.Enabled, v.Draining = !rarely("disabled"), rarely("draining")
	v.Weight = rapid.SampledFrom([]int{100, 100, 50, 10, 0}).Draw(t, "weight")
	v.Place = rapid.SampledFrom([]broker.Place{{}, {Region: "r"}, {Geography: "eu"}, {Region: "r", Geography: "eu"}, {Point: &broker.Point{Latitude: 40}}}).Draw(t, "place")
	v.Room = rapid.SampledFrom([]*broker.Room{nil, nil, {Free: 0, Limit: 4}, {Free: 1, Limit: 4}, {Free: 4, Limit: 4}}).Draw(t, "room")
	if rarely("delayed") {
		v.NotBefore = drawTime(t, "not_before")
	}
	for range rapid.IntRange(0, 2).Draw(t, "blocks") {
		b := broker.Block{
			Offering: rapid.SampledFrom([]string{"", "small", "large", "t"}).Draw(t, "offering"), Until: drawTime(t, "until"),
		}
		if rarely("tried") {
			b.Probe = &broker.Permit{Attempt: "x", Expires: drawTime(t, "expires")}
		}
		v.Blocks = append(v.Blocks, b)
	}
	v.Measured = map[string]broker.Measured{"mutate": drawMeasured(t), "read": drawMeasured(t)}
	v.Zone = rapid.SampledFrom([]string{"", "a", "b", "c"}).Draw(t, "zone")
	values := []any{true, true, false, 0.0, 2.0, []any{}, []any{"x"}, []any{"y", "x", "2"}, "yes", nil}
	v.Capabilities = map[string]any{}
	for _, name := range []string{"instances", "instance_management", "spot"} {
		v.Capabilities[name] = rapid.SampledFrom(values).Draw(t, name)
	}
	v.PricePerHour = rapid.SampledFrom([]*float64{nil, ptr(0.0), ptr(1.0), ptr(2.5)}).Draw(t, "price")
	v.Fills = rapid.SampledFrom([]float64{0, 0, 1, 4, 8.0 / 3}).Draw(t, "fills")
	v.Health = drawHealth(t)
	v.Live = map[string]broker.Live{"mutate": drawLive(t), "read": drawLive(t)}
	return v
}

func drawMeasured(t *rapid.T) (m broker.Measured) {
	if rapid.IntRange(0, 2).Draw(t, "nothing") == 0 {
		return m
	}
	m.At = noon.Add(-time.Duration(rapid.IntRange(0, 200).Draw(t, "age")) * time.Second)
	m.Calls = float64(rapid.IntRange(0, 30).Draw(t, "calls"))
	m.Successes = m.Calls - float64(rapid.IntRange(0, int(m.Calls)).Draw(t, "failures"))
	if rapid.Bool().Draw(t, "timed") {
		m.Latency = ptr(time.Duration(rapid.IntRange(0, 20).Draw(t, "latency")) * time.Millisecond)
		m.Peak = rapid.SampledFrom([]*time.Duration{nil, ptr(30 * time.Millisecond), ptr(2 * time.Millisecond)}).Draw(t, "peak")
	}
	m.Wanted = float64(rapid.IntRange(0, 9).Draw(t, "wanted"))
	m.Delivered = m.Wanted - float64(rapid.IntRange(0, int(m.Wanted)).Draw(t, "missing"))
	m.Lost = rapid.SampledFrom([]*float64{nil, ptr(0.0), ptr(0.25), ptr(1.0)}).Draw(t, "lost")
	return m
}

func drawHealth(t *rapid.T) broker.Health {
	h := broker.Health{State: rapid.SampledFrom([]broker.HealthState{
		broker.Healthy, broker.Degraded, broker.Unhealthy, broker.Unknown,
	}).Draw(t, "health")}
	if h.State != broker.Unknown {
		h.CheckedAt = noon.Add(-time.Minute)
		h.ResponseTime = time.Duration(rapid.IntRange(0, 20).Draw(t, "response")) * time.Millisecond
	}
	return h
}

func drawSnapshot(t *rapid.T) broker.Snapshot {
	s := broker.Snapshot{TakenAt: noon.Add(-time.Second), Config: broker.DefaultConfig()}
	s.Config.Breaker.Enabled = rapid.IntRange(0, 9).Draw(t, "breakers") != 0
	s.Config.Breaker.HalfOpenMaxCalls = rapid.IntRange(0, 3).Draw(t, "permits")
	n := rapid.SampledFrom([]int{0, 1, 2, 3, 5, 8, 20, 64, 65, 90}).Draw(t, "n")
	for i := range n {
		s.Providers = append(s.Providers, drawProvider(t, i))
	}
	return s
}

func drawNames(t *rapid.T, label string, most int) []string {
	name := rapid.Custom(func(t *rapid.T) string { return fmt.Sprintf("p%02d", rapid.IntRange(0, 9).Draw(t, "i")*37%100) })
	return rapid.SliceOfN(name, 0, most).Draw(t, label)
}

func drawCriteria(t *rapid.T) broker.Criteria {
	return broker.Criteria{
		RequiredCapabilities: rapid.SampledFrom([][]string{nil, nil, {"instances"}, {"instance_management", "spot"}, {"gpu"}, {"instances>=2"}, {"spot>=x"}, {"spot>=x,y", "instances"}}).Draw(t, "required"),
		RequireHealthy:       rapid.SampledFrom([]*bool{nil, ptr(false), ptr(true)}).Draw(t, "require_healthy"),
		ExcludeStrategies:    drawNames(t, "exclude", 3),
		PreferStrategies:     drawNames(t, "prefer", 4),
		MaxCostPerHour:       rapid.SampledFrom([]*float64{nil, nil, ptr(1.0), ptr(0.0)}).Draw(t, "max_cost"),
		Zones:                rapid.SampledFrom([][]string{nil, nil, {"a"}, {"a", "b", "nowhere"}, {"c", "r"}, {"eu", ""}}).Draw(t, "zones"),
		MinSuccessRate:       rapid.SampledFrom([]*float64{nil, nil, ptr(0.0), ptr(75.0), ptr(100.0)}).Draw(t, "min_success"),
		MaxResponseTimeMS:    rapid.SampledFrom([]*float64{nil, nil, ptr(10.0), ptr(0.0)}).Draw(t, "max_response"),
		Panic:                rapid.SampledFrom([]broker.Panic{"", broker.PanicRefuse, broker.PanicAllow}).Draw(t, "panic"),
	}
}

func drawRequest(t *rapid.T) selection.Request {
	r := selection.Request{
		Operation: rapid.SampledFrom([]broker.OperationType{
			broker.CreateInstances, broker.CreateInstances, broker.ValidateTemplate, broker.HealthCheck,
		}).Draw(t, "operation"),
		Criteria:  drawCriteria(t),
		Fallbacks: drawNames(t, "fallbacks", 3),
		Drivers:   map[string][]broker.OperationType{"static": nil, "aws": {broker.CreateInstances}},
	}
	if rapid.IntRange(0, 4).Draw(t, "override") == 0 {
		r.Override = fmt.Sprintf("p%02d", rapid.IntRange(0, 5).Draw(t, "which")*37%100)
	}
	r.Origin = rapid.SampledFrom([]broker.Origin{{}, {Zone: "a"}, {Place: broker.Place{Region: "r"}}, {Place: broker.Place{Point: &broker.Point{Longitude: 9}}}}).Draw(t, "origin")
	r.Offerings = map[string][]string{}
	for _, name := range drawNames(t, "offers", 9) {
		r.Offerings[name] = rapid.SampledFrom([][]string{{"small"}, {"small", "large"}}).Draw(t, "offerings")
	}
	r.Templates = map[string]string{}
	for _, name := range drawNames(t, "templates", 9) {
		r.Templates[name] = rapid.SampledFrom([]string{"t", "u"}).Draw(t, "template")
	}
	for _, name := range drawNames(t, "incomplete", 2) {
		r.Incomplete = map[string]string{name: "no image"}
	}
	return r
}

// drawModel draws everything, or, where all providers pass the hard filters,
// what ranks.
func drawModel(t *rapid.T) model {
	m := model{
		now: noon, policy: rapid.SampledFrom(selection.Policies()).Draw(t, "policy"),
		ticket: rapid.Int64Range(0, 1000).Draw(t, "ticket"), seed: rapid.StringN(0, 8, -1).Draw(t, "seed"),
		key: rapid.SampledFrom([]string{"", "job-1", "job-2"}).Draw(t, "key"),
	}
	if rapid.Bool().Draw(t, "everything") {
		m.snapshot, m.request = drawSnapshot(t), drawRequest(t)
		return m
	}
	m.snapshot = broker.Snapshot{TakenAt: noon, Config: broker.DefaultConfig()}
	for i := range rapid.IntRange(0, 8).Draw(t, "n") {
		v := plain(i)
		v.Priority = rapid.IntRange(0, 2).Draw(t, "priority")
		v.Health = drawHealth(t)
		if rapid.IntRange(0, 3).Draw(t, "ramps") == 0 {
			v.Live = map[string]broker.Live{"mutate": {ClosedAt: noon.Add(-time.Duration(rapid.IntRange(58, 62).Draw(t, "s")) * time.Second)}}
		}
		m.snapshot.Providers = append(m.snapshot.Providers, v)
	}
	m.request = selection.Request{
		Operation: broker.CreateInstances, Drivers: map[string][]broker.OperationType{"static": nil},
		Criteria: broker.Criteria{PreferStrategies: drawNames(t, "prefer", 4)},
	}
	if rapid.Bool().Draw(t, "falls back") {
		m.request.Fallbacks = drawNames(t, "fallbacks", 3)
	}
	return m
}
