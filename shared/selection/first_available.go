package selection

import "github.com/openhostfactory/ohfp/shared/broker"

// FIRST_AVAILABLE takes the member that was registered first, then the next.
// Equal registration orders, which a store does not make, go by name.
var firstAvailable = policy{
	name: broker.FirstAvailable, rank: rankFirstAvailable,
	share: func(*Result, *tier, int) float64 { return 1 },
}

// rankFirstAvailable takes members as they come: within a priority, providers
// are indexed by registration order and name.
func rankFirstAvailable(places []int, r *Result, t *tier) int {
	n := 0
	for i := t.first; i < t.hi && n < len(places); i = r.left.next(i + 1) {
		places[n] = i
		n++
	}
	return n
}
