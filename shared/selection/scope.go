package selection

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// Scope names the counter that the ticket for [Result.Rank] is taken from:
// policy, type of operation, and the equals among whom the ticket chooses, so
// that callers who see the same share a counter and others don't skew it.
// "": no ticket is needed, because the policy takes none or there is no choice.
func (r *Result) Scope() string {
	t := &r.first.tier
	if !r.policy.tickets || t.size < 2 {
		return ""
	}
	r.enter(t)
	equals := r.left
	if r.policy.group != nil && !r.policy.measures {
		if r.policy.group(r, t) == 1 {
			return ""
		}
		equals = r.equals
	}
	h := sha256.New()
	for _, i := range r.in.Query.snapshot.byName[t.lo:t.hi] {
		if equals.has(i) {
			h.Write([]byte(r.name(i) + "\n"))
		}
	}
	return fmt.Sprintf("%s/%s/%s", r.policy.name, r.in.Query.request.Operation, hex.EncodeToString(h.Sum(nil)[:8]))
}
