package dispatch

import (
	"context"
	"errors"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/metrics"
)

// recorded reports whether an outcome was stored: what another worker has
// recorded, or nobody, is not counted here.
func recorded(err error) bool {
	t, named := errors.AsType[*fault.Task](err)
	return err == nil || named && t.Name != fault.ASLSuperseded
}

// measure counts a recorded attempt that has ended, in one write. It comes
// after the record: a crash in between loses a count, and none is counted
// twice. Counters are evidence, not truth, so one that cannot be written is
// logged and keeps nobody.
func (s Service) measure(ctx context.Context, j *job, e *ending) {
	row, ok := s.counted(j, e)
	if !ok {
		return
	}
	s.say(ctx, j, &row, e)
	if err := s.Metrics.AddMetric(ctx, row.Stored(e.attempt.Provider)); err != nil {
		s.Log.WarnContext(ctx, "counting an attempt failed", "provider", e.attempt.Provider, "operation_id", j.work.OperationID, "error", err)
	}
}

// say tells the log how an attempt ended. Where the functions live, that is what
// can be asked about one provider: metrics by provider would be billed each.
func (s Service) say(ctx context.Context, j *job, row *metrics.Row, e *ending) {
	c := &row.Counters
	if c.Total == 0 {
		return // machines that were found of one that had ended before
	}
	outcome := "failed"
	switch {
	case c.Partial > 0:
		outcome = "partial"
	case c.Succeeded > 0:
		outcome = "succeeded"
	}
	s.Log.InfoContext(ctx, "an attempt ended", "provider", e.attempt.Provider, "operation_id", j.work.OperationID, "operation_type", row.Operation,
		"outcome", outcome, "class", e.evidence, "duration_ms", took(j, s.Now()).Milliseconds(), "machines", c.Machines)
}

// counted is what an ending adds to the row of its minute. An attempt whose
// effect is not known counts as the failure that it was to its caller; the
// machines that are found of it later are added alone. One that goes on
// filling has not ended.
func (s Service) counted(j *job, e *ending) (metrics.Row, bool) {
	a, now := &e.attempt, s.Now()
	made := 0
	if j.ledger.Operation.Type == broker.CreateInstances && a.State == broker.Confirmed {
		made = min(a.Confirmed, a.Count) // the last machine may have brought more units than were asked for
	}
	switch {
	case a.State.Reserves() && a.State != broker.UnknownEffect:
		return metrics.Row{}, false
	case j.before.State == broker.UnknownEffect:
		return metrics.Found(j.ledger.Operation.Type, made, now), made > 0
	}
	return s.event(j, e, now, made).Delta(), true
}

func (s Service) event(j *job, e *ending, now time.Time, made int) metrics.Event {
	a := &e.attempt
	v := metrics.Event{
		Operation: j.ledger.Operation.Type, Ended: now, Duration: took(j, now), SlowCall: j.slow,
		Timeout: time.Duration(j.work.DriverTimeoutMS) * time.Millisecond,
		Class:   e.evidence, Code: a.Code, Message: a.Message, Machines: made,
	}
	if v.Operation == broker.CreateInstances {
		v.Wanted = a.Count
	}
	return v
}

// took is how long the provider worked: since the call, or since the first one
// where what it accepted took time to fill.
func took(j *job, now time.Time) time.Duration {
	began := j.began
	if j.before.State == broker.Sent && j.before.Continuation != nil {
		began = j.before.SentAt
	}
	if began.IsZero() {
		return 0
	}
	return now.Sub(began)
}
