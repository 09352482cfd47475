package selection_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/selection"
)

// fatal is what tests and properties have in common here.
type fatal interface{ Fatal(...any) }

// stored is a decision as a store keeps it and gives it back.
func stored(t fatal, s *broker.Snapshot, r *selection.Result) (d broker.Decision) {
	d = r.Decision()
	d.Evidence = selection.Evidence(s, r)
	doc, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	d = broker.Decision{}
	if err := json.Unmarshal(doc, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// bits is a decision without its evidence, as text.
func bits(t fatal, d broker.Decision) string {
	d.Evidence = nil
	doc, err := json.MarshalIndent(d, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(doc)
}

func TestEveryStoredDecisionIsTakenAgainBitForBit(t *testing.T) {
	var dst selection.Result
	rapid.Check(t, func(t *rapid.T) {
		m := drawModel(t)
		m.snapshot.Config.DefaultPolicy = rapid.SampledFrom(selection.Policies()).Draw(t, "configured")
		m.snapshot.Config.ExploreCreates = rapid.Bool().Draw(t, "explores")
		m.run(&dst)
		d := stored(t, &m.snapshot, &dst)
		again, err := selection.Replay(&d)
		if err != nil {
			t.Fatal(err)
		}
		if len(m.snapshot.Providers) > 50 && !again.Whole() {
			t.Skip("too many to keep")
		}
		if diff := cmp.Diff(bits(t, d), bits(t, again.Decision)); diff != "" {
			t.Fatalf("%s: stored -, replayed +\n%s", m.policy, diff)
		}
		if !again.Whole() || again.Rules != selection.Rules {
			t.Fatalf("got %d of %d by rules %d", again.Kept, again.Read, again.Rules)
		}
		if dst.Eligible() > 0 && again.Reason != dst.Reason() {
			t.Fatalf("the reason is %q, was %q", again.Reason, dst.Reason())
		}
	})
}

func TestADecisionOfNowIsTakenAgainWhateverItsClockWas(t *testing.T) {
	now := time.Now() // with a monotonic reading, and a place
	s := snapshot(provider("a"), provider("b"))
	s.TakenAt = now.Add(-1500 * time.Microsecond)
	var r selection.Result
	selection.Select(&r, selection.Input{Query: selection.Compile(&s).Prepare(create()), Policy: broker.Random, Seed: "op", Now: now})
	d := stored(t, &s, &r)
	again, err := selection.Replay(&d)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(bits(t, d), bits(t, again.Decision)); diff != "" {
		t.Error(diff)
	}
}

func TestATemplateThatIsBlockedSomewhereIsBlockedThereWhenItsDecisionIsTakenAgain(t *testing.T) {
	blocked := func(v *broker.ProviderView) {
		v.Blocks = []broker.Block{{Offering: "template web #1", Until: noon.Add(time.Minute)}}
	}
	s := snapshot(provider("a", blocked), provider("b", blocked))
	q := create()
	q.Templates = map[string]string{"a": "template web #1", "b": "template web #2"}
	r := decide(s, q, broker.FirstAvailable)
	if diff := cmp.Diff([]string{"b"}, r.Ranked()); diff != "" {
		t.Fatalf("ranked (-want +got):\n%s", diff)
	}
	d := stored(t, &s, r)
	again, err := selection.Replay(&d)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(bits(t, d), bits(t, again.Decision)); diff != "" {
		t.Error(diff)
	}
}

func TestAnotherDecisionIsNotTheSame(t *testing.T) {
	s := snapshot(provider("a"), provider("b"))
	d := stored(t, &s, decide(s, create(), broker.Random))
	for name, change := range map[string]func(*broker.Decision){
		"another seed":   func(d *broker.Decision) { d.Seed = "other" },
		"another policy": func(d *broker.Decision) { d.Policy = broker.FirstAvailable },
		"another rank":   func(d *broker.Decision) { d.Ranked = []string{"b"} },
		"other criteria": func(d *broker.Decision) { d.Criteria.ExcludeStrategies = []string{"a"} },
	} {
		changed := d
		change(&changed)
		again, err := selection.Replay(&changed)
		if err != nil {
			t.Fatal(err)
		}
		if bits(t, again.Decision) == bits(t, changed) {
			t.Errorf("%s made no difference", name)
		}
	}
}

func TestADecisionWithoutEvidenceCannotBeTakenAgain(t *testing.T) {
	if _, err := selection.Replay(&broker.Decision{}); !errors.Is(err, selection.ErrNoEvidence) {
		t.Errorf("got %v", err)
	}
}

func TestOfTooManyProvidersThoseWhoWereRankedAreKept(t *testing.T) {
	s := *crowd(1000)
	r := decide(s, fullRequest())
	d := stored(t, &s, r)
	again, err := selection.Replay(&d)
	if err != nil {
		t.Fatal(err)
	}
	if again.Whole() || again.Read != 1000 || again.Kept != len(r.Ranked()) {
		t.Errorf("kept %d of %d", again.Kept, again.Read)
	}
	if len(d.Evidence) > 4<<10 {
		t.Errorf("the evidence has %d bytes", len(d.Evidence))
	}
}

func TestMoreThanFiftyProvidersWithAllThereIsToKnowAreKeptWhole(t *testing.T) {
	s := *crowd(56)
	r := decide(s, fullRequest())
	d := stored(t, &s, r)
	again, err := selection.Replay(&d)
	if err != nil {
		t.Fatal(err)
	}
	if !again.Whole() {
		t.Errorf("kept %d of %d", again.Kept, again.Read)
	}
	t.Logf("%d bytes, %d for each", len(d.Evidence), len(d.Evidence)/56)
}

func TestEvidenceOfNoBrokerIsRefused(t *testing.T) {
	for _, doc := range []string{`{`, `[]`, `{"read":1,"providers":[{},{}]}`, `{"read":1,"providers":[{"w":-1}]}`, `{"read":1,"providers":[{"w":100000}]}`, `{"read":1,"providers":[{"fills":-1}]}`, `{"read":1,"providers":[{"fills":1e9}]}`} {
		if _, err := selection.Replay(&broker.Decision{Evidence: json.RawMessage(doc)}); err == nil {
			t.Errorf("%s is taken", doc)
		}
	}
	good := json.RawMessage(`{"rules":1,"op":"CREATE_INSTANCES","read":0}`)
	if _, err := selection.Replay(&broker.Decision{Evidence: good, Ticket: -1}); err == nil {
		t.Error("a negative ticket is taken")
	}
}

func FuzzReplay(f *testing.F) {
	s := *crowd(9)
	for i, p := range selection.Policies() {
		d := stored(f, &s, decide(s, fullRequest(), p))
		doc, err := json.Marshal(d)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(doc, int64(i))
	}
	f.Fuzz(func(t *testing.T, doc []byte, ticket int64) {
		var d broker.Decision
		if json.Unmarshal(doc, &d) != nil {
			return
		}
		d.Ticket = ticket
		one, err := selection.Replay(&d)
		if err != nil {
			return
		}
		other, err := selection.Replay(&d)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(fmt.Sprint(one.Decision), fmt.Sprint(other.Decision)); diff != "" {
			t.Error(diff)
		}
	})
}
