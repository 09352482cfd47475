package selection

import (
	"testing"

	"pgregory.net/rapid"
)

func TestASetCountsAndWalksLikeAMapOfItsMembers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 300).Draw(t, "n")
		s, members := newSet(n), map[int]bool{}
		for _, i := range rapid.SliceOfN(rapid.IntRange(0, n-1), 0, 40).Draw(t, "members") {
			s.add(i)
			members[i] = true
		}
		lo := rapid.IntRange(0, n-1).Draw(t, "lo")
		hi := rapid.IntRange(lo+1, n).Draw(t, "hi")
		count, next := 0, len(s)*wordBits
		for i := n - 1; i >= lo; i-- {
			if members[i] {
				next = i
				if i < hi {
					count++
				}
			}
			if s.has(i) != members[i] {
				t.Fatalf("has %d: %v", i, s.has(i))
			}
		}
		if got := s.count(lo, hi); got != count {
			t.Fatalf("%d in [%d, %d), want %d", got, lo, hi, count)
		}
		if got := s.next(lo); got != next {
			t.Fatalf("next after %d is %d, want %d", lo, got, next)
		}
		if s.empty() != (len(members) == 0) {
			t.Fatalf("empty: %v", s.empty())
		}
	})
}

func TestAFullSetHoldsNothingBeyondItsEnd(t *testing.T) {
	for _, n := range []int{0, 1, 63, 64, 65, 128} {
		s := fullSet(n)
		if n > 0 && s.count(0, len(s)*wordBits) != n {
			t.Errorf("of %d: holds %d", n, s.count(0, len(s)*wordBits))
		}
		if s.empty() != (n == 0) {
			t.Errorf("of %d: empty is %v", n, s.empty())
		}
	}
}
