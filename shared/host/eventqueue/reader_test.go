package eventqueue_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/host/eventqueue"
	"github.com/openhostfactory/ohfp/shared/host/eventqueue/sqstest"
)

const warning = `{"version":"0","id":"e-1","detail-type":"EC2 Spot Instance Interruption Warning","source":"aws.ec2","account":"123456789012",` +
	`"time":"2026-03-01T12:00:00Z","region":"us-east-2","resources":["arn:aws:ec2:us-east-2:123456789012:instance/i-1234567890abcdef0"],` +
	`"detail":{"instance-id":"i-1234567890abcdef0","instance-action":"terminate"}}`

// clock moves when it is told to.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// site is a queue whose time runs as fast as its readers find it empty: each
// answer without a message is five seconds later.
type site struct {
	*sqstest.Queue
	*testing.T

	clock   *clock
	lots    *lots
	log     *bytes.Buffer
	readers []*eventqueue.Reader
	ended   sync.WaitGroup
	stop    context.CancelFunc
	ctx     context.Context //nolint:containedctx // of the readers, until stop
}

func newSite(t *testing.T, moveAt int) *site {
	t.Helper()
	c := &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	s := &site{T: t, clock: c, lots: newLots(), Queue: sqstest.Start(t, sqstest.Options{Now: c.Now, Longest: 5 * time.Millisecond, MoveAt: moveAt}), log: &bytes.Buffer{}}
	s.ctx, s.stop = context.WithCancel(t.Context())
	t.Cleanup(s.end)
	return s
}

func (s *site) end() {
	s.stop()
	s.ended.Wait()
}

// lots draw which reader is next. One at a time has a whole round, up to the
// next time that it asks the queue, and the next is drawn when all of them ask:
// what happens is the same however slow one of them is.
type lots struct {
	mu      sync.Mutex
	rng     *rand.Rand
	readers int
	asking  map[int]chan struct{} // closed for who is drawn
}

func newLots() *lots {
	return &lots{rng: rand.New(rand.NewPCG(1, 2)), asking: map[int]chan struct{}{}}
}

// ask returns when reader n is drawn, or ctx has ended.
func (l *lots) ask(ctx context.Context, n int) {
	drawn := make(chan struct{})
	l.mu.Lock()
	l.asking[n] = drawn
	if len(l.asking) == l.readers {
		next := l.rng.IntN(l.readers)
		close(l.asking[next])
		delete(l.asking, next)
	}
	l.mu.Unlock()
	select {
	case <-drawn:
	case <-ctx.Done():
	}
}

// ticking is SQS with the site's time and lots, for reader n.
type ticking struct {
	*sqs.Client
	clock *clock
	lots  *lots
	n     int
}

func (c ticking) ReceiveMessage(ctx context.Context, in *sqs.ReceiveMessageInput, with ...func(*sqs.Options)) (*sqs.ReceiveMessageOutput, error) {
	c.lots.ask(ctx, c.n)
	out, err := c.Client.ReceiveMessage(ctx, in, with...)
	if err == nil && len(out.Messages) == 0 {
		c.clock.advance(5 * time.Second)
	}
	return out, err
}

// ledger is what a broker has recorded.
type ledger struct {
	clock  *clock
	mu     sync.Mutex
	bodies []string
	last   time.Time                 // that something was recorded
	answer func(n int) (bool, error) // to the n-th call
	pauses []time.Duration
}

func knows(int) (bool, error)   { return true, nil }
func ignores(int) (bool, error) { return false, nil }

func (l *ledger) record(_ context.Context, body []byte) (bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.bodies, l.last = append(l.bodies, string(body)), l.clock.Now()
	return l.answer(len(l.bodies))
}

func (l *ledger) calls() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.bodies)
}

func (l *ledger) pause(_ context.Context, d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pauses = append(l.pauses, d)
}

// read has a broker read the queue until it is empty.
func (s *site) read(answer func(int) (bool, error)) *ledger {
	s.Helper()
	l := &ledger{answer: answer, clock: s.clock}
	client := sqs.New(sqs.Options{
		Region: "us-west-2", BaseEndpoint: new(s.Endpoint()), Retryer: awssdk.NopRetryer{},
		Credentials: awssdk.CredentialsProviderFunc(func(context.Context) (awssdk.Credentials, error) {
			return awssdk.Credentials{AccessKeyID: "AKID", SecretAccessKey: "of the double"}, nil
		}),
	})
	r, err := eventqueue.New(eventqueue.Options{
		URL: s.URL(), Client: ticking{client, s.clock, s.lots, s.lots.readers}, Record: l.record, Pause: l.pause, Log: slog.New(slog.NewJSONHandler(s.log, nil)),
	})
	if err != nil {
		s.Fatal(err)
	}
	s.readers = append(s.readers, r)
	s.lots.readers++
	return l
}

// empty has all readers begin, waits until the queue holds nothing and is asked
// again, so that whoever emptied it has seen to his answer, and ends them.
func (s *site) empty() {
	s.Helper()
	for _, r := range s.readers {
		s.ended.Go(func() { r.Run(s.ctx) })
	}
	s.await(func() bool { return s.Left() == 0 })
	asked := s.Calls("ReceiveMessage")
	s.await(func() bool { return s.Calls("ReceiveMessage") > asked })
	s.end()
}

func (s *site) await(ok func() bool) {
	s.Helper()
	for deadline := time.Now().Add(time.Minute); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			s.Fatalf("%d messages are left", s.Left())
		}
	}
}

func TestAnEventIsRecordedAndThenDeleted(t *testing.T) {
	s := newSite(t, 0)
	s.Send(warning)
	l := s.read(knows)
	s.empty()
	var got map[string]any
	if err := json.Unmarshal([]byte(l.bodies[0]), &got); err != nil || len(l.bodies) != 1 {
		t.Fatalf("%v, %d bodies", err, len(l.bodies))
	}
	want := map[string]any{
		"event_id": "e-1", "source": "aws.ec2", "detail_type": "EC2 Spot Instance Interruption Warning", "account": "123456789012",
		"region": "us-east-2", "time": "2026-03-01T12:00:00Z", "resources": []any{"arn:aws:ec2:us-east-2:123456789012:instance/i-1234567890abcdef0"},
		"detail": map[string]any{"instance-id": "i-1234567890abcdef0", "instance-action": "terminate"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("body (-want +got):\n%s", diff)
	}
	if s.log.Len() > 0 {
		t.Errorf("log:\n%s", s.log)
	}
}

func TestManyEventsAreReadInBatches(t *testing.T) {
	s := newSite(t, 0)
	for range 95 {
		s.Send(warning)
	}
	l := s.read(knows)
	s.empty()
	if l.calls() != 95 || s.Calls("DeleteMessageBatch") != 10 {
		t.Errorf("%d records, %d deletions", l.calls(), s.Calls("DeleteMessageBatch"))
	}
}

// What was recorded and could not be deleted, or was received by nobody because
// the answer was lost, comes again.
func TestNothingIsDeletedThatWasNotRecorded(t *testing.T) {
	for _, c := range []struct {
		action  string
		trouble sqstest.Trouble
		records int
	}{
		{"ReceiveMessage", sqstest.Trouble{Lose: true, Times: 2}, 1},
		{"ReceiveMessage", sqstest.Trouble{Refuse: "OverLimit", Status: 403, Times: 3}, 1},
		{"DeleteMessageBatch", sqstest.Trouble{Refuse: "InternalError", Status: 500, Times: 1}, 2},
		{"DeleteMessageBatch", sqstest.Trouble{Lose: true, Times: 1}, 1}, // it had its effect
	} {
		t.Run(c.action+" "+c.trouble.Refuse, func(t *testing.T) {
			s := newSite(t, 0)
			s.Trouble(c.action, c.trouble)
			s.Send(warning)
			l := s.read(knows)
			s.empty()
			if l.calls() != c.records || len(l.pauses) < 1 {
				t.Errorf("%d records, want %d; pauses %v", l.calls(), c.records, l.pauses)
			}
		})
	}
}

func TestAnEventStaysWhileTheStoreIsAway(t *testing.T) {
	s := newSite(t, 0)
	s.Send(warning)
	l := s.read(func(n int) (bool, error) {
		if n < 40 { // more often than what is senseless or nobody's
			return false, fault.New(fault.StoreUnavailable, "The store is away.")
		}
		return true, nil
	})
	s.empty()
	if l.calls() != 40 {
		t.Errorf("%d records", l.calls())
	}
}

func TestPausesGrowAndEnd(t *testing.T) {
	s := newSite(t, 0)
	s.Trouble("ReceiveMessage", sqstest.Trouble{Refuse: "AccessDenied", Status: 403, Times: 9})
	s.Send(warning)
	l := s.read(knows)
	s.empty()
	var seconds []int
	for _, d := range l.pauses {
		seconds = append(seconds, int(d.Seconds()))
	}
	if diff := cmp.Diff([]int{1, 2, 4, 8, 16, 32, 60, 60, 60}, seconds); diff != "" {
		t.Errorf("pauses (-want +got):\n%s", diff)
	}
}

func TestAnEventOfAnothersMachineIsLeftForHim(t *testing.T) {
	s := newSite(t, 0)
	for range 20 {
		s.Send(warning)
	}
	others := s.read(ignores)
	owner := s.read(knows)
	s.empty()
	if owner.calls() != 20 || others.calls() == 0 {
		t.Errorf("the owner recorded %d of 20, the other was asked %d times", owner.calls(), others.calls())
	}
}

func TestAnEventOfNobodysMachineIsDeletedInTheEnd(t *testing.T) {
	s := newSite(t, 0)
	s.Send(warning)
	began := s.clock.Now()
	l := s.read(ignores)
	s.empty()
	if took := l.last.Sub(began); l.calls() != 20 || took < 90*time.Second || took > 5*time.Minute {
		t.Errorf("%d times in %s", l.calls(), took)
	}
}

func TestWhatIsNoEventIsDeletedAfterSomeTries(t *testing.T) {
	refuses := func(int) (bool, error) { return false, fault.Invalid("source", "it is not of EC2") }
	for name, body := range map[string]string{
		"no JSON": "a secret", "no object": `["a secret"]`, "another shape": `{"source": ["a secret"]}`,
		"another event": strings.Replace(warning, "aws.ec2", "a secret", 1), "nothing": "{}",
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, 0)
			s.Send(body, body)
			s.read(refuses)
			s.empty()
			if n := strings.Count(s.log.String(), "\n"); n != 4 || strings.Contains(s.log.String(), "secret") {
				t.Errorf("%d lines, want one at first and one in the end of each:\n%s", n, s.log)
			}
		})
	}
}

func TestAQueueThatMovesSenselessMessagesAwayKeepsThem(t *testing.T) {
	s := newSite(t, 3)
	s.Send("what is this?", warning)
	l := s.read(knows)
	s.empty()
	if diff := cmp.Diff([]string{"what is this?"}, s.Dead()); diff != "" || l.calls() != 1 {
		t.Errorf("%d records, moved away (-want +got):\n%s", l.calls(), diff)
	}
}

func TestAnErrorOfOursIsNoFaultOfTheEvent(t *testing.T) {
	s := newSite(t, 0)
	s.Send(warning)
	l := s.read(func(n int) (bool, error) {
		if n < 8 {
			return false, errors.New("a mistake of ours")
		}
		return true, nil
	})
	s.empty()
	if l.calls() != 8 {
		t.Errorf("%d calls", l.calls())
	}
}

func TestAReaderThatLacksSomethingIsNotMade(t *testing.T) {
	if _, err := eventqueue.New(eventqueue.Options{URL: "https://sqs.us-west-2.amazonaws.com/1/q"}); err == nil {
		t.Error("it was made")
	}
}
