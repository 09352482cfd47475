package selection

import "github.com/openhostfactory/ohfp/shared/broker"

// HEALTH_BASED takes the HEALTHY in turn, by name, or the DEGRADED when none
// of these is left. Whom the last check found UNHEALTHY it never takes, not as
// a fallback either; who is UNKNOWN, only with panic: allow. Who asks for a
// health check, or names the provider, gets it all the same.
var healthBased = policy{
	name: broker.HealthBased, tickets: true, strict: true,
	rank: rankGroups, share: shareOfGroup, group: healthiest,
	figure: func(r *Result, i int) string { return string(r.in.Query.snapshot.facts[i].health) },
}

func healthiest(r *Result, t *tier) int {
	s := r.in.Query.snapshot
	if n := r.part(t, func(i int) bool { return !s.degraded.has(i) && !s.unchecked.has(i) && !s.unhealthy.has(i) }); n > 0 {
		return n
	}
	if n := r.part(t, s.degraded.has); n > 0 {
		return n
	}
	if n := r.part(t, s.unchecked.has); n > 0 {
		return n
	}
	return r.part(t, s.unhealthy.has)
}
