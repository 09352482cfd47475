package dynamo_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/store/dynamo"
	"github.com/openhostfactory/ohfp/shared/store/storetest"
)

// inTurn befalls every fifth attempt, the kinds taking turns.
func inTurn(kinds ...trouble) func(string) trouble {
	var n atomic.Int64
	return func(string) trouble {
		i := n.Add(1)
		if i%5 != 0 {
			return none
		}
		return kinds[int(i/5)%len(kinds)]
	}
}

// counted are races in which several count in one row. There another's write
// may hide that one's own was done, so that what is lost on the way back may be
// counted twice or skipped: they meet only troubles before the effect.
func counted(name string) bool {
	return strings.Contains(name, "tickets_are_distinct") || strings.Contains(name, "calls_in_flight") || strings.Contains(name, "many_add_at_once")
}

// TestStore_keeps_its_promises_on_a_bad_line runs the whole specification, the
// model included, while every fifth attempt at anything fails: nothing is
// lost, nothing is done twice, and no one is told of a conflict with himself.
func TestStore_keeps_its_promises_on_a_bad_line(t *testing.T) {
	if testing.Short() {
		t.Skip("takes about a minute")
	}
	f := &troubles{}
	f.set(inTurn(lost, throttle, brokenAfter, cancelled, refused, unprocessed))
	harmless := &troubles{}
	harmless.set(inTurn(throttle, cancelled, refused))
	bad, worse := client(t, harmless.on), client(t, f.on)
	besideOthers(t)
	var tables tables
	t.Run("the specification", func(t *testing.T) {
		storetest.Run(t, func(t testing.TB, dir string, now func() time.Time) storetest.Store {
			t.Helper()
			c := worse
			if counted(t.Name()) {
				c = bad
			}
			return open(t, dynamo.Options{Table: tables.of(t, dir), Client: c, Now: now, SnapshotAge: -1})
		})
	})
	for _, kind := range []trouble{lost, throttle, brokenAfter, cancelled, refused, unprocessed} {
		if f.met[kind] == 0 {
			t.Errorf("%s was never met", kind)
		}
	}
	t.Logf("met: %v", f.met)
}

// troubled opens a store on a line that has troubles when they are set.
func troubled(t *testing.T, o dynamo.Options) (*dynamo.Store, *troubles) {
	t.Helper()
	f := &troubles{}
	if o.Table == "" {
		o.Table = table(t)
	}
	if o.Now == nil {
		o.Now = standing
	}
	o.Client = client(t, f.on)
	return open(t, o), f
}

func TestTicket_is_handed_out_once_when_its_answer_is_lost(t *testing.T) {
	s, f := troubled(t, dynamo.Options{})
	for want := range int64(6) {
		f.set(first("UpdateItem", []trouble{none, lost, brokenAfter, throttle}[want%4]))
		got, err := s.Ticket(t.Context(), "x")
		if err != nil || got != want {
			t.Errorf("want %d, got %d, %v", want, got, err)
		}
	}
}

func TestAddMetric_counts_once_when_its_answer_is_lost(t *testing.T) {
	s, f := troubled(t, dynamo.Options{})
	const adds = 6
	for i := range adds {
		f.set(first("UpdateItem", []trouble{none, lost, brokenAfter, throttle}[i%4]))
		if err := s.AddMetric(t.Context(), metric(false)); err != nil {
			t.Fatal(err)
		}
	}
	rows, err := s.MetricRows(t.Context(), broker.MetricRange{Provider: "a", Partition: "2026-03-01T12", First: "00", Below: "60"})
	if err != nil || len(rows) != 1 || rows[0].Numbers["n"] != adds {
		t.Errorf("want %d, got %v, %v", adds, rows, err)
	}
}

// TestApplyLive_counts_once_when_its_answer_is_lost goes through all kinds.
func TestApplyLive_counts_once_when_its_answer_is_lost(t *testing.T) {
	minute := noon.Unix() / 60
	for _, kind := range []trouble{lost, brokenAfter} {
		s, f := troubled(t, dynamo.Options{})
		probe := broker.LiveWrite{Kind: broker.LiveProbe, Epoch: 1, Attempt: "x", Expires: noon.Add(time.Hour), Permits: 1}
		for _, c := range []struct {
			w    broker.LiveWrite
			want broker.Live
		}{
			{broker.LiveWrite{Kind: broker.LiveBegin}, broker.Live{InFlight: map[int64]int64{minute: 1}}},
			{broker.LiveWrite{Kind: broker.LiveBegin}, broker.Live{InFlight: map[int64]int64{minute: 2}}},
			{broker.LiveWrite{Kind: broker.LiveEnd, Bad: true}, broker.Live{InFlight: map[int64]int64{minute: 1}, FailRun: 1, Ring: bad(1)}},
			{broker.LiveWrite{Kind: broker.LiveEnd, Bad: true}, broker.Live{FailRun: 2, Ring: bad(2)}},
			{broker.LiveWrite{Kind: broker.LiveTrip, OpenUntil: noon}, broker.Live{State: broker.Open, Epoch: 1, Opens: 1, OpenUntil: noon}},
			{probe, broker.Live{
				State: broker.HalfOpen, Epoch: 1, Opens: 1, OpenUntil: noon,
				Permits: []broker.Permit{{Attempt: "x", Expires: noon.Add(time.Hour)}}, InFlight: map[int64]int64{minute: 1},
			}},
			{broker.LiveWrite{Kind: broker.LivePass, Epoch: 1, Attempt: "x", Threshold: 2}, broker.Live{
				State: broker.HalfOpen, Epoch: 1, Opens: 1, OpenUntil: noon, Successes: 1, InFlight: map[int64]int64{minute: 1},
			}},
			{broker.LiveWrite{Kind: broker.LiveClear}, broker.Live{State: broker.Closed, Epoch: 2, InFlight: map[int64]int64{minute: 1}}},
		} {
			f.set(first("UpdateItem", kind))
			c.w.Now, c.w.Started = noon, noon
			got, err := s.ApplyLive(t.Context(), broker.LiveKey{Provider: "a", Class: broker.ClassRead}, c.w)
			if err != nil {
				t.Fatalf("%s, %s: %v", kind, c.w.Kind, err)
			}
			if d := cmp.Diff(c.want, got, cmpopts.EquateEmpty()); d != "" {
				t.Errorf("%s, %s: want (-), got (+):\n%s", kind, c.w.Kind, d)
			}
		}
	}
}

func bad(n int64) (ring [6]broker.Bucket) {
	slot := noon.Unix() / 10
	ring[slot%6] = broker.Bucket{Slot: slot, Bad: n}
	return ring
}

// TestMarkSent_is_a_conflict_when_another_wrote_behind_a_lost_answer: the store
// cannot know any more that it was first, and says the safe thing.
func TestMarkSent_is_a_conflict_when_another_wrote_behind_a_lost_answer(t *testing.T) {
	s, f := troubled(t, dynamo.Options{})
	o := broker.Operation{ID: "op", CreatedAt: noon, Status: broker.OpRunning}
	a := broker.Attempt{N: 1, Run: 1, State: broker.Intent}
	if err := s.ClaimOperation(t.Context(), broker.Claim{Operation: o, Attempts: []broker.Attempt{a}}); err != nil {
		t.Fatal(err)
	}
	tries := 0
	f.set(func(string) trouble {
		if tries++; tries == 1 {
			return lost
		}
		if tries == 2 { // behind the lost answer the attempt is handed to another run
			sent := broker.Attempt{N: 1, Run: 2, State: broker.Intent}
			other := open(t, dynamo.Options{Table: s.Table()})
			if err := other.TakeStep(t.Context(), broker.Step{Operation: o, Changed: []broker.Fenced{{Attempt: sent, SeenRun: 1, SeenState: broker.Sent}}}); err != nil {
				t.Error(err)
			}
		}
		return none
	})
	sent := a
	sent.State = broker.Sent
	err := s.MarkSent(t.Context(), "op", broker.Fenced{Attempt: sent, SeenRun: 1, SeenState: broker.Intent})
	c, ok := errors.AsType[*broker.Conflict](err)
	if !ok {
		t.Fatalf("want a conflict, got %v", err)
	}
	if got, ok := c.Current.(broker.Attempt); !ok || got.Run != 2 {
		t.Errorf("the conflict shows %+v", c.Current)
	}
}

// TestLedger_never_shows_an_operation_newer_than_its_attempts takes a step while
// a ledger of two pages is read: what was read is then too old for a step of
// its own. The other way round a step could pass that does not know of it.
func TestLedger_never_shows_an_operation_newer_than_its_attempts(t *testing.T) {
	s, f := troubled(t, dynamo.Options{})
	o := broker.Operation{ID: "op", CreatedAt: noon, Status: broker.OpRunning}
	claim := broker.Claim{Operation: o}
	for n := range 6 {
		claim.Attempts = append(claim.Attempts, broker.Attempt{N: n + 1, Run: 1, State: broker.Intent, Message: strings.Repeat("x", 300_000)})
	}
	if err := s.ClaimOperation(t.Context(), claim); err != nil {
		t.Fatal(err)
	}
	handed := claim.Attempts[0]
	handed.Run = 2
	queries := 0
	f.set(func(name string) trouble {
		if name != "Query" {
			return none
		}
		if queries++; queries == 2 {
			other := open(t, dynamo.Options{Table: s.Table()})
			step := broker.Step{Operation: o, Changed: []broker.Fenced{{Attempt: handed, SeenRun: 1, SeenState: broker.Intent}}}
			if err := other.TakeStep(t.Context(), step); err != nil {
				t.Error(err)
			}
		}
		return none
	})
	l, err := s.Ledger(t.Context(), "op")
	if err != nil || queries != 2 {
		t.Fatalf("%d queries, %v", queries, err)
	}
	if l.Operation.Version != 0 || len(l.Attempts) != 6 {
		t.Errorf("version %d with %d attempts", l.Operation.Version, len(l.Attempts))
	}
	if _, late := errors.AsType[*broker.Conflict](s.TakeStep(t.Context(), broker.Step{Operation: l.Operation})); !late {
		t.Error("a step was taken on an old ledger")
	}
}

// TestCalls_are_retried_in_one_layer: so often as was said, and then the store
// is unavailable.
func TestCalls_are_retried_in_one_layer(t *testing.T) {
	s, f := troubled(t, dynamo.Options{Attempts: 3, SnapshotAge: -1})
	for _, c := range []struct {
		kind trouble
		name string
		do   func(context.Context) error
	}{
		{throttle, "UpdateItem", func(ctx context.Context) error { _, err := s.Ticket(ctx, "x"); return err }},
		{refused, "GetItem", func(ctx context.Context) error { _, err := s.Template(ctx, "x"); return err }},
		{brokenAfter, "PutItem", func(ctx context.Context) error {
			return s.ClaimKey(ctx, broker.KeyRecord{ExpiresAt: noon}, noon)
		}},
		{cancelled, "TransactWriteItems", func(ctx context.Context) error { return s.DropKey(ctx, broker.Key{Key: "x"}) }},
		{throttle, "Query", func(ctx context.Context) error { _, err := s.Snapshot(ctx); return err }},
	} {
		f.set(always(c.kind))
		err := c.do(t.Context())
		if !fault.Is(err, fault.StoreUnavailable) {
			t.Errorf("%s: %v", c.kind, err)
		}
		if want := []string{c.name, c.name, c.name}; !slices.Equal(f.attempts, want) {
			t.Errorf("%s: want %q, got %q", c.kind, want, f.attempts)
		}
		if wait := fault.As(err).RetryAfter; (c.kind == throttle || c.kind == cancelled) != (wait > 0) {
			t.Errorf("%s: retry after %v", c.kind, wait)
		}
	}
}

func TestMachines_finds_what_a_batch_left_unprocessed(t *testing.T) {
	s, f := troubled(t, dynamo.Options{Attempts: 4})
	if err := s.ClaimOperation(t.Context(), broker.Claim{
		Operation: broker.Operation{ID: "op", CreatedAt: noon}, Attempts: []broker.Attempt{{N: 1, Run: 1, State: broker.Intent}},
	}); err != nil {
		t.Fatal(err)
	}
	out := broker.Outcome{OperationID: "op", Attempt: broker.Fenced{Attempt: broker.Attempt{N: 1, Run: 1, State: broker.Sent}, SeenRun: 1, SeenState: broker.Intent}}
	var ids []string
	for i := range 7 {
		ids = append(ids, fmt.Sprint("m", i))
		out.Machines = append(out.Machines, broker.Machine{ID: ids[i], Status: broker.MachineRunning})
	}
	if err := s.RecordOutcome(t.Context(), out); err != nil {
		t.Fatal(err)
	}
	f.set(always(unprocessed)) // 7 left 4 left 2 left 1 left 1
	if _, err := s.Machines(t.Context(), ids); !fault.Is(err, fault.StoreUnavailable) {
		t.Errorf("a batch that never ends: %v", err)
	}
	tries := 0
	f.set(func(string) trouble {
		if tries++; tries == 4 {
			return none
		}
		return unprocessed
	})
	got, err := s.Machines(t.Context(), ids)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(out.Machines, got); d != "" {
		t.Errorf("want (-), got (+):\n%s", d)
	}
}

// shown is what a snapshot says: its age in a test, and the providers in it.
func shown(snap broker.Snapshot, err error) string {
	if err != nil {
		return string(fault.As(err).Code)
	}
	text := map[bool]string{false: "read ", true: "kept "}[snap.Kept] + snap.TakenAt.Sub(noon).String()
	for _, p := range snap.Providers {
		text += " " + p.Name
	}
	return text
}

// register puts providers into a store.
func register(t *testing.T, s *dynamo.Store, providers ...string) {
	t.Helper()
	for _, p := range providers {
		if _, err := s.PutProvider(t.Context(), broker.Registration{Name: p}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSnapshot_is_kept_for_a_while_and_longer_when_the_table_cannot_be_read(t *testing.T) {
	now := noon
	name := table(t)
	s, f := troubled(t, dynamo.Options{Table: name, Now: func() time.Time { return now }, Attempts: 2})
	other := open(t, dynamo.Options{Table: name, Now: standing})
	expect := func(after time.Duration, want string) {
		t.Helper()
		now = noon.Add(after)
		if got := shown(s.Snapshot(t.Context())); got != want {
			t.Errorf("after %v: want %q, got %q", after, want, got)
		}
	}
	expectFresh := func(want string) {
		t.Helper()
		if got := shown(s.FreshSnapshot(t.Context())); got != want {
			t.Errorf("fresh: want %q, got %q", want, got)
		}
	}
	register(t, s, "a")
	expect(0, "read 0s a")
	register(t, other, "b")
	expect(2*time.Second, "kept 0s a") // not older than it may be
	expect(2*time.Second+1, "read 2.000000001s a b")
	register(t, s, "c")
	expect(2*time.Second+2, "read 2.000000002s a b c") // its own change is seen at once
	expect(time.Second, "read 1s a b c")               // a clock that went back
	register(t, other, "d")
	expect(2*time.Second, "kept 1s a b c")
	expectFresh("read 2s a b c d") // whatever is kept
	expect(3*time.Second, "kept 2s a b c d")
	f.set(always(throttle))
	expect(5*time.Second, "kept 2s a b c d")
	expectFresh("store_unavailable")
	expect(5*time.Minute, "kept 2s a b c d")
	asked := len(f.attempts)
	expect(5*time.Minute+2*time.Second, "kept 2s a b c d")
	if len(f.attempts) != asked {
		t.Error("a table that could not be read a moment ago was asked again")
	}
	expect(5*time.Minute+2*time.Second+1, "store_unavailable")
	f.set(nil)
	expect(time.Hour, "read 1h0m0s a b c d")
}

// TestSnapshot_does_not_wait_long_where_another_can_stand_in: a call's whole
// time would be lost on a table that does not answer.
func TestSnapshot_does_not_wait_long_where_another_can_stand_in(t *testing.T) {
	now := noon
	s, f := troubled(t, dynamo.Options{Now: func() time.Time { return now }, AttemptTimeout: 50 * time.Millisecond, CallTimeout: time.Hour, Attempts: 1000})
	register(t, s, "a")
	if _, err := s.Snapshot(t.Context()); err != nil {
		t.Fatal(err)
	}
	now = now.Add(time.Minute)
	f.set(always(throttle)) // 1,000 attempts take minutes
	if got := shown(s.Snapshot(t.Context())); got != "kept 0s a" {
		t.Errorf("got %q", got)
	}
}

// TestSnapshot_shows_what_its_own_process_did at once, however young the kept
// one is.
func TestSnapshot_shows_what_its_own_process_did(t *testing.T) {
	s := open(t, dynamo.Options{Table: table(t), Now: standing})
	register(t, s, "a")
	view := func() broker.ProviderView {
		t.Helper()
		snap, err := s.Snapshot(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return snap.Providers[0]
	}
	view()
	key := broker.LiveKey{Provider: "a", Class: broker.ClassMutate}
	for calls := range int64(3) {
		if _, err := s.ApplyLive(t.Context(), key, broker.LiveWrite{Kind: broker.LiveBegin, Now: noon, Started: noon}); err != nil {
			t.Fatal(err)
		}
		if got := view().Live[broker.ClassMutate]; got.Calls(noon) != calls+1 {
			t.Errorf("want %d calls, got %d", calls+1, got.Calls(noon))
		}
	}
	if _, err := s.RecordHealth(t.Context(), "a", broker.Health{State: broker.Degraded, CheckedAt: noon}); err != nil {
		t.Fatal(err)
	}
	if got := view().Health.State; got != broker.Degraded {
		t.Errorf("want DEGRADED, got %s", got)
	}
	if taken, err := s.ClaimCheck(t.Context(), "a", time.Time{}, noon, noon.Add(time.Hour)); err != nil || !taken {
		t.Fatal(taken, err)
	}
	if got := view().NextCheckAt; !got.Equal(noon.Add(time.Hour)) {
		t.Errorf("the next check is at %v", got)
	}
	if err := s.DeleteProvider(t.Context(), "a", 1, broker.Actor{}); err != nil {
		t.Fatal(err)
	}
	if snap, err := s.Snapshot(t.Context()); err != nil || len(snap.Providers) != 0 {
		t.Errorf("%d providers, %v", len(snap.Providers), err)
	}
}

func TestSnapshot_hands_out_nothing_that_it_keeps(t *testing.T) {
	s := open(t, dynamo.Options{Table: table(t), Now: standing})
	if _, err := s.PutProvider(t.Context(), broker.Registration{Name: "a", Tags: map[string]string{"k": "v"}}); err != nil {
		t.Fatal(err)
	}
	for _, w := range []broker.LiveWrite{
		{Kind: broker.LiveTrip, OpenUntil: noon},
		{Kind: broker.LiveProbe, Epoch: 1, Attempt: "x", Expires: noon.Add(time.Hour), Permits: 1},
	} {
		w.Now, w.Started = noon, noon
		if _, err := s.ApplyLive(t.Context(), broker.LiveKey{Provider: "a", Class: broker.ClassRead}, w); err != nil {
			t.Fatal(err)
		}
	}
	for range 3 {
		snap, err := s.Snapshot(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		p := snap.Providers[0]
		live := p.Live[broker.ClassRead]
		if p.Tags["k"] != "v" || live.Calls(noon) != 1 || len(live.Permits) != 1 || live.Permits[0].Attempt != "x" {
			t.Fatalf("got %+v", p)
		}
		p.Tags["k"], live.Permits[0].Attempt = "y", "y"
		clear(live.InFlight)
		clear(p.Live)
	}
}

// TestDropKey_frees_nobody_elses_claim: behind its lost answer another claims the
// key, and the repeated deletion must not free that.
func TestDropKey_frees_nobody_elses_claim(t *testing.T) {
	s, f := troubled(t, dynamo.Options{})
	mine := broker.KeyRecord{Key: broker.Key{Key: "k"}, Hash: "mine", LeaseUntil: noon.Add(time.Minute), ExpiresAt: noon.Add(time.Hour)}
	if err := s.ClaimKey(t.Context(), mine, noon); err != nil {
		t.Fatal(err)
	}
	others := mine
	others.Hash = "another's"
	tries := 0
	f.set(func(string) trouble {
		if tries++; tries == 1 {
			return lost
		}
		if err := open(t, dynamo.Options{Table: s.Table()}).ClaimKey(t.Context(), others, noon); err != nil {
			t.Error(err)
		}
		return none
	})
	if err := s.DropKey(t.Context(), mine.Key); err != nil || tries != 2 {
		t.Fatalf("%d tries, %v", tries, err)
	}
	f.set(nil)
	if got, found, err := s.ReadKey(t.Context(), mine.Key, noon); err != nil || !found || got.Hash != "another's" {
		t.Errorf("got %+v, %v, %v", got, found, err)
	}
}

// TestRecordHealth_adds_to_the_history_what_is_new: no more than that when an
// answer is lost.
func TestRecordHealth_adds_to_the_history_what_is_new(t *testing.T) {
	for _, kind := range []trouble{none, lost, brokenAfter, throttle} {
		s, f := troubled(t, dynamo.Options{})
		register(t, s, "a")
		for i, state := range []broker.HealthState{broker.Healthy, broker.Healthy, broker.Unhealthy, broker.Unhealthy} {
			f.set(first("UpdateItem", kind))
			h := broker.Health{State: state, Message: "x", CheckedAt: noon.Add(time.Duration(i) * time.Second), Scheduled: true}
			stored, err := s.RecordHealth(t.Context(), "a", h)
			if want := max(0, i-1); err != nil || stored.FailedInRow != want {
				t.Fatalf("%s: want %d failed in a row, got %+v, %v", kind, want, stored, err)
			}
		}
		f.set(nil)
		all, err := s.HealthHistory(t.Context(), "a", time.Time{}, 10)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, h := range all {
			got = append(got, fmt.Sprint(h.State, " ", h.CheckedAt.Sub(noon)))
		}
		if d := cmp.Diff([]string{"UNHEALTHY 2s", "HEALTHY 0s"}, got); d != "" {
			t.Errorf("%s: want (-), got (+):\n%s", kind, d)
		}
	}
}

// TestLedger_is_read_again_when_its_pieces_are_replaced meanwhile: pieces are
// read before their attempt, which then knows others.
func TestLedger_is_read_again_when_its_pieces_are_replaced(t *testing.T) {
	s, f := troubled(t, dynamo.Options{})
	o := broker.Operation{ID: "op", CreatedAt: noon, Status: broker.OpRunning}
	large := func(state broker.AttemptState, text string) broker.Attempt {
		return broker.Attempt{N: 1, Run: 1, State: state, Output: json.RawMessage(`"` + strings.Repeat(text, 1_200_000) + `"`)}
	}
	if err := s.ClaimOperation(t.Context(), broker.Claim{Operation: o, Attempts: []broker.Attempt{large(broker.Intent, "x")}}); err != nil {
		t.Fatal(err)
	}
	want, queries := large(broker.Sent, "y"), 0
	f.set(func(name string) trouble {
		if queries++; queries == 2 && name == "Query" {
			other := open(t, dynamo.Options{Table: s.Table()})
			if err := other.MarkSent(t.Context(), "op", broker.Fenced{Attempt: want, SeenRun: 1, SeenState: broker.Intent}); err != nil {
				t.Error(err)
			}
		}
		return none
	})
	l, err := s.Ledger(t.Context(), "op")
	if err != nil || queries != 4 {
		t.Fatalf("%d queries, %v", queries, err)
	}
	if d := cmp.Diff([]broker.Attempt{want}, l.Attempts); d != "" {
		t.Errorf("want (-), got (+):\n%.500s", d)
	}
}

// TestNames_that_are_no_text_are_nobodys: stored as text, two of them would be
// one.
func TestNames_that_are_no_text_are_nobodys(t *testing.T) {
	s := open(t, dynamo.Options{Table: table(t), Now: standing})
	for _, k := range []broker.Key{{Principal: "a\xff", Key: "k"}, {Principal: "a", Key: "\xfe"}} {
		r := broker.KeyRecord{Key: k, LeaseUntil: noon.Add(time.Minute), ExpiresAt: noon.Add(time.Hour)}
		if err := s.ClaimKey(t.Context(), r, noon); !fault.Is(err, fault.InvalidRequest) {
			t.Errorf("%q was claimed: %v", k, err)
		}
		if _, found, err := s.ReadKey(t.Context(), k, noon); found || err != nil {
			t.Errorf("%q: %v, %v", k, found, err)
		}
	}
}
