package selection

import "math/bits"

// wordBits is how many providers one word of a set holds.
const wordBits = 64

// set is a set of provider indexes, a bit each. Sets of one snapshot have the
// same length.
type set []uint64

func newSet(n int) set { return make(set, (n+wordBits-1)/wordBits) }

// fullSet holds 0 … n−1 and nothing in the rest of its last word.
func fullSet(n int) set {
	s := newSet(n)
	for i := range n {
		s.add(i)
	}
	return s
}

func (s set) add(i int)      { s[uint(i)/wordBits] |= 1 << (uint(i) % wordBits) }
func (s set) remove(i int)   { s[uint(i)/wordBits] &^= 1 << (uint(i) % wordBits) }
func (s set) has(i int) bool { return s[uint(i)/wordBits]>>(uint(i)%wordBits)&1 != 0 }

func (s set) union(o set) {
	for w := range s {
		s[w] |= o[w]
	}
}

func (s set) intersect(o set) {
	for w := range s {
		s[w] &= o[w]
	}
}

// fill makes s what o holds of [lo, hi), a range that is not empty.
func (s set) fill(o set, lo, hi int) {
	clear(s)
	first, last := uint(lo)/wordBits, uint(hi-1)/wordBits
	copy(s[first:last+1], o[first:last+1])
	s[first] &= ^uint64(0) << (uint(lo) % wordBits)
	s[last] &= ^uint64(0) >> (wordBits - 1 - uint(hi-1)%wordBits)
}

// minus returns what s holds and o does not.
func (s set) minus(o set) set {
	d := make(set, len(s))
	for w := range s {
		d[w] = s[w] &^ o[w]
	}
	return d
}

func (s set) empty() bool {
	for _, word := range s {
		if word != 0 {
			return false
		}
	}
	return true
}

// meets reports whether the two have a member in common.
func (s set) meets(o set) bool {
	for w := range s {
		if s[w]&o[w] != 0 {
			return true
		}
	}
	return false
}

// next returns the smallest member that is at least i, or a number past every
// member.
func (s set) next(i int) int {
	w := int(uint(i) / wordBits)
	if w >= len(s) {
		return len(s) * wordBits
	}
	word := s[w] &^ (1<<(uint(i)%wordBits) - 1)
	for word == 0 {
		if w++; w == len(s) {
			return w * wordBits
		}
		word = s[w]
	}
	return w*wordBits + bits.TrailingZeros64(word)
}

// count returns how many members are in [lo, hi), a range that is not empty.
func (s set) count(lo, hi int) int {
	first, last := uint(lo)/wordBits, uint(hi-1)/wordBits
	head := ^uint64(0) << (uint(lo) % wordBits)
	tail := ^uint64(0) >> (wordBits - 1 - uint(hi-1)%wordBits)
	if first == last {
		return bits.OnesCount64(s[first] & head & tail)
	}
	n := bits.OnesCount64(s[first]&head) + bits.OnesCount64(s[last]&tail)
	for _, word := range s[first+1 : last] {
		n += bits.OnesCount64(word)
	}
	return n
}
