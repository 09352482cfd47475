package selection

import (
	"math"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// block finds who is out of all offerings that would do for a create, and until
// when: the first of them to come back ends it.
func (q *Query) block() {
	s := q.snapshot
	if !q.creates() || len(s.blocks) == 0 {
		return
	}
	q.blocked, q.until = newSet(s.Len()), make([]int64, len(s.none)*wordBits)
	for i, blocks := range s.blocks {
		q.blocked.add(i)
		q.until[i] = back(blocks, q.request.Offerings[s.facts[i].name])
	}
}

// back is when the first of the offerings is free again, in Unix ns.
func back(blocks []broker.Block, offerings []string) int64 {
	first := int64(math.MaxInt64)
	for _, offering := range offerings {
		first = min(first, freeFrom(blocks, offering))
	}
	if len(offerings) == 0 {
		return freeFrom(blocks, "")
	}
	return first
}

func freeFrom(blocks []broker.Block, offering string) int64 {
	last := int64(math.MinInt64)
	for _, b := range blocks {
		if b.Offering == "" || b.Offering == offering {
			last = max(last, unixNano(b.Until))
		}
	}
	return last
}
