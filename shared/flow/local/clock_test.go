package local_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/flow/local"
)

// beats runs Every for a while, with calls that take as long as given, and
// returns when each began.
func beats(t *testing.T, interval, during time.Duration, takes ...time.Duration) []time.Duration {
	t.Helper()
	var began []time.Duration
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), during)
		defer cancel()
		start := time.Now()
		local.Every(ctx, interval, local.SystemClock{}, func(context.Context) {
			began = append(began, time.Since(start))
			if n := len(began); n <= len(takes) {
				time.Sleep(takes[n-1]) // virtual
			}
		})
		if got := time.Since(start); got < during || got > during+interval {
			t.Errorf("it ended after %v, want %v", got, during)
		}
	})
	return began
}

func TestEvery(t *testing.T) {
	const s = time.Second
	for name, c := range map[string]struct{ got, want []time.Duration }{
		"runs at the start and then at each interval": {
			beats(t, 60*s, 190*s), []time.Duration{0, 60 * s, 120 * s, 180 * s},
		},
		"keeps to the beat when a call takes a part of it": {
			beats(t, 60*s, 130*s, 20*s, 59*s), []time.Duration{0, 60 * s, 120 * s},
		},
		"skips the ticks that fall into a call": {
			beats(t, 60*s, 310*s, 20*s, 130*s), []time.Duration{0, 60 * s, 240 * s, 300 * s},
		},
		"skips the tick at which a call ends": {
			beats(t, 60*s, 130*s, 60*s), []time.Duration{0, 120 * s},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, c.got); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}

func TestEveryDoesNothingOnceItsContextHasEnded(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	local.Every(ctx, time.Minute, local.SystemClock{}, func(context.Context) { t.Error("it was called") })
}
