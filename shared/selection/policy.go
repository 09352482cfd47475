package selection

import (
	"slices"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// policy orders the members of one tier.
type policy struct {
	name    broker.Policy
	tickets bool // takes a number from the counter of its scope
	spreads bool // gives every member of a tier the same share of the work
	// rank puts the best members of t into the places, best first, and
	// returns how many. There is a place or more, and t has two members or
	// more. It reads r's snapshot, ticket and input, and changes nothing else.
	rank func(places []int, r *Result, t *tier) int
}

// policies are those that are built; the first is the default.
var policies = []policy{
	firstAvailable,
	roundRobin,
}

// planned are those that the contract names and that are not built.
var planned = []broker.Policy{
	"WEIGHTED_ROUND_ROBIN", "LEAST_CONNECTIONS", "FASTEST_RESPONSE", "HIGHEST_SUCCESS_RATE", "CAPABILITY_BASED",
	"HEALTH_BASED", "RANDOM", "COST_OPTIMIZED", "GEOGRAPHIC", "ADAPTIVE", "STICKY",
}

// Policies returns the policies that are built.
func Policies() []broker.Policy {
	names := make([]broker.Policy, len(policies))
	for i := range policies {
		names[i] = policies[i].name
	}
	return names
}

// Known reports whether a policy is built.
func Known(p broker.Policy) bool { return slices.Contains(Policies(), p) }

// Planned reports whether a policy is named by the contract and not built.
func Planned(p broker.Policy) bool { return slices.Contains(planned, p) }

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
