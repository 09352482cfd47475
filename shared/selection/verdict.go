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
	f := &r.in.Query.snapshot.facts[i]
	rule := r.rule(i)
	v := broker.Verdict{Provider: f.name, Rule: rule.String(), Rank: 1 + slices.Index(r.ranked[:r.count], i)}
	if v.Rank > 0 && rule == SameTier {
		v.Rule = ""
	}
	if rule.Eligible() {
		v.Detail = r.unmeasured(i)
		v.DataAgeMS = r.age(f.checkedAt)
		return v
	}
	r.explain(i, rule, &v)
	return v
}

// unmeasured says which limits a provider passed for want of data.
func (r *Result) unmeasured(i int) string {
	q := r.in.Query
	var passes []string
	if q.timed && q.snapshot.response[i] < 0 {
		passes = append(passes, "not checked yet: passes max_response_time_ms")
	}
	if q.rated && !q.snapshot.classes[q.class].measured.has(i) {
		passes = append(passes, "no calls in the last minute: passes min_success_rate")
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
		v.Threshold = r.missing(i)
	case ZoneMismatch:
		v.Value, v.Threshold = f.zone, strings.Join(c.Zones, ", ")
	case TemplateIncomplete:
		v.Detail = q.request.Incomplete[f.name]
	case PriceUnknown:
		v.Threshold = number(q.maxPrice)
	case PriceTooHigh:
		v.Value, v.Threshold = number(q.snapshot.price[i]), number(q.maxPrice)
	default:
		r.explainState(i, rule, v)
	}
}

// explainState is explain for the rules that read live data.
func (r *Result) explainState(i int, rule Rule, v *broker.Verdict) {
	f, q := &r.in.Query.snapshot.facts[i], r.in.Query
	live := &f.live[q.class]
	switch rule {
	case BreakerOpen:
		v.Value, v.DataAgeMS = string(live.state), r.age(q.snapshot.takenAt)
		if v.Detail = "until an operator releases it"; !live.never {
			v.Detail = "until " + live.admitFrom.UTC().Format(time.RFC3339)
		}
	case NotHealthy:
		v.Value, v.DataAgeMS = string(f.health), r.age(f.checkedAt)
	case NotCheckedYet:
		v.Value, v.DataAgeMS = string(broker.Unknown), r.age(f.checkedAt)
	case TooSlow:
		v.Value, v.Threshold = milliseconds(q.snapshot.response[i]), milliseconds(q.slowest)
		v.DataAgeMS = r.age(f.checkedAt)
	case SuccessTooLow:
		v.Value, v.Threshold = number(q.snapshot.classes[q.class].success[i]), number(q.lowest)
		v.Detail = fmt.Sprintf("%d of %d calls in the last minute", live.good, live.good+live.bad)
		v.DataAgeMS = r.age(q.snapshot.takenAt)
	default: // the other rules read no live data
	}
}

// missing returns the first required capability that a provider lacks.
func (r *Result) missing(i int) string {
	s := r.in.Query.snapshot
	for _, name := range r.in.Query.request.Criteria.RequiredCapabilities {
		if !s.named(s.capabilities, canonical(name)).has(i) {
			return name
		}
	}
	return ""
}

// age is how old data of that time is, in ms; 0 when there is none.
func (r *Result) age(at time.Time) int64 {
	if at.IsZero() {
		return 0
	}
	return max(0, r.in.Now.Sub(at).Milliseconds())
}

func number(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }

func milliseconds(d time.Duration) string { return number(float64(d) / float64(time.Millisecond)) }
