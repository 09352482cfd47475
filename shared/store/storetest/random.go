package storetest

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
)

// testRandom runs random sequences of verbs, with restarts between them,
// against the store and the model: they must answer alike, and hold the same
// at the end.
func testRandom(t *testing.T, open Open) {
	dir, n := t.TempDir(), 0
	rapid.Check(t, func(r *rapid.T) {
		n++
		d := &duel{T: r, tb: t, clock: &clock{t: start}, dir: filepath.Join(dir, fmt.Sprint(n)), open: open}
		d.real, d.model = open(t, d.dir, d.clock.now), NewMemory(d.clock.now)
		defer func() {
			if err := d.real.Close(); err != nil {
				r.Errorf("closing: %v", err)
			}
		}()
		r.Repeat(d.actions())
		d.compareAll()
		d.compareEvents()
		d.compareAudit()
	})
}

// duel is a store and the model side by side.
type duel struct {
	*rapid.T
	tb     testing.TB
	clock  *clock
	dir    string
	open   Open
	real   Store
	model  *Memory
	newest time.Time // of the operations: two are never made at once
}

func (d *duel) actions() map[string]func(*rapid.T) {
	return map[string]func(*rapid.T){
		"":                d.compareSome,
		"advance":         d.advance,
		"restart":         d.restart,
		"prune":           d.prune,
		"put provider":    d.putProvider,
		"delete provider": d.deleteProvider,
		"put config":      d.putConfig,
		"record health":   d.recordHealth,
		"claim check":     d.claimCheck,
		"record caps":     d.recordCapabilities,
		"claim sweep":     d.claimSweep,
		"record sweep":    d.recordSweep,
		"adopt machine":   d.adoptMachine,
		"apply live":      d.applyLive,
		"apply block":     d.applyBlock,
		"apply use":       d.applyUse,
		"add metric":      d.addMetric,
		"put metric":      d.putMetric,
		"put digest":      d.putDigest,
		"put template":    d.putTemplate,
		"delete template": d.deleteTemplate,
		"ticket":          d.ticket,
		"claim key":       d.claimKey,
		"finish key":      d.finishKey,
		"drop key":        d.dropKey,
		"claim operation": d.claimOperation,
		"mark sent":       d.markSent,
		"record outcome":  d.recordOutcome,
		"take step":       d.takeStep,
		"note machine":    d.noteMachine,
		"take lease":      d.takeLease,
		"drop lease":      d.dropLease,
	}
}

// answer is what a verb said, in a form that compares.
type answer struct {
	Value   any
	Code    fault.Code
	Current any
}

func said(value any, err error) answer {
	if err == nil {
		return answer{Value: value}
	}
	if c, ok := errors.AsType[*broker.Conflict](err); ok {
		return answer{Current: c.Current}
	}
	return answer{Code: fault.As(err).Code}
}

// both fails unless store and model answer alike.
func (d *duel) both(do func(Store) (any, error)) {
	d.Helper()
	want, got := said(do(d.model)), said(do(d.real))
	unstored := cmpopts.IgnoreFields(broker.Actor{}, "Operation")
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), rawJSON(), unstored); diff != "" {
		d.Fatalf("model (-), store (+):\n%s", diff)
	}
}

// done is both for verbs that answer nothing.
func (d *duel) done(do func(Store) error) {
	d.Helper()
	d.both(func(s Store) (any, error) { return nil, do(s) })
}

func pick[T any](r *rapid.T, label string, from ...T) T {
	return rapid.SampledFrom(from).Draw(r, label)
}

func (d *duel) provider(r *rapid.T) string { return pick(r, "provider", "a", "b", "a-b") }
func (d *duel) op(r *rapid.T) string       { return pick(r, "operation", "op-1", "op-2", "op-3") }

func (d *duel) advance(r *rapid.T) {
	seconds := rapid.IntRange(1, 40*3600).Draw(r, "seconds")
	if pick(r, "a season", false, false, false, true) {
		seconds += 30 * 24 * 3600
	}
	d.clock.advance(time.Duration(seconds) * time.Second)
}

// prune deletes on both sides, where the store does not do so by itself.
func (d *duel) prune(r *rapid.T) {
	p, ok := d.real.(Pruner)
	if !ok {
		return
	}
	if _, err := p.Prune(r.Context(), 10_000); err != nil {
		d.Fatalf("pruning: %v", err)
	}
	if _, err := d.model.Prune(r.Context(), 0); err != nil {
		d.Fatal(err)
	}
}

// restart is rarer than the verbs: it costs as much as a hundred of them.
func (d *duel) restart(r *rapid.T) {
	if pick(r, "really", true, false, false) {
		d.reopen()
	}
}

// reopen takes a second: what is told at one moment by two processes is in no
// order.
func (d *duel) reopen() {
	d.clock.advance(time.Second)
	if err := d.real.Close(); err != nil {
		d.Fatalf("closing: %v", err)
	}
	d.real = d.open(d.tb, d.dir, d.clock.now)
}

func (d *duel) putProvider(r *rapid.T) {
	g := registration(d.provider(r))
	g.Version, g.Priority = int64(rapid.IntRange(0, 3).Draw(r, "version")), rapid.IntRange(0, 9).Draw(r, "priority")
	g.Actor = d.asker(r)
	d.both(func(s Store) (any, error) { return s.PutProvider(r.Context(), g) })
}

func (d *duel) recordCapabilities(r *rapid.T) {
	name, c := d.provider(r), capabilities(rapid.Bool().Draw(r, "gpu"), d.moment(r, "verified"))
	d.done(func(s Store) error { return s.RecordCapabilities(r.Context(), name, c) })
}

func (d *duel) claimSweep(r *rapid.T) {
	name, next := d.provider(r), d.moment(r, "next")
	seen := pick(r, "seen", time.Time{}, d.nextSweep(name))
	d.both(func(s Store) (any, error) { return s.ClaimSweep(r.Context(), name, seen, next) })
}

func (d *duel) nextSweep(name string) time.Time {
	if p, ok := d.model.providers[name]; ok {
		return p.view.NextSweepAt
	}
	return time.Time{}
}

func (d *duel) recordSweep(r *rapid.T) {
	name, found := d.provider(r), sweep(pick(r, "found", "m", "n"), d.moment(r, "at"))
	d.done(func(s Store) error { return s.RecordSweep(r.Context(), name, found) })
	d.both(func(s Store) (any, error) { return s.Sweep(r.Context(), name) })
}

func (d *duel) adoptMachine(r *rapid.T) {
	m := machine(fmt.Sprintf("m-%02d", rapid.IntRange(0, 50).Draw(r, "machine")), "a", pick(r, "status", broker.MachineRunning, broker.MachineTerminated))
	m.LaunchTime, m.UpdatedAt = d.clock.now(), d.clock.now()
	d.both(func(s Store) (any, error) { return s.AdoptMachine(r.Context(), m) })
}

func (d *duel) deleteProvider(r *rapid.T) {
	name, version, by := d.provider(r), int64(rapid.IntRange(1, 2).Draw(r, "version")), d.asker(r)
	d.done(func(s Store) error { return s.DeleteProvider(r.Context(), name, version, by) })
}

func (d *duel) putConfig(r *rapid.T) {
	c := configuration()
	c.Version, c.Mode = int64(rapid.IntRange(0, 3).Draw(r, "version")), pick(r, "mode", broker.ModeOpen, broker.ModeFrozen)
	c.Actor = d.asker(r)
	d.both(func(s Store) (any, error) { return s.PutConfig(r.Context(), c) })
	d.both(func(s Store) (any, error) { return s.StrategyConfig(r.Context()) })
}

func (d *duel) moment(r *rapid.T, label string) time.Time {
	return d.clock.now().Add(time.Duration(rapid.IntRange(-90, 90).Draw(r, label)) * time.Minute)
}

func (d *duel) recordHealth(r *rapid.T) {
	name := d.provider(r)
	h := health(pick(r, "state", broker.Healthy, broker.Degraded, broker.Unhealthy), pick(r, "message", "", "x"), d.moment(r, "checked"))
	h.Scheduled, h.Source = rapid.Bool().Draw(r, "scheduled"), pick(r, "source", "", "", "monitor")
	if h.Source != "" {
		h.Actor, h.Until = d.asker(r), d.moment(r, "until")
	}
	d.both(func(s Store) (any, error) { return s.RecordHealth(r.Context(), name, h) })
}

func (d *duel) claimCheck(r *rapid.T) {
	name, now, next := d.provider(r), d.clock.now(), d.moment(r, "next")
	seen := pick(r, "seen", time.Time{}, at(time.Minute), d.nextCheck(name))
	d.both(func(s Store) (any, error) { return s.ClaimCheck(r.Context(), name, seen, now, next) })
}

func (d *duel) nextCheck(name string) time.Time {
	if p, ok := d.model.providers[name]; ok {
		return p.view.NextCheckAt
	}
	return time.Time{}
}

func (d *duel) applyLive(r *rapid.T) {
	key := broker.LiveKey{Provider: d.provider(r), Class: pick(r, "class", broker.ClassMutate, broker.ClassRead)}
	now := d.clock.now()
	w := broker.LiveWrite{
		Kind: pick(r, "kind", broker.LiveBegin, broker.LiveProbe, broker.LiveEnd, broker.LiveReset, broker.LiveTrip, broker.LiveLocal,
			broker.LivePass, broker.LiveFail, broker.LiveRelease, broker.LiveClear,
			broker.LiveAllow, broker.LiveForce, broker.LiveLift, broker.LiveDelay),
		Now: now, Started: now, Epoch: int64(rapid.IntRange(0, 4).Draw(r, "epoch")), Attempt: pick(r, "attempt", "x", "y"),
		Expires: now.Add(time.Minute), Permits: rapid.IntRange(1, 2).Draw(r, "permits"), OpenUntil: d.moment(r, "open until"),
		Reason: "because", Source: "somebody", Threshold: rapid.IntRange(1, 2).Draw(r, "threshold"),
		Good: rapid.Bool().Draw(r, "good"), Bad: rapid.Bool().Draw(r, "bad"),
		Try:  pick(r, "try", "", broker.FirstTry, broker.Retry),
		Slow: rapid.Bool().Draw(r, "slow"), Returned: rapid.Bool().Draw(r, "returned"),
	}
	if rapid.Bool().Draw(r, "delays") {
		w.NotBefore = d.moment(r, "not before")
	}
	d.both(func(s Store) (any, error) { return s.ApplyLive(r.Context(), key, w) })
}

func (d *duel) putTemplate(r *rapid.T) {
	g := template(pick(r, "template", "s", "m", "l"))
	g.Version, g.Image, g.Actor = int64(rapid.IntRange(0, 2).Draw(r, "version")), pick(r, "image", "i", "j"), d.asker(r)
	d.both(func(s Store) (any, error) { return s.PutTemplate(r.Context(), g) })
}

func (d *duel) deleteTemplate(r *rapid.T) {
	id, by := pick(r, "template", "s", "m", "l"), d.asker(r)
	d.done(func(s Store) error { return s.DeleteTemplate(r.Context(), id, by) })
}

func (d *duel) ticket(r *rapid.T) {
	scope := pick(r, "scope", "x", "y")
	d.both(func(s Store) (any, error) { return s.Ticket(r.Context(), scope) })
}

func (d *duel) key(r *rapid.T) broker.KeyRecord {
	rec := keyRecord(broker.Key{Principal: pick(r, "principal", "ada", "a#b"), Operation: "o", Key: pick(r, "key", "k", "l")})
	rec.Hash = pick(r, "hash", "h1", "h2")
	rec.LeaseUntil, rec.ExpiresAt = d.moment(r, "lease"), d.moment(r, "expiry")
	return rec
}

func (d *duel) claimKey(r *rapid.T) {
	rec, now := d.key(r), d.clock.now()
	d.done(func(s Store) error { return s.ClaimKey(r.Context(), rec, now) })
}

func (d *duel) finishKey(r *rapid.T) {
	rec := d.key(r)
	rec.Done, rec.Status, rec.Answer = true, 200, []byte("answer")
	d.done(func(s Store) error { return s.FinishKey(r.Context(), rec) })
}

func (d *duel) dropKey(r *rapid.T) {
	k := d.key(r).Key
	d.done(func(s Store) error { return s.DropKey(r.Context(), k) })
}

func (d *duel) takeLease(r *rapid.T) {
	l := lease("a", pick(r, "host", "h1", "h2"), pick(r, "machine", "m1", "m2"))
	l.Version = int64(rapid.IntRange(0, 4).Draw(r, "version"))
	d.both(func(s Store) (any, error) { return s.TakeLease(r.Context(), l) })
}

func (d *duel) dropLease(r *rapid.T) {
	host, m := pick(r, "host", "h1", "h2"), pick(r, "machine", "m1", "m2")
	d.both(func(s Store) (any, error) { return s.DropLease(r.Context(), "a", host, m) })
}
