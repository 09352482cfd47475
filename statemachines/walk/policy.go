package walk

import (
	"math"
	"time"
)

// retrier is one element of a Retry list: how often and how soon a task that
// failed with one of its errors runs again.
type retrier struct {
	errors   []string
	interval time.Duration // before the first
	rate     float64       // each further one, as a multiple of the one before
	attempts int
}

func (r *retrier) delay(n int) time.Duration {
	return time.Duration(float64(r.interval) * math.Pow(r.rate, float64(n)))
}

// retries counts the retriers' uses within one visit of a state.
type retries struct {
	list []retrier
	used []int
}

// next returns how long to wait before the task runs again; false: it does
// not. The first retrier that names the error decides alone.
func (r *retries) next(e *TaskError) (time.Duration, bool) {
	for i := range r.list {
		if !matches(r.list[i].errors, e) {
			continue
		}
		if r.used == nil {
			r.used = make([]int, len(r.list))
		}
		if r.used[i] == r.list[i].attempts {
			return 0, false
		}
		r.used[i]++
		return r.list[i].delay(r.used[i] - 1), true
	}
	return 0, false
}

// catcher is one element of a Catch list: where an error leads, and where in
// the state's input it is told.
type catcher struct {
	errors []string
	place  placement
	next   string
}

func (c *catcher) handle(e *TaskError, in any) (any, string, error) {
	out, err := c.place.put(in, map[string]any{"Error": e.Name, "Cause": e.Cause})
	return out, c.next, err
}
