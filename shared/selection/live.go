package selection

import (
	"math"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// breaker adds what a live row says. Times become one number each: whether a
// call is let through at now is then one comparison.
func (s *Snapshot) breaker(i, ci int, l *broker.Live, cfg broker.BreakerConfig) {
	c, f := &s.classes[ci], &s.facts[i].live[ci]
	*f = liveFacts{state: l.StateAt(s.takenAt)}
	if from, ok := l.AdmitsFrom(cfg.HalfOpenMaxCalls); cfg.Enabled && (!ok || !from.IsZero()) {
		c.gated.add(i)
		c.admitFrom[i] = math.MaxInt64
		f.admitFrom, f.never = from, !ok
		if ok {
			c.admitFrom[i] = unixNano(from)
		}
	}
	if !l.ClosedAt.IsZero() && f.state == broker.Closed {
		c.ramped.add(i)
		c.rampUntil[i] = unixNano(l.ClosedAt.Add(rampTime))
	}
	f.lastMinute(l, s.takenAt)
	if f.good+f.bad > 0 {
		c.rated.add(i)
		c.success[i] = 100 * float64(f.good) / float64(f.good+f.bad)
	}
}

// lastMinute counts the calls of the minute before the snapshot was taken. An older
// bucket is still the newest evidence that there is.
func (f *liveFacts) lastMinute(l *broker.Live, taken time.Time) {
	slot := taken.Unix() / 10
	for _, b := range l.Ring {
		if b.Good+b.Bad == 0 {
			continue
		}
		if at := time.Unix(b.Slot*10, 0); at.After(f.lastCall) {
			f.lastCall = at
		}
		if b.Slot > slot-int64(len(l.Ring)) {
			f.good += b.Good
			f.bad += b.Bad
		}
	}
}

// newest is the time of the newest call that the live row or the measurements
// know of; zero: none.
func (f *liveFacts) newest() time.Time {
	if f.calls.At.After(f.lastCall) {
		return f.calls.At
	}
	return f.lastCall
}

// unixNano is t in Unix nanoseconds, or the nearest that can be written so:
// the zero time and the far future keep their places in the order.
func unixNano(t time.Time) int64 {
	switch s := t.Unix(); {
	case s <= math.MinInt64/int64(time.Second):
		return math.MinInt64
	case s >= math.MaxInt64/int64(time.Second):
		return math.MaxInt64 - 1 // before never
	default:
		return t.UnixNano()
	}
}
