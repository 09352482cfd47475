package dynamo

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/store/schema"
)

// TestCore_comes_back: what a breaker's row says beside its counts.
func TestCore_comes_back(t *testing.T) {
	moment := rapid.Custom(func(r *rapid.T) time.Time {
		if rapid.Bool().Draw(r, "zero") {
			return time.Time{}
		}
		return time.Unix(rapid.Int64Range(0, 1<<33).Draw(r, "seconds"), rapid.Int64Range(0, 999_999_999).Draw(r, "nanos"))
	})
	rapid.Check(t, func(r *rapid.T) {
		want := broker.Live{
			State: rapid.SampledFrom([]broker.BreakerState{"", broker.Closed, broker.Open, broker.HalfOpen, broker.ForcedOpen, broker.Disabled}).Draw(r, "state"),
			Epoch: rapid.Int64().Draw(r, "epoch"), Reason: rapid.String().Draw(r, "reason"), Opens: rapid.IntRange(0, 9).Draw(r, "opens"),
			Successes: rapid.IntRange(0, 9).Draw(r, "successes"), OpenUntil: moment.Draw(r, "until"), ClosedAt: moment.Draw(r, "closed"),
		}
		for range rapid.IntRange(0, 3).Draw(r, "permits") {
			want.Permits = append(want.Permits, broker.Permit{Attempt: rapid.String().Draw(r, "attempt"), Expires: moment.Draw(r, "expires")})
		}
		item, err := core(want)
		if err != nil {
			r.Fatal(err)
		}
		_, row, err := parseLive(item)
		if err != nil {
			r.Fatal(err)
		}
		if d := cmp.Diff(want, row.live()); d != "" {
			r.Errorf("want (-), got (+):\n%s", d)
		}
	})
}

func TestLive_forgets_calls_that_can_no_longer_be_in_flight(t *testing.T) {
	var r liveRow
	for _, minute := range []int64{100, 101, 115} {
		r.minutes[place(minute, flightSlots)], r.flights[place(minute, flightSlots)] = minute, 2
	}
	if d := cmp.Diff(map[int64]int64{100: 2, 101: 2, 115: 2}, r.live().InFlight); d != "" {
		t.Errorf("want (-), got (+):\n%s", d)
	}
	r.minutes[place(116, flightSlots)], r.flights[place(116, flightSlots)] = 116, 0 // began and ended, in the place of 100
	if d := cmp.Diff(map[int64]int64{101: 2, 115: 2}, r.live().InFlight); d != "" {
		t.Errorf("want (-), got (+):\n%s", d)
	}
}

func TestPlace_is_the_same_for_times_before_1970(t *testing.T) {
	for _, c := range []struct {
		t    int64
		want int
	}{{0, 0}, {5, 5}, {6, 0}, {-1, 5}, {-6, 0}, {-7, 5}} {
		if got := place(c.t, ringSlots); got != c.want {
			t.Errorf("%d: want %d, got %d", c.t, c.want, got)
		}
	}
}

func TestBackoff_is_short(t *testing.T) {
	for attempt, most := range map[int]time.Duration{0: 25 * time.Millisecond, 1: 50 * time.Millisecond, 3: 200 * time.Millisecond, 9: 500 * time.Millisecond} {
		for range 100 {
			d, err := backoff(attempt, nil)
			if err != nil || d < 0 || d > most {
				t.Fatalf("before attempt %d: %v, %v", attempt, d, err)
			}
		}
	}
}

func cancelledBy(codes ...string) error {
	c := &types.TransactionCanceledException{}
	for _, code := range codes {
		c.CancellationReasons = append(c.CancellationReasons, types.CancellationReason{Code: awssdk.String(code), Message: awssdk.String("Item size")})
	}
	return c
}

func TestPassing_repeats_a_transaction_that_only_met_another(t *testing.T) {
	for _, c := range []struct {
		err  error
		want awssdk.Ternary
	}{
		{errors.New("else"), awssdk.UnknownTernary},
		{&types.TransactionConflictException{}, awssdk.TrueTernary},
		{cancelledBy("None", "TransactionConflict"), awssdk.TrueTernary},
		{cancelledBy("ThrottlingError", "ProvisionedThroughputExceeded"), awssdk.TrueTernary},
		{cancelledBy("TransactionConflict", "ConditionalCheckFailed"), awssdk.FalseTernary},
		{cancelledBy("ValidationError"), awssdk.FalseTernary},
		{cancelledBy("None"), awssdk.FalseTernary},
	} {
		if got := passing(c.err); got != c.want {
			t.Errorf("%v: want %v, got %v", c.err, c.want, got)
		}
	}
}

func TestUnavailable_says_what_to_do(t *testing.T) {
	s := &Store{table: awssdk.String("t")}
	api := func(code, message string) error { return &smithy.GenericAPIError{Code: code, Message: message} }
	kept, known := &broker.Conflict{What: "x"}, fault.New(fault.NotFound, "x")
	for _, c := range []struct {
		err    error
		code   fault.Code
		detail string
	}{
		{api("ResourceNotFoundException", ""), fault.StoreUnavailable, "table is not there"},
		{api("AccessDeniedException", ""), fault.StoreUnavailable, "rights of its role"},
		{api("UnrecognizedClientException", ""), fault.StoreUnavailable, "credentials"},
		{api("ThrottlingException", ""), fault.StoreUnavailable, "throttled"},
		{cancelledBy("TransactionConflict"), fault.StoreUnavailable, "throttled"},
		{cancelledBy("None", "ValidationError"), fault.TooLarge, "does not fit"},
		{api("ValidationException", "Item size has exceeded"), fault.TooLarge, "does not fit"},
		{api("ValidationException", "else"), fault.StoreUnavailable, "its keys and its indexes"},
		{api("else", ""), fault.StoreUnavailable, "the log has the reason"},
		{fmt.Errorf("get identity: %w", credentialsError{errors.New("no role")}), fault.StoreUnavailable, "has no AWS credentials"},
		{context.DeadlineExceeded, fault.StoreUnavailable, "in time"},
	} {
		f := fault.As(s.unavailable("reading", c.err))
		if f.Code != c.code || !strings.Contains(f.Detail, c.detail) || !errors.Is(f, c.err) {
			t.Errorf("%v: got %v", c.err, f)
		}
	}
	for _, err := range []error{nil, kept, known} {
		if d := cmp.Diff(err, s.unavailable("reading", err)); d != "" {
			t.Errorf("want (-), got (+):\n%s", d)
		}
	}
}

// FuzzRows finds no content of a row that is read with a panic, or whose times
// are read as others than they say.
func FuzzRows(f *testing.F) {
	f.Add("REG", "P#a", `{"name":"a"}`, `{"state":"HEALTHY"}`, "2026-03-01T12:00:00.000000000Z", int64(3))
	f.Add("LIVE", "P#a#read", "", "", "x", int64(-1))
	f.Add("POOL#a", "H#h", "null", "{", "", int64(0))
	f.Fuzz(func(t *testing.T, pk, sk, doc, health, stamp string, n int64) {
		text := func(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }
		item := keyOf(schema.Key{PK: pk, SK: sk})
		item[attrDoc], item[attrHealth], item[attrNextCheckAt] = text(doc), text(health), text(stamp)
		item[attrOpenUntil], item[attrMinute(0)] = text(stamp), &types.AttributeValueMemberN{Value: stamp}
		item[attrVersion] = &types.AttributeValueMemberN{Value: "1"}
		r, err := parseRow(item)
		if err != nil {
			t.Fatal(err) // text is what all of it was
		}
		if v, err := viewOf(r); err == nil && stamp != "" {
			want, perr := time.Parse(time.RFC3339Nano, stamp)
			if perr != nil || !v.NextCheckAt.Equal(want) {
				t.Errorf("%q was read as %v", stamp, v.NextCheckAt)
			}
		}
		if l, err := leaseOfItem(item); err == nil && l.Version != 1 {
			t.Errorf("got version %d", l.Version)
		}
		if _, r, err := parseLive(item); err == nil {
			live := r.live()
			if live.Calls(time.Unix(n, 0)) != 0 {
				t.Error("calls without a count")
			}
		}
	})
}

func TestSigned_leaves_the_expression_as_it_was(t *testing.T) {
	e := newExpression()
	e.add(attrN, 1)
	one, two := e.signed("a"), e.signed("b")
	if *e.update() != "ADD #n :0" || e.condition() != nil || len(e.names) != 1 || len(e.values) != 1 {
		t.Errorf("the expression became %+v", e)
	}
	if *one.update() != *two.update() || *one.update() != "SET #by = :1 ADD #n :0" {
		t.Errorf("got %q and %q", *one.update(), *two.update())
	}
	if *one.condition() != "(attribute_not_exists(#by) OR #by <> :2)" {
		t.Errorf("got %q", *one.condition())
	}
}

func TestSnapshotCache_keeps_none_that_was_read_before_a_change(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for name, change := range map[string]func(*snapshotCache){
		"a provider": func(c *snapshotCache) { c.forget() },
		"a breaker":  func(c *snapshotCache) { c.note(schema.Key{PK: "LIVE", SK: "P#a#read"}, liveRow{}) },
		"none":       func(*snapshotCache) {},
	} {
		c := &snapshotCache{fresh: time.Second, stale: time.Minute}
		read := c.seen()
		change(c)
		c.keep(&taken{at: now}, read)
		if fresh, _ := c.get(now); (fresh != nil) != (name == "none") {
			t.Errorf("a change of %s: kept is %v", name, fresh != nil)
		}
	}
}
