package selection

import (
	"math"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// block finds who is out of all offerings that would do for a create, or where
// its template does not work, and until when: the first of the offerings to
// come back ends it.
func (q *Query) block() {
	s := q.snapshot
	if !q.creates() || len(s.blocks) == 0 {
		return
	}
	q.blocked = newSet(s.Len())
	q.until, q.why = make([]int64, len(s.none)*wordBits), make([]string, s.Len())
	for i, blocks := range s.blocks {
		q.blocked.add(i)
		name := s.facts[i].name
		q.until[i], q.why[i] = back(blocks, q.request.Offerings[name], q.request.Templates[name])
	}
}

// back is when the first of the offerings is free again, in Unix ns, and what
// its provider is short of until then.
func back(blocks []broker.Block, offerings []string, template string) (first int64, why string) {
	if len(offerings) == 0 {
		return freeFrom(blocks, "", template)
	}
	first = math.MaxInt64
	for _, offering := range offerings {
		if at, reason := freeFrom(blocks, offering, template); at < first {
			first, why = at, reason
		}
	}
	return first, why
}

func freeFrom(blocks []broker.Block, offering, template string) (last int64, why string) {
	last = math.MinInt64
	for i := range blocks {
		b := &blocks[i]
		if b.Offering != "" && b.Offering != offering && b.Offering != template {
			continue
		}
		if at := unixNano(b.FreeFrom()); at > last {
			last, why = at, b.Reason
		}
	}
	return last, why
}
