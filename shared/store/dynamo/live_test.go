package dynamo_test

import (
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/store/dynamo"
)

// TestApplyLive_is_right_whoever_wrote_last lets processes write one row in
// turns that are drawn. Each guesses the row as it saw it last, so that most
// guesses are wrong; what comes of it must be what the domain says of the row
// as it was.
func TestApplyLive_is_right_whoever_wrote_last(t *testing.T) {
	besideOthers(t)
	name := table(t)
	var processes []*dynamo.Store
	for range 3 {
		processes = append(processes, open(t, dynamo.Options{Table: name, Now: standing}))
	}
	for seed := range uint64(15) {
		key := broker.LiveKey{Provider: string(rune('a' + seed)), Class: broker.ClassRead}
		draw := rand.New(rand.NewPCG(seed, 0))
		var row broker.Live
		now := noon
		for step := range 60 {
			now = now.Add(time.Duration(draw.IntN(12)) * time.Second)
			if draw.IntN(8) == 0 {
				now = now.Add(16 * time.Minute) // calls count in the place of others
			}
			w := anyWrite(draw, row, now)
			want, holds := w.Apply(row)
			got, err := processes[draw.IntN(len(processes))].ApplyLive(t.Context(), key, w)
			c, refused := errors.AsType[*broker.Conflict](err)
			if refused {
				got, _ = c.Current.(broker.Live)
			} else if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" || refused == holds {
				t.Fatalf("seed %d, step %d, %s (refused: %v): want (-), got (+):\n%s", seed, step, w.Kind, refused, d)
			}
			row = want
		}
	}
}

// anyWrite draws a write that often fits the row.
func anyWrite(draw *rand.Rand, row broker.Live, now time.Time) broker.LiveWrite {
	kinds := []broker.LiveKind{
		broker.LiveBegin, broker.LiveBegin, broker.LiveEnd, broker.LiveEnd, broker.LiveEnd, broker.LiveReset, broker.LiveTrip,
		broker.LiveProbe, broker.LiveProbe, broker.LivePass, broker.LiveFail, broker.LiveRelease, broker.LiveClear,
	}
	w := broker.LiveWrite{
		Kind: kinds[draw.IntN(len(kinds))], Now: now, Started: now.Add(-time.Duration(draw.IntN(2)) * time.Minute), Epoch: row.Epoch,
		Attempt: string(rune('x' + draw.IntN(3))), Expires: now.Add(time.Minute), Permits: 2, Always: draw.IntN(4) == 0,
		OpenUntil: now.Add(time.Duration(draw.IntN(10)) * time.Second), Reason: "because", Threshold: 2,
	}
	if w.Kind == broker.LiveBegin || w.Kind == broker.LiveProbe {
		w.Started = now
	}
	if draw.IntN(5) == 0 {
		w.Epoch += int64(draw.IntN(3)) - 1
	}
	w.Good, w.Bad = draw.IntN(2) == 0, draw.IntN(2) == 0
	return w
}

// TestApplyLive_counts_no_call_in_the_place_of_a_later_one: the clock of one
// process is behind, and the place is taken by now.
func TestApplyLive_counts_no_call_in_the_place_of_a_later_one(t *testing.T) {
	name, later := table(t), noon.Add(16*time.Minute)
	behind, ahead := open(t, dynamo.Options{Table: name}), open(t, dynamo.Options{Table: name})
	var row broker.Live
	for _, c := range []struct {
		by *dynamo.Store
		at time.Time
	}{{behind, noon}, {ahead, later}, {behind, noon}} {
		var err error
		w := broker.LiveWrite{Kind: broker.LiveBegin, Now: c.at, Started: c.at}
		if row, err = c.by.ApplyLive(t.Context(), broker.LiveKey{Provider: "a", Class: broker.ClassRead}, w); err != nil {
			t.Fatal(err)
		}
	}
	if d := cmp.Diff(map[int64]int64{later.Unix() / 60: 1}, row.InFlight); d != "" {
		t.Errorf("want (-), got (+):\n%s", d)
	}
}
