package selection_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/selection"
)

// run decides what the model decides, with the code under test.
func (m *model) run(dst *selection.Result) {
	q := selection.Compile(&m.snapshot).Prepare(m.request)
	selection.Select(dst, selection.Input{
		Query: q, Policy: m.policy, Ticket: m.ticket, Seed: m.seed, AffinityKey: m.key, Now: m.now,
	})
}

func observe(r *selection.Result) outcome {
	out := outcome{Ranked: r.Ranked(), Rules: map[string]string{}, Ranks: map[string]int{}}
	for _, v := range r.Verdicts() {
		out.Rules[v.Provider] = v.Rule
		if v.Rank > 0 {
			out.Ranks[v.Provider] = v.Rank
		}
	}
	return out
}

func TestSelectDecidesAsTheDesignTellsIt(t *testing.T) {
	var dst selection.Result // reused across snapshots of every size
	rapid.Check(t, func(t *rapid.T) {
		m := drawModel(t)
		m.run(&dst)
		want, got := m.decide(), observe(&dst)
		if m.loose() {
			want, got = m.loosened(want), m.loosened(got)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%s: want -, got +\n%s\n%s", m.policy, diff, dst.Reason())
		}
	})
}

// loosened leaves out which of a tier's members has which place.
func (m *model) loosened(o outcome) outcome {
	l := outcome{Rules: map[string]string{}}
	for name, rule := range o.Rules {
		if l.Rules[name] = rule; rule == "outranked" {
			l.Rules[name] = ""
		}
	}
	for _, name := range o.Ranked {
		i := slices.IndexFunc(m.snapshot.Providers, func(v broker.ProviderView) bool { return v.Name == name })
		if o.Rules[name] != "fallback" {
			name = fmt.Sprint(m.keyOf(m.snapshot.Providers[i]))
		}
		l.Ranked = append(l.Ranked, name)
	}
	return l
}

func TestEveryProviderGetsExactlyOneVerdict(t *testing.T) {
	var dst selection.Result
	rapid.Check(t, func(t *rapid.T) {
		m := drawModel(t)
		m.run(&dst)
		var got, want []string
		for _, v := range dst.Verdicts() {
			got = append(got, v.Provider)
			if v.Rank == 0 && v.Rule == "" {
				t.Fatalf("%s is neither ranked nor refused", v.Provider)
			}
		}
		for _, v := range m.snapshot.Providers {
			want = append(want, v.Name)
		}
		slices.Sort(got)
		slices.Sort(want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestTheSameInputGivesTheSameAnswerInAnyRegistrationListOrder(t *testing.T) {
	var one, other selection.Result
	rapid.Check(t, func(t *rapid.T) {
		m := drawModel(t)
		m.run(&one)
		m.snapshot.Providers = rapid.Permutation(m.snapshot.Providers).Draw(t, "order")
		m.run(&other)
		if diff := cmp.Diff(one.Decision(), other.Decision()); diff != "" {
			t.Fatal(diff)
		}
		if one.Reason() != other.Reason() || one.Confidence() != other.Confidence() || one.Scope() != other.Scope() {
			t.Fatalf("%q %v %q against %q %v %q", one.Reason(), one.Confidence(), one.Scope(),
				other.Reason(), other.Confidence(), other.Scope())
		}
	})
}

func TestExcludeAlwaysWins(t *testing.T) {
	var dst selection.Result
	rapid.Check(t, func(t *rapid.T) {
		m := drawModel(t)
		if len(m.snapshot.Providers) == 0 {
			return
		}
		name := rapid.SampledFrom(m.snapshot.Providers).Draw(t, "excluded").Name
		c := &m.request.Criteria
		c.ExcludeStrategies = append(c.ExcludeStrategies, name)
		c.PreferStrategies = append([]string{name}, c.PreferStrategies...)
		m.request.Fallbacks = append([]string{name}, m.request.Fallbacks...)
		if rapid.Bool().Draw(t, "and named") {
			m.request.Override = name
		}
		m.run(&dst)
		if got := observe(&dst); got.Rules[name] != "excluded" || slices.Contains(got.Ranked, name) {
			t.Fatalf("%s: %q, ranked %v", name, got.Rules[name], got.Ranked)
		}
	})
}

func TestALongerRequirementNeverEnlargesTheEligibleSet(t *testing.T) {
	var before, after selection.Result
	rapid.Check(t, func(t *rapid.T) {
		m := drawModel(t)
		m.request.Criteria.Panic = "" // who panics takes who was refused
		m.run(&before)
		more := rapid.SampledFrom([]string{"instances", "spot", "gpu"}).Draw(t, "more")
		c := &m.request.Criteria
		c.RequiredCapabilities = append(slices.Clone(c.RequiredCapabilities), more)
		m.run(&after)
		if after.Eligible() > before.Eligible() {
			t.Fatalf("%d eligible, %d before %q was required", after.Eligible(), before.Eligible(), more)
		}
		was := observe(&before).Rules
		for name, rule := range observe(&after).Rules {
			if eligible(rule) && !eligible(was[name]) {
				t.Fatalf("%s became eligible; it was refused by %s", name, was[name])
			}
		}
	})
}

func eligible(rule string) bool {
	return slices.Contains([]string{"", "outranked", "lower_tier", "fallback"}, rule)
}

func TestThePreferredComeFirstAmongTheSound(t *testing.T) {
	var dst selection.Result
	rapid.Check(t, func(t *rapid.T) {
		m := drawModel(t)
		m.request.Fallbacks, m.request.Override = nil, ""
		m.run(&dst)
		rules := observe(&dst).Rules
		for _, name := range m.request.Criteria.PreferStrategies {
			i := slices.IndexFunc(m.snapshot.Providers, func(v broker.ProviderView) bool { return v.Name == name })
			if i < 0 || !eligible(rules[name]) || m.keyOf(m.snapshot.Providers[i]).grade != 0 {
				continue
			}
			if got, _ := dst.Picked(); got != name {
				t.Fatalf("picked %s, %s is preferred", got, name)
			}
			return
		}
	})
}

func TestFirstAvailableNeverPicksWhileAnEarlierOneIsEligible(t *testing.T) {
	var dst selection.Result
	rapid.Check(t, func(t *rapid.T) {
		m := drawModel(t)
		m.policy = broker.FirstAvailable
		m.request.Criteria.PreferStrategies, m.request.Fallbacks = nil, nil
		m.run(&dst)
		name, ok := dst.Picked()
		if !ok {
			return
		}
		at := slices.IndexFunc(m.snapshot.Providers, func(v broker.ProviderView) bool { return v.Name == name })
		picked := m.snapshot.Providers[at]
		rules := observe(&dst).Rules
		for _, v := range m.snapshot.Providers {
			earlier := v.Priority < picked.Priority || v.Priority == picked.Priority && v.Order < picked.Order
			if earlier && eligible(rules[v.Name]) && m.keyOf(v).grade <= m.keyOf(picked).grade {
				t.Fatalf("picked %s while %s is eligible", name, v.Name)
			}
		}
	})
}

func TestRoundRobinPicksEachOnceInAnyRowOfTicketsAndStaysEvenAtEveryPrefix(t *testing.T) {
	var dst selection.Result
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 70).Draw(t, "n")
		s := broker.Snapshot{Config: broker.DefaultConfig(), TakenAt: noon}
		for i := range n {
			s.Providers = append(s.Providers, plain(i))
		}
		q := selection.Compile(&s).Prepare(selection.Request{
			Operation: broker.CreateInstances, Drivers: map[string][]broker.OperationType{"static": nil},
		})
		start := rapid.Int64Range(0, 1<<62).Draw(t, "start")
		counts := map[string]int{}
		for k := range 3 * n {
			selection.Select(&dst, selection.Input{Query: q, Policy: broker.RoundRobin, Ticket: start + int64(k), Now: noon})
			name, _ := dst.Picked()
			counts[name]++
			most, least := 0, 1<<30
			for _, v := range s.Providers {
				most, least = max(most, counts[v.Name]), min(least, counts[v.Name])
			}
			if most-least > 1 || (k+1)%n == 0 && most != least {
				t.Fatalf("after %d of %d: %v", k+1, n, counts)
			}
		}
	})
}

func TestAResultThatWasUsedDecidesAsANewOne(t *testing.T) {
	var used selection.Result
	rapid.Check(t, func(t *rapid.T) {
		m := drawModel(t)
		for range 3 {
			var fresh selection.Result
			m.run(&used)
			m.run(&fresh)
			if diff := cmp.Diff(fresh.Decision(), used.Decision()); diff != "" {
				t.Fatal(diff)
			}
			if fresh.Confidence() != used.Confidence() || fresh.Scope() != used.Scope() || fresh.Reason() != used.Reason() {
				t.Fatalf("%v %q %q against %v %q %q", fresh.Confidence(), fresh.Scope(), fresh.Reason(),
					used.Confidence(), used.Scope(), used.Reason())
			}
			m.ticket += 7
			m.policy = rapid.SampledFrom(selection.Policies()).Draw(t, "policy")
		}
	})
}

// A schedule is kept for as long as it holds: members come and go with time,
// and two policies have schedules of the same members by other weights.
func TestAScheduleIsMadeAnewWhenMembersOrWeightsChange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := weighted(rapid.SliceOfN(rapid.IntRange(1, 9), 3, 9).Draw(t, "weights"))
		for i := range s.Providers {
			did(drawMeasured(t))(&s.Providers[i])
			s.Providers[i].NotBefore = drawTime(t, "not_before")
		}
		in := selection.Input{Query: selection.Compile(&s).Prepare(create())}
		var used selection.Result
		for range 10 {
			in.Policy = rapid.SampledFrom([]broker.Policy{broker.WeightedRoundRobin, broker.Adaptive}).Draw(t, "policy")
			in.Now, in.Ticket = drawTime(t, "now"), rapid.Int64Range(0, 99).Draw(t, "ticket")
			var fresh selection.Result
			selection.Select(&used, in)
			selection.Select(&fresh, in)
			if diff := cmp.Diff(fresh.Decision(), used.Decision()); diff != "" {
				t.Fatal(diff)
			}
		}
	})
}

func TestAskingForReasonsDoesNotChangeTheAnswer(t *testing.T) {
	var asked, not selection.Result
	rapid.Check(t, func(t *rapid.T) {
		m := drawModel(t)
		m.run(&not)
		in := selection.Input{
			Query: selection.Compile(&m.snapshot).Prepare(m.request), Policy: m.policy, Seed: m.seed, AffinityKey: m.key, Now: m.now,
		}
		selection.Filter(&asked, in)
		asked.Scope()
		asked.Rank(m.ticket)
		asked.Reason()
		asked.Confidence()
		asked.Verdicts()
		asked.Rank(m.ticket)
		if diff := cmp.Diff(not.Decision(), asked.Decision()); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestNobodyIsRankedTwice(t *testing.T) {
	var dst selection.Result
	rapid.Check(t, func(t *rapid.T) {
		m := drawModel(t)
		m.run(&dst)
		ranked := dst.Ranked()
		places := min(4, dst.Eligible())
		slices.Sort(ranked)
		if len(slices.Compact(ranked)) != places {
			t.Fatalf("%v of %d eligible", dst.Ranked(), dst.Eligible())
		}
	})
}
