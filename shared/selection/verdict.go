package selection

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// Verdicts returns one verdict per provider: the ranked ones first, then the
// others by name.
func (r *Result) Verdicts() []broker.Verdict {
	verdicts := make([]broker.Verdict, len(r.in.Query.snapshot.facts))
	for i := range verdicts {
		verdicts[i] = r.verdict(i)
	}
	slices.SortFunc(verdicts, func(a, b broker.Verdict) int {
		if a.Rank > 0 && b.Rank > 0 {
			return cmp.Compare(a.Rank, b.Rank)
		}
		return cmp.Or(-cmp.Compare(a.Rank, b.Rank), cmp.Compare(a.Provider, b.Provider))
	})
	return verdicts
}

// rule returns what decided about a provider.
func (r *Result) rule(i int) Rule {
	switch {
	case r.rules[i] != LowerTier:
		return r.rules[i]
	case r.reserve.has(i):
		return Fallback
	case r.holds(&r.first.tier, i):
		return SameTier
	default:
		return LowerTier
	}
}

func (r *Result) verdict(i int) broker.Verdict {
	q := r.in.Query
	f := &q.snapshot.facts[i]
	rule := r.rule(i)
	v := broker.Verdict{Provider: f.name, Rule: rule.String(), Rank: 1 + slices.Index(r.ranked[:r.count], i)}
	if v.Rank > 0 && rule == SameTier {
		v.Rule = ""
	}
	if rule.Eligible() {
		v.Detail = r.passes(i)
		if v.Detail == "" && (q.priced || r.policy.name == broker.CostOptimized) {
			v.Detail = r.priced(i)
		}
		v.DataAgeMS = r.age(f.checkedAt)
		if r.policy.figure != nil && r.first.tier.size > 1 {
			v.Value, v.DataAgeMS = r.policy.figure(r, i), r.age(r.newest(i))
		}
		return v
	}
	r.explain(i, rule, &v)
	return v
}

// priced says how many units a machine of its price fills, where they are
// compared, and how old a price is that was read of the provider; "" of a
// machine's that stands in the registration.
func (r *Result) priced(i int) string {
	s, at := r.in.Query.snapshot, r.in.Query.snapshot.facts[i].pricedAt
	var parts []string
	if fills := s.facts[i].fills; fills > 0 && !s.priceless.has(i) {
		parts = append(parts, fmt.Sprintf("%.4g per machine-hour for %s", s.price[i], units(fills)))
	}
	if !at.IsZero() {
		parts = append(parts, fmt.Sprintf("price read %s ago", r.in.Now.Sub(at).Round(time.Second)))
	}
	return strings.Join(parts, "; ")
}

func units(n float64) string {
	if n == 1 {
		return "a unit"
	}
	return fmt.Sprintf("%.4g units", n)
}

// newest is when a provider was last heard of, by a check or a call.
func (r *Result) newest(i int) time.Time {
	f := &r.in.Query.snapshot.facts[i]
	if call := f.live[r.in.Query.class].newest(); call.After(f.checkedAt) {
		return call
	}
	return f.checkedAt
}

// passes says which rules a provider passes for want of data, or by panic.
func (r *Result) passes(i int) string {
	if r.panicked && r.waived[i] != LowerTier {
		return "panic: passes " + r.waived[i].String()
	}
	return r.unmeasured(i)
}

// unmeasured says which limits a provider passed for want of data.
func (r *Result) unmeasured(i int) string {
	q := r.in.Query
	var passes []string
	if q.timed && r.class().response[i] < 0 {
		passes = append(passes, "never measured: passes max_response_time_ms")
	}
	if q.rated && !r.class().rated.has(i) {
		passes = append(passes, "no calls: passes min_success_rate")
	}
	return strings.Join(passes, "; ")
}

// explain fills in what a refusal saw: value, threshold, age of data.
func (r *Result) explain(i int, rule Rule, v *broker.Verdict) {
	f, q := &r.in.Query.snapshot.facts[i], r.in.Query
	c := &q.request.Criteria
	switch rule {
	case NotOverride:
		v.Threshold = q.request.Override
	case DriverAbsent:
		v.Value, v.Detail = f.kind, "this broker has no driver for providers of this kind"
	case OperationUnsupported:
		v.Value, v.Threshold = f.kind, string(q.request.Operation)
	case CapabilityMissing:
		v.Value, v.Threshold = r.missing(i)
	case ZoneMismatch:
		v.Value, v.Threshold = f.zone, strings.Join(c.Zones, ", ")
	case TemplateIncomplete:
		v.Detail = q.request.Incomplete[f.name]
	case NoRoom:
		v.Value, v.Threshold = strconv.Itoa(f.room.Limit-f.room.Free), strconv.Itoa(f.room.Limit)
	case PriceUnknown:
		v.Threshold = number(q.maxPrice)
	case PriceTooHigh:
		v.Value, v.Threshold, v.Detail = number(q.snapshot.price[i]), number(q.maxPrice), r.priced(i)
	default:
		r.explainState(i, rule, v)
	}
}
