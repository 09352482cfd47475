package selection

import (
	"fmt"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// CAPABILITY_BASED takes the member that has the fewest capabilities beyond
// the required ones, so that the versatile are kept for who needs them; equals
// take turns by name. All members have what is required, so the fewest unused
// are the fewest in all.
var capabilityBased = policy{
	name: broker.CapabilityBased, tickets: true,
	rank: rankGroups, share: shareOfGroup, group: leastVersatile,
	figure: func(r *Result, i int) string {
		q := r.in.Query
		return fmt.Sprintf("%d capabilities, %d unused", q.snapshot.offers[i], q.snapshot.offers[i]-int64(q.asked))
	},
}

func leastVersatile(r *Result, t *tier) int {
	offers := r.in.Query.snapshot.offers
	fewest := int64(-1)
	for i := r.left.next(t.lo); i < t.hi; i = r.left.next(i + 1) {
		if fewest < 0 || offers[i] < fewest {
			fewest = offers[i]
		}
	}
	return r.part(t, func(i int) bool { return offers[i] == fewest })
}
