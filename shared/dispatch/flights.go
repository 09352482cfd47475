package dispatch

import (
	"sync"
	"time"

	"github.com/openhostfactory/ohfp/shared/breaker"
	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/metrics"
)

// learned is how many calls must have succeeded before it is known how long
// they take.
const learned = 20

// Flights are the calls that this process has in flight, and how long those took
// that succeeded. What a process has begun and not ended is not lost with it, as
// a counter in the store would be: a caller that died hangs nowhere. Its zero
// value is ready, and safe for concurrent use; of a nil one nothing hangs.
type Flights struct {
	mu   sync.Mutex
	rows map[broker.LiveKey]*flight
}

type flight struct {
	next  int
	begun map[int]time.Time
	took  metrics.Histogram
}

func (f *Flights) row(k broker.LiveKey) *flight {
	if f.rows == nil {
		f.rows = map[broker.LiveKey]*flight{}
	}
	if f.rows[k] == nil {
		f.rows[k] = &flight{begun: map[int]time.Time{}}
	}
	return f.rows[k]
}

// begin notes a call; end is to be called with whether it succeeded.
func (f *Flights) begin(k broker.LiveKey, now time.Time) (end func(good bool, now time.Time)) {
	if f == nil {
		return func(bool, time.Time) {}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	r := f.row(k)
	id := r.next
	r.next++
	r.begun[id] = now
	return func(good bool, ended time.Time) {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(r.begun, id)
		if good {
			r.took.Observe(ended.Sub(now))
		}
	}
}

// hanging counts the calls that are older than all but one in a hundred were,
// and slow besides: of many that are fast, one in a hundred is always older.
// None hangs until enough have been seen to end.
func (f *Flights) hanging(k broker.LiveKey, slow time.Duration, now time.Time) breaker.Hanging {
	if f == nil {
		return breaker.Hanging{}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	r := f.row(k)
	p99, ok := r.took.Quantile(0.99)
	if !ok || r.took.Count() < learned {
		return breaker.Hanging{}
	}
	h := breaker.Hanging{Age: max(p99, slow)}
	for _, begun := range r.begun {
		if now.Sub(begun) > h.Age {
			h.Calls++
		}
	}
	return h
}

// forget lets those that hang count no more: they have opened the breaker once.
func (f *Flights) forget(k broker.LiveKey) {
	f.mu.Lock()
	defer f.mu.Unlock()
	clear(f.row(k).begun)
}
