package selection

import (
	"fmt"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// RANDOM draws a member with a chance in proportion to its weight, from the
// seed: equal weights give equal chances, and the same seed the same pick. The
// next are drawn from those that are left.
var random = policy{
	name: broker.Random,
	rank: func(places []int, r *Result, t *tier) int {
		n := 0
		for p := r.pot(r.left, t); n < len(places) && p.size > 0; n++ {
			places[n] = r.draw(&p, t)
		}
		return n
	},
	share:  shareByWeight,
	figure: weightFigure,
}

func shareByWeight(r *Result, t *tier, pick int) float64 {
	return float64(r.in.Query.snapshot.weight[pick]) / float64(r.pot(r.left, t).sum)
}

func weightFigure(r *Result, i int) string {
	return fmt.Sprintf("weight %d", r.in.Query.snapshot.weight[i])
}
