package dynamo

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/store/schema"
)

// A breaker's row is flat. What changes with its state, and seldom:
const (
	attrEpoch     = "epoch"
	attrOpenUntil = "open_until"
	attrReason    = "reason"
	attrSource    = "source"
	attrOpens     = "opens"
	attrSuccesses = "successes"
	attrClosedAt  = "closed_at"
	attrPermits   = "permits"
)

// coreAttributes are those, with attrState.
func coreAttributes() []string {
	return []string{attrState, attrEpoch, attrOpenUntil, attrReason, attrSource, attrOpens, attrSuccesses, attrClosedAt, attrPermits}
}

// What changes with every call is counted in numbers that are added to: the
// failures in a row; what retries owe; the calls in flight that began in a minute (m<i> is the
// minute, f<i> how many), in as many slots as minutes count; and the ring of
// the last minute (s<i> is the ten seconds, g<i> and b<i> how many ended well
// and badly, w<i> how many of them slowly). A slot whose minute has passed is taken over by a later one, so
// that the row stays below 1 KB.
const (
	attrFailRun = "fail_run"
	attrDebt    = "retry_debt"
	flightSlots = 16
	ringSlots   = 6
)

func attrMinute(i int) string { return "m" + strconv.Itoa(i) }
func attrFlight(i int) string { return "f" + strconv.Itoa(i) }
func attrSlot(i int) string   { return "s" + strconv.Itoa(i) }
func attrGood(i int) string   { return "g" + strconv.Itoa(i) }
func attrBad(i int) string    { return "b" + strconv.Itoa(i) }
func attrSlow(i int) string   { return "w" + strconv.Itoa(i) }

// place is where a time counts in so many slots.
func place(t int64, slots int64) int { return int(((t % slots) + slots) % slots) }

// liveRow is a breaker's row as stored: all of it but InFlight in a Live, and
// the slots as they are.
type liveRow struct {
	rest    broker.Live
	minutes [flightSlots]int64
	flights [flightSlots]int64
}

// live returns the row as the domain has it. Slots whose minute was too long
// ago when the newest call began are over.
func (r *liveRow) live() broker.Live {
	l := r.rest
	l.Permits = slices.Clone(l.Permits)
	newest := slices.Max(r.minutes[:])
	for i, m := range r.minutes {
		if r.flights[i] > 0 && m > newest-flightSlots {
			if l.InFlight == nil {
				l.InFlight = map[int64]int64{}
			}
			l.InFlight[m] = r.flights[i]
		}
	}
	return l
}

// coreRow is what is not counted, as attributes. Empty ones are absent.
type coreRow struct {
	State     broker.BreakerState `dynamodbav:"state,omitempty"`
	Epoch     int64               `dynamodbav:"epoch,omitempty"`
	OpenUntil string              `dynamodbav:"open_until,omitempty"`
	Reason    string              `dynamodbav:"reason,omitempty"`
	Source    string              `dynamodbav:"source,omitempty"`
	Opens     int                 `dynamodbav:"opens,omitempty"`
	Successes int                 `dynamodbav:"successes,omitempty"`
	ClosedAt  string              `dynamodbav:"closed_at,omitempty"`
	Permits   []permitRow         `dynamodbav:"permits,omitempty"`
}

type permitRow struct {
	Attempt string `dynamodbav:"attempt"`
	Expires string `dynamodbav:"expires"`
}

// core writes what is not counted of l.
func core(l broker.Live) (attributes, error) {
	c := coreRow{
		State: l.State, Epoch: l.Epoch, Reason: l.Reason, Source: l.Source, Opens: l.Opens, Successes: l.Successes,
		OpenUntil: stampOrNone(l.OpenUntil), ClosedAt: stampOrNone(l.ClosedAt),
	}
	for _, p := range l.Permits {
		c.Permits = append(c.Permits, permitRow{p.Attempt, schema.Stamp(p.Expires)})
	}
	return attributevalue.MarshalMap(c)
}

func stampOrNone(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return schema.Stamp(t)
}

// parseLive reads a breaker's row and its key.
func parseLive(item attributes) (k schema.Key, r liveRow, err error) {
	var whole struct {
		PK      string `dynamodbav:"pk"`
		SK      string `dynamodbav:"sk"`
		FailRun int    `dynamodbav:"fail_run"`
		Debt    int64  `dynamodbav:"retry_debt"`
	}
	var c coreRow
	if err := errors.Join(attributevalue.UnmarshalMap(item, &whole), attributevalue.UnmarshalMap(item, &c)); err != nil {
		return k, r, fmt.Errorf("decoding a breaker: %w", err)
	}
	k = schema.Key{PK: whole.PK, SK: whole.SK}
	r.rest = broker.Live{
		State: c.State, Epoch: c.Epoch, Reason: c.Reason, Source: c.Source, Opens: c.Opens, Successes: c.Successes,
		FailRun: whole.FailRun, RetryDebt: whole.Debt,
	}
	if err := r.parseTimes(c); err != nil {
		return k, r, fmt.Errorf("decoding %s: %w", k, err)
	}
	return k, r, r.parseCounts(k, item)
}

func (r *liveRow) parseTimes(c coreRow) (err error) {
	if r.rest.OpenUntil, err = instant(c.OpenUntil); err != nil {
		return err
	}
	if r.rest.ClosedAt, err = instant(c.ClosedAt); err != nil {
		return err
	}
	for _, p := range c.Permits {
		expires, err := instant(p.Expires)
		if err != nil {
			return err
		}
		r.rest.Permits = append(r.rest.Permits, broker.Permit{Attempt: p.Attempt, Expires: expires})
	}
	return nil
}

func (r *liveRow) parseCounts(k schema.Key, item attributes) error {
	for name, to := range r.counts() {
		if err := attributevalue.Unmarshal(item[name], to); item[name] != nil && err != nil {
			return fmt.Errorf("decoding %s of %s: %w", name, k, err)
		}
	}
	return nil
}

// counts are the counted attributes of r by name, but for the run of failures.
func (r *liveRow) counts() map[string]*int64 {
	out := make(map[string]*int64, 2*flightSlots+4*ringSlots)
	for i := range flightSlots {
		out[attrMinute(i)], out[attrFlight(i)] = &r.minutes[i], &r.flights[i]
	}
	for i := range ringSlots {
		b := &r.rest.Ring[i]
		out[attrSlot(i)], out[attrGood(i)], out[attrBad(i)], out[attrSlow(i)] = &b.Slot, &b.Good, &b.Bad, &b.Slow
	}
	return out
}
