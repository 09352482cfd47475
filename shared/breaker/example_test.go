package breaker_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/openhostfactory/ohfp/shared/breaker"
	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
)

// row stands for a store: it carries writes out on one breaker.
type row struct{ live broker.Live }

func (r *row) apply(w broker.LiveWrite) (broker.Live, error) {
	after, held := w.Apply(r.live)
	if !held {
		return broker.Live{}, &broker.Conflict{What: "the breaker", Current: r.live}
	}
	r.live = after
	return after, nil
}

// A dispatcher guards a call with two loops and no state of its own.
func Example() {
	cfg := broker.DefaultConfig().Breaker
	cfg.FailureThreshold = 1
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	store := &row{}

	guarded := func(attempt string, call func() fault.Class) error {
		var seen broker.Live // a guess; the conflict tells better
		for {
			w, ok := breaker.Admit(seen, cfg, breaker.Caller{Attempt: attempt, Now: now, Lease: 6 * time.Second})
			if !ok {
				until, _ := breaker.RetryAt(seen, cfg)
				return fmt.Errorf("held back until %s: %s", until.Format(time.TimeOnly), seen.Reason)
			}
			live, err := store.apply(w)
			if c, ok := errors.AsType[*broker.Conflict](err); ok {
				seen = c.Current.(broker.Live)
				continue
			}
			admitted := breaker.Began(w, live)
			answer := breaker.Answer{Class: call(), Now: now, Jitter: 0.5}
			for _, w := range admitted.End(cfg, answer) {
				if after, err := store.apply(w); err == nil {
					live = after
				}
			}
			if w, ok := admitted.After(live, cfg, answer); ok {
				_, err = store.apply(w)
			}
			return err
		}
	}

	down := func() fault.Class { return fault.Down }
	up := func() fault.Class { return fault.None }
	fmt.Println(guarded("op/1", down))
	fmt.Println(guarded("op/2", up))
	now = now.Add(time.Minute)
	fmt.Println(guarded("op/3", up), store.live.State)
	// Output:
	// <nil>
	// held back until 12:01:00: failures in a row: 1, the last DOWN
	// <nil> CLOSED
}
