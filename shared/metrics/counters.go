package metrics

import (
	"maps"
	"math"
	"time"

	"github.com/openhostfactory/ohfp/shared/fault"
)

// Counters is what is counted of the attempts of one operation type that ended
// within some time. It is both a stored row and what is added to one: counters
// add, in any order, and the newest LastUsed wins. The zero value counted
// nothing. Values may be copied: [Counters.Add] changes no map in place.
type Counters struct {
	Total     int64 // attempts that ended: Succeeded and all of Failed
	Succeeded int64 // with nothing to complain of, or with some of the machines
	Partial   int64 // of Succeeded: fewer machines than asked for, with an error
	Slow      int64 // that took at least the configured slow call, however they ended
	Throttled int64 // how often the provider said to slow down, overcome or not
	Machines  int64 // made
	Wanted    int64 // asked for, where the provider was reached

	LatencyUS int64     // sum over Succeeded, in µs
	Latency   Histogram // of Succeeded

	// What a failure that speaks against the provider costs: its time or, where
	// that is longer, the time the caller would have waited. A provider that
	// fails fast is not fast.
	Charged   int64
	ChargedUS int64

	Failed   map[fault.Class]int64 // nil: none
	Errors   Errors                // by the provider's own code
	LastUsed time.Time             // the last attempt that reached it ended, in ms; zero: none did
}

// Evidence reports whether a failure of this class speaks against the
// provider: the classes that the breaker counts. No capacity, no quota, a
// throttle, a wrong request and our own refusals say nothing about it.
func Evidence(c fault.Class) bool {
	return c != fault.None && c.Rule().Breaker != fault.BreakerIgnores
}

// named is a number of Counters under the name by which it is stored.
type named struct {
	name string
	n    *int64
}

func (c *Counters) numbers() [10]named {
	return [...]named{
		{"n", &c.Total},
		{"ok", &c.Succeeded},
		{"part", &c.Partial},
		{"slow", &c.Slow},
		{"thr", &c.Throttled},
		{"mach", &c.Machines},
		{"want", &c.Wanted},
		{"us", &c.LatencyUS},
		{"chg", &c.Charged},
		{"chg_us", &c.ChargedUS},
	}
}

// Add adds o.
func (c *Counters) Add(o *Counters) {
	if len(o.Failed) > 0 {
		c.Failed = maps.Clone(c.Failed)
	}
	if len(o.Errors) > 0 {
		c.Errors = maps.Clone(c.Errors)
	}
	c.absorb(o)
}

// absorb is Add for counters whose maps nobody else holds.
func (c *Counters) absorb(o *Counters) {
	theirs := o.numbers()
	for i, mine := range c.numbers() {
		*mine.n = plus(*mine.n, *theirs[i].n)
	}
	c.Latency.Add(&o.Latency)
	for class, n := range o.Failed {
		c.fail(class, n)
	}
	c.Errors.absorb(o.Errors)
	c.LastUsed = later(c.LastUsed, o.LastUsed)
}

func (c *Counters) fail(class fault.Class, n int64) {
	if c.Failed == nil {
		c.Failed = map[fault.Class]int64{}
	}
	c.Failed[class] = plus(c.Failed[class], n)
}

// FailedTotal returns how many attempts failed.
func (c *Counters) FailedTotal() int64 {
	var n int64
	for _, k := range c.Failed {
		n = plus(n, k)
	}
	return n
}

// SuccessRate returns Succeeded as a share of Total, in [0, 1]. False when
// nothing ended. For judging a provider see [Counters.Tally].
func (c *Counters) SuccessRate() (float64, bool) {
	if c.Total == 0 {
		return 0, false
	}
	return float64(c.Succeeded) / float64(c.Total), true
}

// Tally returns what speaks for and against the provider.
func (c *Counters) Tally() Tally { return Tally{Good: c.Succeeded, Bad: c.Charged} }

// MeanLatency returns the mean over successes. False when there was none.
func (c *Counters) MeanLatency() (time.Duration, bool) {
	return mean(c.LatencyUS, c.Succeeded)
}

// MeanCharge returns the mean over successes and failures that count, each of
// these as what it cost. False when there was neither.
func (c *Counters) MeanCharge() (time.Duration, bool) {
	return mean(plus(c.LatencyUS, c.ChargedUS), plus(c.Succeeded, c.Charged))
}

// mean is us/n in whole microseconds, at most the longest duration there is.
func mean(us, n int64) (time.Duration, bool) {
	if n == 0 {
		return 0, false
	}
	const most = int64(math.MaxInt64) / int64(time.Microsecond)
	return time.Duration(min(us/n, most)) * time.Microsecond, true
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
