package command

import (
	"context"
	"log/slog"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/trace"
)

// Bounds of what is told of one decision: the calls that follow are to be told
// as well.
const (
	toldProviders = 24
	toldVerdicts  = 48
)

// tell says what a choice read and decided, to who asked: one line for the
// snapshot and one for each provider of it, one for each verdict, and one for
// the ticket. None holds what the request carries.
func (s Service) tell(ctx context.Context, c *choice) {
	r := trace.From(ctx)
	if r == nil || c == nil {
		return
	}
	c.tellSnapshot(ctx, r)
	verdicts := c.result.Verdicts()
	for _, v := range verdicts[:min(len(verdicts), toldVerdicts)] {
		r.Add(ctx, "verdict", slog.String("provider", v.Provider), slog.Int("rank", v.Rank), slog.String("rule", v.Rule), slog.String("value", v.Value),
			slog.String("threshold", v.Threshold), slog.Int64("data_age_ms", v.DataAgeMS), slog.String("detail", v.Detail))
	}
	if c.ticket != nil {
		r.Add(ctx, "ticket", slog.String("scope", c.result.Scope()), slog.Int64("number", *c.ticket))
	}
	if ranked := c.result.Ranked(); len(ranked) > 0 {
		r.Add(ctx, "decision", slog.String("policy", string(c.result.Policy())), slog.Any("ranked", ranked), slog.String("reason", c.result.Reason()))
	}
}

func (c *choice) tellSnapshot(ctx context.Context, r *trace.Recorder) {
	snap := &c.snapshot
	r.Add(ctx, "snapshot", slog.String("version", c.result.Version()), slog.Time("taken_at", snap.TakenAt), slog.Bool("kept", snap.Kept),
		slog.Int("providers", len(snap.Providers)), slog.Int64("config_version", snap.Config.Version))
	for i := range snap.Providers[:min(len(snap.Providers), toldProviders)] {
		p := &snap.Providers[i]
		mutate, read := p.Live[broker.ClassMutate], p.Live[broker.ClassRead]
		r.Add(ctx, "provider", slog.String("provider", p.Name), slog.String("health", string(p.HealthAt(snap.TakenAt).State)),
			slog.String("breaker_mutate", string(p.BreakerAt(broker.ClassMutate, &snap.Config.Breaker, snap.TakenAt))),
			slog.String("breaker_read", string(p.BreakerAt(broker.ClassRead, &snap.Config.Breaker, snap.TakenAt))),
			slog.Int64("in_flight", mutate.Calls(snap.TakenAt)+read.Calls(snap.TakenAt)),
			slog.Int("priority", p.Priority), slog.Int("weight", p.Weight), slog.Time("checked_at", p.Health.CheckedAt))
	}
}

// tellLedger says how the attempts of an operation stand, to who asked.
func tellLedger(ctx context.Context, l *broker.Ledger) {
	r := trace.From(ctx)
	if r == nil {
		return
	}
	for i := range l.Attempts {
		a := &l.Attempts[i]
		r.Add(ctx, "attempt", slog.Int("attempt", a.N), slog.Int("run", a.Run), slog.String("provider", a.Provider), slog.String("state", string(a.State)),
			slog.String("class", string(a.Class)), slog.Int("tries", a.Tries), slog.Int("count", a.Count), slog.Int("confirmed", a.Confirmed))
	}
	r.Add(ctx, "operation", slog.String("operation_id", l.Operation.ID), slog.String("status", string(l.Operation.Status)))
}
