package dynamo

import (
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/store/schema"
)

// liveUpdate writes w as an update of a row that is taken to be r. Begin, end,
// reset, clear, force and lift need nothing of the state that they find but
// what their condition says. The others make a new state of the old one, so that their
// condition is that all of the state is as in r. nil: r refuses w, and only
// the stored row can say how to write it.
func liveUpdate(w broker.LiveWrite, r *liveRow) (*expression, error) {
	e := newExpression()
	switch w.Kind {
	case broker.LiveBegin:
		if !w.Always {
			e.when(either(e.absent(attrState), e.compare(attrState, "=", broker.Closed), e.compare(attrState, "=", broker.Disabled)))
		}
		begin(e, w.Started, r)
		pay(e, w.Try, r)
	case broker.LiveEnd:
		end(e, w, r)
	case broker.LiveReset:
		e.when(epochIs(e, w.Epoch))
		e.when(either(e.absent(attrState), e.compare(attrState, "=", broker.Closed)))
		e.remove(attrFailRun)
	case broker.LiveClear:
		ended := e.exists(attrOpenUntil) + " AND " + e.compare(attrOpenUntil, "<=", schema.Stamp(w.Now))
		e.when(either(e.absent(attrState), e.compare(attrState, "<>", broker.ForcedOpen), ended))
		clearRow(e)
	case broker.LiveLift:
		e.when(e.exists(attrSource))
		clearRow(e)
	case broker.LiveForce:
		force(e, w)
	default:
		return stateUpdate(e, w, r)
	}
	return e, nil
}

// epochIs is the condition that the row has an epoch; 0 is absent.
func epochIs(e *expression, epoch int64) string {
	if epoch == 0 {
		return either(e.absent(attrEpoch), e.compare(attrEpoch, "=", 0))
	}
	return e.compare(attrEpoch, "=", epoch)
}

func epochIsNot(e *expression, epoch int64) string {
	if epoch == 0 {
		return e.compare(attrEpoch, "<>", 0) + " AND " + e.exists(attrEpoch)
	}
	return either(e.absent(attrEpoch), e.compare(attrEpoch, "<>", epoch))
}

// begin counts a call in the slot of its minute: one more, or the first after
// a minute that has passed. A call that began before the slot's own minute is
// older than any that counts.
func begin(e *expression, started time.Time, r *liveRow) {
	minute := started.Unix() / 60
	i := place(minute, flightSlots)
	switch m := r.minutes[i]; {
	case m == minute:
		e.when(e.compare(attrMinute(i), "=", minute))
		e.add(attrFlight(i), 1)
	case m > minute:
		e.when(e.compare(attrMinute(i), ">", minute))
	default:
		e.when(either(e.absent(attrMinute(i)), e.compare(attrMinute(i), "<", minute)))
		e.set(attrMinute(i), minute)
		e.set(attrFlight(i), 1)
	}
}

// pay charges a retry if the budget allows it, and pays for it by first tries.
func pay(e *expression, t broker.LiveTry, r *liveRow) {
	switch {
	case t == broker.Retry:
		e.when(either(e.absent(attrDebt), e.compare(attrDebt, "<=", broker.RetryCredit-broker.RetryCost)))
		e.add(attrDebt, broker.RetryCost)
	case t == broker.FirstTry && r.rest.RetryDebt > 0:
		e.when(e.compare(attrDebt, ">", 0))
		e.add(attrDebt, -1)
	case t == broker.FirstTry:
		e.when(either(e.absent(attrDebt), e.compare(attrDebt, "<=", 0)))
	}
}

// end uncounts a call, unless its minute has passed, and counts its result if
// its epoch is current.
func end(e *expression, w broker.LiveWrite, r *liveRow) {
	minute := w.Started.Unix() / 60
	i := place(minute, flightSlots)
	if r.minutes[i] == minute && r.flights[i] > 0 {
		e.when(e.compare(attrMinute(i), "=", minute))
		e.when(e.compare(attrFlight(i), ">", 0))
		e.add(attrFlight(i), -1)
	} else {
		e.when(either(e.absent(attrMinute(i)), e.compare(attrMinute(i), "<>", minute), e.compare(attrFlight(i), "<", 1)))
	}
	switch {
	case !w.Good && !w.Bad:
	case r.rest.Epoch != w.Epoch:
		e.when(epochIsNot(e, w.Epoch))
	default:
		e.when(epochIs(e, w.Epoch))
		result(e, w, r)
	}
}

// result counts a good or bad end in the ring, with whether it was slow, and a
// bad one in the run of failures.
func result(e *expression, w broker.LiveWrite, r *liveRow) {
	slot := w.Now.Unix() / 10
	i := place(slot, ringSlots)
	one, other := attrGood(i), attrBad(i)
	if w.Bad {
		one, other = other, one
		e.add(attrFailRun, 1)
	}
	if r.rest.Ring[i].Slot == slot {
		e.when(e.compare(attrSlot(i), "=", slot))
		e.add(one, 1)
		if w.Slow {
			e.add(attrSlow(i), 1)
		}
		return
	}
	e.when(either(e.absent(attrSlot(i)), e.compare(attrSlot(i), "<>", slot)))
	e.set(attrSlot(i), slot)
	e.set(one, 1)
	e.set(other, 0)
	if w.Slow {
		e.set(attrSlow(i), 1)
	} else {
		e.remove(attrSlow(i))
	}
}

// clearRow closes the row as new: only epoch, calls in flight and what retries owe go on.
func clearRow(e *expression) {
	e.set(attrState, broker.Closed)
	e.add(attrEpoch, 1)
	for _, a := range coreAttributes() {
		if a != attrState && a != attrEpoch {
			e.remove(a)
		}
	}
	renew(e)
}

// force opens the row whatever it was: how often it opened by itself, and when
// it closed, stays.
func force(e *expression, w broker.LiveWrite) {
	e.set(attrState, broker.ForcedOpen)
	e.add(attrEpoch, 1)
	e.set(attrReason, w.Reason)
	e.set(attrSource, w.Source)
	if w.OpenUntil.IsZero() {
		e.remove(attrOpenUntil)
	} else {
		e.set(attrOpenUntil, schema.Stamp(w.OpenUntil))
	}
	e.remove(attrSuccesses, attrPermits)
	renew(e)
}

// renew forgets what an epoch has counted.
func renew(e *expression) {
	e.remove(attrFailRun)
	for i := range ringSlots {
		e.remove(attrSlot(i), attrGood(i), attrBad(i), attrSlow(i))
	}
}

// stateUpdate writes a change of state: probe, trip, pass, fail, release.
func stateUpdate(e *expression, w broker.LiveWrite, r *liveRow) (*expression, error) {
	after, holds := w.Apply(r.live())
	if !holds {
		return nil, nil
	}
	old, err := core(r.rest)
	if err != nil {
		return nil, err
	}
	want, err := core(after)
	if err != nil {
		return nil, err
	}
	for _, a := range coreAttributes() {
		if v, ok := old[a]; ok {
			e.when(e.compare(a, "=", v))
		} else {
			e.when(e.absent(a))
		}
		if v, ok := want[a]; ok {
			e.set(a, v)
		} else {
			e.remove(a)
		}
	}
	if after.Epoch != r.rest.Epoch {
		renew(e)
	}
	if w.Kind == broker.LiveProbe {
		begin(e, w.Started, r)
	}
	return e, nil
}
