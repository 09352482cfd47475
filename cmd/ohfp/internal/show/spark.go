package show

import (
	"strconv"
	"strings"
)

// sparkWidth is how many columns a sparkline takes at most.
const sparkWidth = 30

// sparks are the heights of a sparkline, from little to most.
var sparks = []rune("▁▂▃▄▅▆▇█")

// idle stands where nothing was counted.
const idle = '·'

// timeline reports whether v is points in time of which each counts
// operations: it is drawn, not listed.
func (v value) timeline() bool {
	if v.kind != list || len(v.elems) == 0 {
		return false
	}
	for _, e := range v.elems {
		if e.get("from").kind != word || e.get("total_operations").kind != number {
			return false
		}
	}
	return true
}

// spark draws how many operations there were, oldest first, against the most
// that there were in one step.
func (v value) spark() string {
	steps, most := v.steps()
	if most <= 0 {
		return ""
	}
	var b strings.Builder
	for _, n := range steps {
		if n <= 0 {
			b.WriteRune(idle)
			continue
		}
		b.WriteRune(sparks[max(0, min(int(n/most*float64(len(sparks))), len(sparks)-1))]) // also of what is too large to be divided
	}
	return b.String()
}

// steps are the counts of a timeline, neighbours added up until they fit.
func (v value) steps() (steps []float64, most float64) {
	each := (len(v.elems) + sparkWidth - 1) / sparkWidth
	for i, e := range v.elems {
		if i%each == 0 {
			steps = append(steps, 0)
		}
		n, err := strconv.ParseFloat(e.get("total_operations").text, 64)
		if err != nil {
			n = 0 // beyond what a float holds: no broker counts so far
		}
		last := len(steps) - 1
		steps[last] += n
		most = max(most, steps[last])
	}
	return steps, most
}
