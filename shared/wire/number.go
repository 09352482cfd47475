package wire

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"
)

// integral returns the integer that a literal stands for exactly: 2, 2.0 and
// 20e-1 are 2. The literal is at most maxNumber long and fits a float64, which
// bounds the arithmetic.
func integral(literal string) (*big.Int, bool) {
	if !strings.ContainsAny(literal, ".eE") {
		return new(big.Int).SetString(literal, 10)
	}
	if e := exponent(literal); e < -400 || e > 400 {
		return nil, false
	}
	r, ok := new(big.Rat).SetString(literal)
	if !ok || !r.IsInt() {
		return nil, false
	}
	return r.Num(), true
}

// exponent returns the exponent of a literal; 0 when it has none. One that
// does not fit an int counts as too small: too large ones are no float64.
func exponent(literal string) int {
	i := strings.IndexAny(literal, "eE")
	if i < 0 {
		return 0
	}
	e, err := strconv.Atoi(literal[i+1:])
	if err != nil {
		return -1000
	}
	return e
}

func (c *checker) integer(f *Field, s *Schema, n *node, at *path) {
	if !c.want(n, number, "an integer", at) {
		return
	}
	v, ok := integral(n.text)
	if !ok {
		c.add(at, "want an integer, got %s", n.text)
		return
	}
	if !fits(v, s) {
		c.add(at, "%s is out of range", n.text)
		return
	}
	asFloat, _ := new(big.Float).SetInt(v).Float64()
	if c.bounds(f, asFloat, n.text, at) {
		c.out = append(c.out, v.String()...)
	}
}

// fits reports whether v fits the Go type of s.
func fits(v *big.Int, s *Schema) bool {
	if s.Unsigned {
		return v.Sign() >= 0 && v.BitLen() <= s.Bits
	}
	if v.Sign() < 0 {
		v = new(big.Int).Not(v) // -2^n has one bit less than 2^n
	}
	return v.BitLen() < s.Bits
}

func (c *checker) number(f *Field, n *node, at *path) {
	if !c.want(n, number, "a number", at) {
		return
	}
	v, err := strconv.ParseFloat(n.text, 64)
	if err != nil {
		c.add(at, "%s is out of range", n.text)
		return
	}
	if c.bounds(f, v, n.text, at) {
		c.out = append(c.out, n.text...)
	}
}

func (c *checker) bounds(f *Field, v float64, literal string, at *path) bool {
	low, high := f.Rules.Min, f.Rules.Max
	if (low == nil || v >= *low) && (high == nil || v <= *high) {
		return true
	}
	switch {
	case low != nil && high != nil:
		c.add(at, "want %s to %s, got %s", plain(*low), plain(*high), literal)
	case low != nil:
		c.add(at, "want %s or more, got %s", plain(*low), literal)
	default:
		c.add(at, "want %s or less, got %s", plain(*high), literal)
	}
	return false
}

func plain(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// count says n things.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
