package selection

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// explainState is explain for the rules that read live data.
func (r *Result) explainState(i int, rule Rule, v *broker.Verdict) {
	f, q := &r.in.Query.snapshot.facts[i], r.in.Query
	switch rule {
	case BreakerOpen:
		live := &f.live[q.class]
		v.Value, v.DataAgeMS = string(live.state), r.age(q.snapshot.takenAt)
		if v.Detail = "until an operator releases it"; !live.never {
			v.Detail = until(live.admitFrom)
		}
	case NotBefore:
		v.Detail, v.DataAgeMS = until(f.notBefore), r.age(q.snapshot.takenAt)
	case OfferingBlocked:
		v.Value, v.Detail, v.DataAgeMS = q.why[i], until(time.Unix(0, q.until[i])), r.age(q.snapshot.takenAt)
	case NotHealthy:
		v.Value, v.DataAgeMS = string(f.health), r.age(f.checkedAt)
	case NotCheckedYet:
		v.Value, v.DataAgeMS = string(broker.Unknown), r.age(f.checkedAt)
	case TooSlow:
		v.Value, v.Threshold = milliseconds(r.class().response[i]), milliseconds(q.slowest)
		v.DataAgeMS = r.age(f.checkedAt)
		if m := &f.live[q.class].calls; m.Latency != nil {
			v.DataAgeMS = r.age(m.At)
		}
	case SuccessTooLow:
		r.explainSuccess(i, v)
	default: // the other rules read no live data
	}
}

func (r *Result) explainSuccess(i int, v *broker.Verdict) {
	q := r.in.Query
	live := &q.snapshot.facts[i].live[q.class]
	v.Value, v.Threshold = number(r.class().success[i]), number(q.lowest)
	if m := &live.calls; m.Calls > 0 {
		v.Detail, v.DataAgeMS = fmt.Sprintf("%s of %s calls", number(m.Successes), number(m.Calls)), r.age(m.At)
		return
	}
	v.Detail = fmt.Sprintf("%d of %d calls in the last minute", live.good, live.good+live.bad)
	v.DataAgeMS = r.age(q.snapshot.takenAt)
}

// missing returns the first required capability that a provider lacks, and
// what it declares of it.
func (r *Result) missing(i int) (has, wants string) {
	s := r.in.Query.snapshot
	for _, text := range r.in.Query.request.Criteria.RequiredCapabilities {
		if wanted := parseRequirement(text); !s.capable(wanted).has(i) {
			return s.declaredAs(i, wanted), text
		}
	}
	return "", ""
}

// age is how old data of that time is, in ms; 0 when there is none.
func (r *Result) age(at time.Time) int64 {
	if at.IsZero() {
		return 0
	}
	return max(0, r.in.Now.Sub(at).Milliseconds())
}

func until(t time.Time) string { return "until " + t.UTC().Format(time.RFC3339) }

func number(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }

// percent is a share in percent, to a tenth.
func percent(share float64) string { return number(math.Round(share*1000) / 10) }

func milliseconds(d time.Duration) string { return number(float64(d) / float64(time.Millisecond)) }
