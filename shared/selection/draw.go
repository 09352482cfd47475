package selection

import "math/bits"

// draws is a counter-based generator: splitmix64 (Steele, Lea and Flood, Fast
// Splittable Pseudorandom Number Generators, OOPSLA 2014). The same start gives
// the same numbers on every machine.
type draws struct{ state uint64 }

const golden = 0x9e3779b97f4a7c15 // 2^64 / the golden ratio: the step of splitmix64

func newDraws(start uint64) draws { return draws{mix(start)} }

func (d *draws) next() uint64 {
	d.state += golden
	return mix(d.state)
}

// below returns a number in [0, n), by the high half of a product (Lemire,
// Fast Random Integer Generation in an Interval, 2019, without the rejection:
// n is at most 10^9, so no number is favoured by more than 1 in 10^10).
func (d *draws) below(n int64) int64 {
	high, _ := bits.Mul64(d.next(), uint64(n)) //nolint:gosec // n counts weights or members
	return int64(high)                         //nolint:gosec // below n
}

// mix is the finalizer of splitmix64: every bit of x moves half of the result.
func mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}

// hashText is FNV-1a, mixed: names and keys that differ in one letter are far
// apart.
func hashText(text string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(text) {
		h = (h ^ uint64(text[i])) * 1099511628211
	}
	return mix(h)
}

// pot is a pool to draw from.
type pot struct {
	pool set
	size int
	sum  int64 // of the weights
}

func (r *Result) pot(pool set, t *tier) pot {
	p := pot{pool: pool}
	for i := pool.next(t.lo); i < t.hi; i = pool.next(i + 1) {
		p.size++
		p.sum += r.in.Query.snapshot.weight[i]
	}
	return p
}

func (p *pot) take(i int, weight int64) {
	p.pool.remove(i)
	p.size--
	p.sum -= weight
}

func (p *pot) put(i int, weight int64) {
	p.pool.add(i)
	p.size++
	p.sum += weight
}

// few is how many are walked through without ado.
const few = 32

// draw takes a member out of a pot that has one or more, each with a chance in
// proportion to its weight. Of many, it is looked for among all of the priority
// first: what is found that way has the same chances, sooner.
func (r *Result) draw(p *pot, t *tier) int {
	s := r.in.Query.snapshot
	for tries := 0; p.size > few && tries < 8; tries++ {
		if i := s.at(t, r.draws.below(s.span(t))); p.pool.has(i) {
			p.take(i, s.weight[i])
			return i
		}
	}
	i := p.pool.next(t.lo)
	for x := r.draws.below(p.sum) - s.weight[i]; x >= 0; x -= s.weight[i] {
		i = p.pool.next(i + 1)
	}
	p.take(i, s.weight[i])
	return i
}

// span is the length of the line on which every provider of a tier's priority
// has a part as long as its weight; at finds the one at a point of it.
func (s *Snapshot) span(t *tier) int64 {
	if s.even[t.lo] {
		return int64(t.hi - t.lo)
	}
	return s.sum[t.hi-1]
}

func (s *Snapshot) at(t *tier, x int64) int {
	if s.even[t.lo] {
		return t.lo + int(x)
	}
	lo, hi := t.lo, t.hi-1
	for lo < hi {
		if mid := int(uint(lo+hi) / 2); s.sum[mid] <= x {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}
