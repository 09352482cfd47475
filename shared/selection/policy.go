package selection

import (
	"slices"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// policy orders the members of one tier. Its functions find them in r.left,
// from which they may take; they read r's snapshot, ticket, draws and input,
// and change nothing else but r's scratch.
type policy struct {
	name    broker.Policy
	tickets bool // takes a number from the counter of its scope
	// measures: goes by how members did. Slow start and exploration are its,
	// see measure.go, and a breaker that ramps up does not degrade.
	measures bool
	strict   bool // never takes the unhealthy; see HEALTH_BASED

	// rank puts the best members of t into the places, best first, and
	// returns how many. There is a place or more, and t has two members or
	// more, of which some may not be in r.left.
	rank func(places []int, r *Result, t *tier) int
	// share is the chance of the pick, one of r.left, over all tickets and
	// seeds.
	share func(r *Result, t *tier, pick int) float64
	// group moves the best equals out of r.left, to r.equals, and returns how
	// many; nil: the tier's members are the equals.
	group func(r *Result, t *tier) int
	// figure is what one is compared by, for people; nil: nothing is.
	figure func(r *Result, i int) string
}

// policies are all that there are; the first is the default.
var policies = []policy{
	firstAvailable,
	roundRobin,
	weightedRoundRobin,
	leastConnections,
	fastestResponse,
	highestSuccessRate,
	capabilityBased,
	healthBased,
	random,
	costOptimized,
	geographic,
	adaptive,
	sticky,
}

// Policies returns the policies.
func Policies() []broker.Policy {
	names := make([]broker.Policy, len(policies))
	for i := range policies {
		names[i] = policies[i].name
	}
	return names
}

// Known reports whether there is such a policy.
func Known(p broker.Policy) bool { return slices.Contains(Policies(), p) }

// policyOf returns the policy that ranks a decision.
func policyOf(in *Input) *policy {
	name := in.Policy
	if name == "" {
		name = in.Query.snapshot.policy
	}
	for i := range policies {
		if policies[i].name == name {
			return &policies[i]
		}
	}
	return &policies[0]
}
