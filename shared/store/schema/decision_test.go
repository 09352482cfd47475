package schema_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/selection"
	"github.com/openhostfactory/ohfp/shared/store/schema"
)

// site is a decision about so many providers with histories, whose figures
// have as many digits as they have in life.
func site(t testing.TB, n int, policy ...broker.Policy) broker.Decision {
	t.Helper()
	draw := rand.New(rand.NewPCG(1, 2))
	now := time.Date(2026, 11, 23, 15, 46, 13, 245460811, time.UTC)
	ago := func(most time.Duration) time.Time { return now.Add(-time.Duration(draw.Int64N(int64(most)))) }
	latency := func() *time.Duration { d := time.Duration(draw.Int64N(int64(5 * time.Second))); return &d }
	s := broker.Snapshot{TakenAt: ago(2 * time.Second), Config: broker.DefaultConfig()}
	for i := range n {
		price := 0.1 + float64(i)/100
		calls := func() broker.Measured {
			of := 300 * draw.Float64()
			return broker.Measured{At: ago(time.Minute), Calls: of, Successes: of * draw.Float64(), Latency: latency(), Peak: latency(), Wanted: of * 3, Delivered: of * 2}
		}
		row := func() broker.Live {
			l := broker.Live{State: broker.Closed, ClosedAt: ago(time.Hour), InFlight: map[int64]int64{now.Unix() / 60: 3}}
			for b := range l.Ring {
				l.Ring[b] = broker.Bucket{Slot: now.Unix()/10 - int64(b), Good: draw.Int64N(90), Bad: draw.Int64N(3)}
			}
			return l
		}
		s.Providers = append(s.Providers, broker.ProviderView{
			Name: fmt.Sprintf("cluster-%03d-pool", i), Kind: "static", Enabled: true, Weight: 100, Order: int64(i + 1), Priority: i % 3, Zone: fmt.Sprintf("us-east-1%c", 'a'+i%6),
			PricePerHour: &price, Capabilities: map[string]any{"instances": true, "spot_instances": i%2 == 0, "gpus": float64(i % 9)},
			Health: broker.Health{State: broker.Healthy, CheckedAt: ago(5 * time.Minute), ResponseTime: *latency()},
			Room:   &broker.Room{Free: i % 40, Limit: 40},
			Live:   map[string]broker.Live{broker.ClassMutate: row(), broker.ClassRead: row()}, Measured: map[string]broker.Measured{broker.ClassMutate: calls(), broker.ClassRead: calls()},
		})
	}
	var r selection.Result
	selection.Select(&r, selection.Input{
		Query:  selection.Compile(&s).Prepare(selection.Request{Operation: broker.CreateInstances, Drivers: map[string][]broker.OperationType{"static": nil}}),
		Policy: append(policy, broker.FastestResponse)[0], Seed: "01a2090f-b1de-7c83-b2be-0dab3ad9ae29", Ticket: 4711, Now: now,
	})
	d := r.Decision()
	d.Evidence = selection.Evidence(&s, &r)
	return d
}

func TestADecisionComesBackAsItWasStored(t *testing.T) {
	var p schema.Packer
	for _, n := range []int{0, 1, 2, 20, 70, 300} {
		want := site(t, n)
		row, err := p.Decision("op", want)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, read(t, row)); diff != "" {
			t.Errorf("of %d providers: want -, got +:\n%s", n, diff)
		}
	}
}

// read takes a decision out of the rows of its operation.
func read(t testing.TB, row schema.Item) broker.Decision {
	t.Helper()
	op, err := schema.Row(schema.OperationKey("op"), broker.Operation{ID: "op"})
	if err != nil {
		t.Fatal(err)
	}
	l, _, err := schema.Ledger("op", []schema.Item{row, op})
	if err != nil {
		t.Fatal(err)
	}
	return *l.Decision
}

func TestDecisionsOfYesterdayCanBeRead(t *testing.T) {
	want := broker.Decision{Policy: broker.RoundRobin, Ticket: 7, Snapshot: "abc", Ranked: []string{"pool-a"}, Verdicts: []broker.Verdict{{Provider: "pool-a", Rank: 1}}}
	for name, doc := range map[string]string{
		"from before they were packed": `{"policy":"ROUND_ROBIN","criteria":{},"ticket":7,"taken_at":"0001-01-01T00:00:00Z","snapshot_version":"abc","ranked":["pool-a"],"verdicts":[{"provider_name":"pool-a","rank":1}]}`,
		"packed with dictionary 1":     `{"deflate1":"QiqsUNsU2Asqc5SCysDAwFAXjELAfrHCWTwlJiUrIZcYUJcTKjfgHoQWGbWxtYAAAAD//w=="}`,
	} {
		t.Run(name, func(t *testing.T) {
			got := read(t, schema.Item{Key: schema.DecisionKey("op"), Doc: []byte(doc)})
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}

// TestEvidenceTakesNoWriteUnitMoreAtASmallSite holds the row with evidence to
// DynamoDB's unit of 1 KB, which the bare one took before there was a packer: of
// four providers by a policy that reads all figures, of eight by the default.
func TestEvidenceTakesNoWriteUnitMoreAtASmallSite(t *testing.T) {
	var p schema.Packer
	const others = 2 + 39 + 2 + 3 + 3 + 2 + 36 + 3 + 6 // keys of an operation's id, the writer's mark, the names of attributes
	for policy, most := range map[broker.Policy]int{broker.FastestResponse: 4, broker.FirstAvailable: 8} {
		for n := 1; n <= 10; n++ {
			row, err := p.Decision("01a2090f-b1de-7c83-b2be-0dab3ad9ae29", site(t, n, policy))
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%s, %d providers: %d bytes", policy, n, len(row.Doc)+others)
			if n <= most && len(row.Doc)+others > 1024 {
				t.Errorf("%s, %d providers: %d bytes", policy, n, len(row.Doc)+others)
			}
		}
	}
}

// TestEvidenceAddsAtMostEightKilobytes tries sites of every size.
func TestEvidenceAddsAtMostEightKilobytes(t *testing.T) {
	var p schema.Packer
	largest := 0
	for n := 0; n < 300; n += 7 {
		d := site(t, n)
		row, err := p.Decision("op", d)
		if err != nil {
			t.Fatal(err)
		}
		d.Evidence = nil
		bare, err := p.Decision("op", d)
		if err != nil {
			t.Fatal(err)
		}
		largest = max(largest, len(row.Doc)-len(bare.Doc))
	}
	if largest > 8<<10 {
		t.Errorf("it adds %d bytes", largest)
	}
	t.Logf("at most %d bytes", largest)
}

func TestSeveralMayPackAtOnce(t *testing.T) {
	var p schema.Packer
	want, err := p.Decision("op", site(t, 5))
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				got, err := p.Decision("op", site(t, 5))
				if err != nil || string(got.Doc) != string(want.Doc) {
					t.Errorf("got %d bytes, %v", len(got.Doc), err)
				}
			}
		})
	}
	wg.Wait()
}

func TestWhatIsNoPackedDecisionIsAnErrorAndNothingWorse(t *testing.T) {
	for _, doc := range []string{`{"deflate1":"AAAA"}`, `{"deflate1":7}`, `{"deflate1":"!"}`} {
		_, _, err := schema.Ledger("op", []schema.Item{{Key: schema.DecisionKey("op"), Doc: []byte(doc)}})
		if err == nil {
			t.Errorf("%s is read", doc)
		}
	}
}

func FuzzDecision(f *testing.F) {
	var p schema.Packer
	row, err := p.Decision("op", site(f, 2))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(row.Doc)
	f.Add([]byte(`{"policy":"RANDOM"}`))
	f.Fuzz(func(t *testing.T, doc []byte) {
		l, _, err := schema.Ledger("op", []schema.Item{{Key: schema.DecisionKey("op"), Doc: doc}})
		if err == nil && l.Decision == nil {
			t.Error("there is neither a decision nor an error")
		}
	})
}

func BenchmarkPackingADecision(b *testing.B) {
	var p schema.Packer
	d := site(b, 5)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Decision("op", d); err != nil {
			b.Fatal(err)
		}
	}
}
