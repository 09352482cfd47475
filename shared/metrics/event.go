package metrics

import (
	"cmp"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
)

// Event is one attempt at a provider that ended. Report each once.
type Event struct {
	Operation broker.OperationType
	Ended     time.Time     // decides the bucket
	Duration  time.Duration // of the provider's work; negative counts as none
	Timeout   time.Duration // what the caller would have waited at most: what a failure costs
	SlowCall  time.Duration // from when a call is slow; 0: none is
	Class     fault.Class   // None: it succeeded
	Code      string        // the provider's; empty: Class stands for it
	Message   string        // for people, without secrets
	Machines  int           // made; with a Class as well it is a partial success
	Wanted    int           // machines asked for
	Throttles int           // how often the provider said to slow down, the end included
}

// Row is a bucket of one operation type: as stored, or as what is added.
type Row struct {
	Bucket
	Operation broker.OperationType
	Counters  Counters
}

// Delta returns what the event adds to the row of its minute. Some machines
// with an error are a success: the error is noted and counts as no failure.
func (e Event) Delta() Row {
	c := Counters{Total: 1, Throttled: e.throttles(), Machines: int64(max(e.Machines, 0))}
	if e.slow() {
		c.Slow = 1
	}
	if e.Class != fault.Refused { // which never reached the provider
		c.LastUsed, c.Wanted = stamp(e.Ended), int64(max(e.Wanted, 0))
	}
	if e.Class == fault.None || e.Machines > 0 {
		e.succeed(&c)
	} else {
		e.fail(&c)
	}
	if e.Class != fault.None {
		c.Errors.Note(e.code(), e.Message, e.Ended)
	}
	return Row{Bucket: BucketAt(Minute, e.Ended), Operation: e.Operation, Counters: c}
}

// Found returns what machines add that were found later of an attempt that was
// counted already: its answer had been lost.
func Found(operation broker.OperationType, machines int, at time.Time) Row {
	return Row{Bucket: BucketAt(Minute, at), Operation: operation, Counters: Counters{Machines: int64(max(machines, 0))}}
}

func (e Event) succeed(c *Counters) {
	c.Succeeded = 1
	if e.Class != fault.None {
		c.Partial = 1
	}
	c.LatencyUS = max(e.Duration, 0).Microseconds()
	c.Latency.Observe(e.Duration)
}

func (e Event) fail(c *Counters) {
	c.fail(e.Class, 1)
	if Evidence(e.Class) {
		c.Charged = 1
		c.ChargedUS = max(e.Duration, e.Timeout, 0).Microseconds()
	}
}

func (e Event) throttles() int64 {
	if e.Class == fault.Throttle {
		return int64(max(e.Throttles, 1))
	}
	return int64(max(e.Throttles, 0))
}

// slow leaves out calls whose length is not the provider's doing.
func (e Event) slow() bool {
	return e.SlowCall > 0 && e.Duration >= e.SlowCall && e.Class != fault.Refused && e.Class != fault.Cancelled
}

func (e Event) code() string {
	return cmp.Or(clean(e.Code, MaxCode), string(e.Class))
}

// stamp is t as stored: UTC, whole milliseconds.
func stamp(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }
