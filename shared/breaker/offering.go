package breaker

import (
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
)

// How long a provider is left alone with what it is out of: at first, and at
// most. Capacity comes and goes; a quota is raised by people, or freed by
// machines that come back; what a template names stays missing until somebody
// mends it.
const (
	capacityWait, capacityLongest = 15 * time.Second, 2 * time.Minute
	quotaWait, quotaLongest       = 5 * time.Minute, 30 * time.Minute
	misfitWait                    = 10 * time.Minute
)

// Blocks reports whether an error of the class blocks what was asked for, and
// whether it blocks the template rather than its offerings. The provider it
// never blocks.
func Blocks(c fault.Class) (blocks, template bool) {
	switch c {
	case fault.Capacity, fault.Quota:
		return true, false
	case fault.OfferingConfig:
		return true, true
	default:
		return false, false
	}
}

// Try is a call that asks for an offering.
type Try struct {
	Attempt string    // as the [Caller]'s
	Began   time.Time // the driver's call
	Order   int64     // of the registration that the call was made by
	Version int64     // likewise
}

// Denied is the write of a call that found the provider out of an offering. Its
// class is one that blocks.
func Denied(t Try, class fault.Class, now time.Time) broker.BlockWrite {
	w := broker.BlockWrite{
		Kind: broker.BlockDeny, Now: now, Attempt: t.Attempt, Began: t.Began, Reason: string(class),
		Order: t.Order, Version: t.Version, Wait: misfitWait, Longest: misfitWait,
	}
	switch class {
	case fault.Capacity:
		w.Wait, w.Longest = capacityWait, capacityLongest
	case fault.Quota:
		w.Wait, w.Longest = quotaWait, quotaLongest
	default: // what stays missing
	}
	return w
}

// Trying is the write that makes the caller the one that tries an offering
// whose time is over.
func Trying(c Caller) broker.BlockWrite {
	return broker.BlockWrite{Kind: broker.BlockProbe, Now: c.Now, Attempt: c.Attempt, Expires: c.Now.Add(c.Lease)}
}

// Given is the write of a call that got what it asked for.
func Given(t Try, now time.Time) broker.BlockWrite {
	return broker.BlockWrite{Kind: broker.BlockClear, Now: now, Attempt: t.Attempt, Began: t.Began}
}

// Untold is the write of a try whose end says nothing about the offering: the
// next caller may try at once.
func Untold(t Try, now time.Time) broker.BlockWrite {
	return broker.BlockWrite{Kind: broker.BlockRelease, Now: now, Attempt: t.Attempt}
}
