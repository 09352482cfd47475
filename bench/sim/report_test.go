package sim_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
)

// unbounded is the bar of a measure that is only looked at.
var unbounded = math.Inf(1)

// report is what a design did in a scenario.
type report struct {
	design   string
	seen     []tally
	measures []measure
	held     bool // its bars are held
}

// print writes mean and worst of each measure beside bar and goal.
func (r report) print(t *testing.T) {
	t.Helper()
	var b strings.Builder
	operations, p99 := 0, time.Duration(0)
	for i := range r.seen {
		operations += r.seen[i].operations
		p99 = max(p99, r.seen[i].p99())
	}
	fmt.Fprintf(&b, "%-46s %s\n", t.Name()[strings.IndexByte(t.Name(), '/')+1:], r.design)
	fmt.Fprintf(&b, "  %d operations, %d seeds; wait, p99 of the worst seed: %s\n", operations, len(r.seen), p99)
	for _, m := range r.measures {
		mean, worst := r.figures(m)
		fmt.Fprintf(&b, "  %-36s mean %8.1f  worst %8.1f", m.name, mean, worst)
		if m.bar != unbounded {
			fmt.Fprintf(&b, "  bar %4g  goal %4g", m.bar, m.goal)
		}
		b.WriteByte('\n')
		if r.held && worst > m.bar {
			t.Errorf("%s: %g, above the bar of %g", m.name, worst, m.bar)
		}
	}
	if _, err := fmt.Fprint(t.Output(), b.String()); err != nil {
		t.Error(err)
	}
}

func (r report) figures(m measure) (mean, worst float64) {
	for i := range r.seen {
		v := m.of(&r.seen[i])
		mean += v / float64(len(r.seen))
		worst = max(worst, v)
	}
	return mean, worst
}
