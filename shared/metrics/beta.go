package metrics

import "math"

// beta is the beta distribution of two positive parameters.
type beta struct{ a, b float64 }

func (d beta) mean() float64 { return d.a / (d.a + d.b) }

// density is undefined, and infinite in value, at an end whose parameter is
// below 1.
func (d beta) density(x float64) float64 {
	return math.Exp((d.a-1)*math.Log(x) + (d.b-1)*math.Log1p(-x) - d.logBeta())
}

// logBeta is the logarithm of the complete beta function.
func (d beta) logBeta() float64 {
	a, _ := math.Lgamma(d.a)
	b, _ := math.Lgamma(d.b)
	ab, _ := math.Lgamma(d.a + d.b)
	return a + b - ab
}

// cdf is the regularized incomplete beta function I_x(a, b), by the continued
// fraction DLMF 8.17.22, taken from the side on which it converges fast
// (DLMF 8.17.4 gives the other).
func (d beta) cdf(x float64) float64 {
	switch {
	case x <= 0:
		return 0
	case x >= 1:
		return 1
	}
	front := math.Exp(d.a*math.Log(x) + d.b*math.Log1p(-x) - d.logBeta())
	if x < (d.a+1)/(d.a+d.b+2) {
		return front * d.fraction(x) / d.a
	}
	return 1 - front*beta{d.b, d.a}.fraction(1-x)/d.b
}

// fraction is the continued fraction of DLMF 8.17.22 by Lentz's method as
// modified by Thompson and Barnett (J. Comput. Phys. 64, 1986). On the side
// that cdf takes it needs about √max(a, b) steps; the bound is far above what
// the largest tally needs.
func (d beta) fraction(x float64) float64 {
	const steps, enough = 20_000, 1e-15
	c, e := 1.0, 1/away(1-(d.a+d.b)*x/(d.a+1))
	f := e
	for m := 1.0; m < steps; m++ {
		even := m * (d.b - m) * x / ((d.a + 2*m - 1) * (d.a + 2*m))
		odd := -(d.a + m) * (d.a + d.b + m) * x / ((d.a + 2*m) * (d.a + 2*m + 1))
		before := f
		for _, term := range [...]float64{even, odd} {
			e = 1 / away(1+term*e)
			c = away(1 + term/c)
			f *= c * e
		}
		if math.Abs(f-before) <= enough*math.Abs(f) {
			break
		}
	}
	return f
}

// away keeps a denominator off zero, as Lentz's method asks.
func away(x float64) float64 {
	const tiny = 1e-300
	if math.Abs(x) < tiny {
		return tiny
	}
	return x
}

// quantile is the x with cdf(x) = p, to 1e-12: Newton's method from the mean,
// and bisection where that would leave the interval that holds x.
func (d beta) quantile(p float64) float64 {
	low, high, x := 0.0, 1.0, d.mean()
	for range 200 {
		miss := d.cdf(x) - p
		if miss > 0 {
			high = x
		} else {
			low = x
		}
		next := x - miss/d.density(x)
		if !(next > low && next < high) { // also when it is no number
			next = low + (high-low)/2
		}
		if math.Abs(next-x) < 1e-12 {
			return next
		}
		x = next
	}
	return x
}
