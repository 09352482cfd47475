package selection_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/selection"
)

// TestDecisionsOfYesterdayAreTakenAgainToday replays testdata/decisions: what
// brokers have stored, a file for each policy and one of wishes in units. A file that is there is never
// written anew. When a rule changes on purpose, raise [selection.Rules], and move
// the files into a folder named after the version that decided them, so that
// it stays known what that version did. UPDATE_GOLDEN=1 writes files that are
// missing.
func TestDecisionsOfYesterdayAreTakenAgainToday(t *testing.T) {
	for _, p := range selection.Policies() {
		t.Run(string(p), func(t *testing.T) { replayGoldens(t, string(p), p, goldenWishes) })
	}
	t.Run("units", func(t *testing.T) { replayGoldens(t, "units", broker.CostOptimized, unitWishes) })
}

func replayGoldens(t *testing.T, name string, p broker.Policy, wishes func() []goldenWish) {
	t.Helper()
	path := filepath.Join("testdata", "decisions", name+".json")
	doc, err := os.ReadFile(path)
	if os.IsNotExist(err) && os.Getenv("UPDATE_GOLDEN") != "" {
		doc = writeGolden(t, path, p, wishes())
	} else if err != nil {
		t.Fatal(err)
	}
	var stored []broker.Decision
	if err := json.Unmarshal(doc, &stored); err != nil {
		t.Fatal(err)
	}
	if len(stored) < 4 {
		t.Fatalf("there are %d decisions", len(stored))
	}
	for i := range stored {
		replayGolden(t, &stored[i])
	}
}

func replayGolden(t *testing.T, d *broker.Decision) {
	t.Helper()
	again, err := selection.Replay(d)
	if err != nil {
		t.Fatal(err)
	}
	if again.Rules != selection.Rules || !again.Whole() {
		t.Errorf("rules %d decided, %d are in force; %d of %d providers are kept", again.Rules, selection.Rules, again.Kept, again.Read)
	}
	if diff := cmp.Diff(bits(t, *d), bits(t, again.Decision)); diff != "" {
		t.Errorf("then -, now +:\n%s", diff)
	}
}

func writeGolden(t *testing.T, path string, p broker.Policy, wishes []goldenWish) []byte {
	t.Helper()
	var all []broker.Decision
	for _, w := range wishes {
		var r selection.Result
		w.in.Query, w.in.Policy, w.in.Now = selection.Compile(&w.snapshot).Prepare(w.request), p, noon
		selection.Select(&r, w.in)
		all = append(all, stored(t, &w.snapshot, &r))
	}
	doc, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	doc = bytes.ReplaceAll(doc, []byte(`},{"policy"`), []byte("},\n{\"policy\""))
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append(doc, '\n'), 0o600); err != nil {
		t.Fatal(err)
	}
	return doc
}

type goldenWish struct {
	snapshot broker.Snapshot
	request  selection.Request
	in       selection.Input
}

// goldenWishes are a wish with every criterion, equals that differ by all that
// policies go by, a read that explores, panic, and nobody.
func goldenWishes() []goldenWish {
	equals := snapshot(
		provider("amber", weight(100), price(0.12), did(broker.Measured{Calls: 40, Successes: 39, Latency: ptr(120 * time.Millisecond), Wanted: 40, Delivered: 38}), place("a", "r", "eu"), room(3, 10)),
		provider("birch", weight(50), price(0.10), busy(2), place("b", "r", "eu"), room(9, 10)),
		provider("cedar", weight(10), did(broker.Measured{Calls: 7.25, Successes: 7.25, Latency: ptr(80 * time.Millisecond), Peak: ptr(95 * time.Millisecond), Wanted: 9, Delivered: 9, Lost: ptr(0.25)}), place("c", "s", "us")),
		provider("delta", ramping(20*time.Second), price(0.30)),
	)
	sick := snapshot(provider("ash", health(broker.Unhealthy)), provider("elm", tripped), provider("fir", health(broker.Degraded), priority(2)))
	panics := criteria(broker.Criteria{RequireHealthy: ptr(true), Panic: broker.PanicAllow})
	nobody := criteria(broker.Criteria{Zones: []string{"nowhere"}})
	from := create(func(r *selection.Request) {
		r.Origin, r.Fallbacks = broker.Origin{Zone: "b", Place: broker.Place{Region: "r"}}, []string{"delta"}
	})
	return []goldenWish{
		{*crowd(9), fullRequest(), selection.Input{Ticket: 5, Seed: "operation-5"}},
		{equals, from, selection.Input{Ticket: 71, Seed: "operation-71", AffinityKey: "job-9"}},
		{equals, create(reads), selection.Input{Ticket: 66, Seed: "operation-66"}},
		{equals, criteria(broker.Criteria{PreferStrategies: []string{"cedar"}, MaxCostPerHour: ptr(0.2)}), selection.Input{Ticket: 1 << 40, Seed: ""}},
		{sick, panics, selection.Input{Ticket: 2, Seed: "operation-2"}},
		{sick, nobody, selection.Input{Ticket: 3, Seed: "operation-3"}},
	}
}

// unitWishes count units: machines of several weights, some of them alike by the
// unit, with an unknown price, figures that tell them apart, and a limit of a
// machine's price.
func unitWishes() []goldenWish {
	alike := snapshot(
		provider("amber", price(0.1), fills(1)), provider("birch", price(0.3), fills(3), func(v *broker.ProviderView) { v.PricedAt = noon.Add(-90 * time.Second) }),
		provider("cedar", price(0.1)), provider("delta", fills(4), func(v *broker.ProviderView) { v.PricePerHour = nil }),
	)
	apart := snapshot(
		provider("amber", price(0.6), fills(8), did(broker.Measured{Calls: 40, Successes: 39, Wanted: 40, Delivered: 38, Lost: ptr(0.25)})),
		provider("birch", price(0.2), fills(2.5), did(broker.Measured{Calls: 9, Successes: 9, Wanted: 9, Delivered: 9})),
	)
	limit := criteria(broker.Criteria{MaxCostPerHour: ptr(0.2)})
	return []goldenWish{
		{alike, create(), selection.Input{Ticket: 1, Seed: "operation-1"}},
		{alike, create(), selection.Input{Ticket: 5, Seed: "operation-5"}},
		{alike, limit, selection.Input{Ticket: 2, Seed: "operation-2"}},
		{apart, create(), selection.Input{Ticket: 3, Seed: "operation-3"}},
		{apart, limit, selection.Input{Ticket: 4, Seed: "operation-4"}},
	}
}
