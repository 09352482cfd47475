package local

import (
	"context"
	"time"

	"github.com/openhostfactory/ohfp/statemachines/walk"
)

// SystemClock is the clock of the machine.
type SystemClock struct{}

var _ walk.Clock = SystemClock{}

// Now is [time.Now].
func (SystemClock) Now() time.Time { return time.Now() }

// WithTimeout is [context.WithTimeout].
func (SystemClock) WithTimeout(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, d)
}

// Every calls fn at once and then at each interval, until ctx ends. Calls do
// not overlap: a tick that falls into a call is skipped, and the next one
// keeps to the beat. fn should return when its context ends.
func Every(ctx context.Context, interval time.Duration, clock walk.Clock, fn func(context.Context)) {
	for next := clock.Now(); ctx.Err() == nil; {
		fn(ctx)
		next = beat(next, clock.Now(), interval)
		pause(ctx, clock, next)
	}
}

// beat returns the first time after now that is whole intervals after last.
func beat(last, now time.Time, interval time.Duration) time.Time {
	missed := max(now.Sub(last)/interval, 0)
	return last.Add((missed + 1) * interval)
}

func pause(ctx context.Context, clock walk.Clock, until time.Time) {
	timer, cancel := clock.WithTimeout(ctx, until.Sub(clock.Now()))
	defer cancel()
	<-timer.Done()
}
