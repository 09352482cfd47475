package dynamo

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/store/schema"
)

// taken is what a snapshot is made of, as read at a time. What this process
// does to a breaker afterwards is put into it.
type taken struct {
	at       time.Time
	registry []row
	lives    liveCache
}

// snapshotCache keeps the newest one. A process sees its own changes at once,
// and another's when the snapshot is too old.
type snapshotCache struct {
	fresh, stale time.Duration // how old it may be; and when the table cannot be read

	mu      sync.Mutex
	kept    *taken
	failed  time.Time // when the table could not be read; zero: it could
	changes int64     // of this process: what was read before one is not kept after it
}

func (c *snapshotCache) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.changes++
	c.kept = nil
}

// note puts a breaker's new row into what is kept.
func (c *snapshotCache) note(k schema.Key, l liveRow) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.changes++
	if c.kept != nil {
		c.kept.lives.set(k, l)
	}
}

// get returns what is kept at now, if it is fresh; and if it may at least
// stand in for a table that cannot be read. For a while after it could not be,
// the stale counts as fresh: not every caller waits for the same failure.
func (c *snapshotCache) get(now time.Time) (fresh, stale *taken) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kept != nil && within(now.Sub(c.kept.at), c.stale) {
		stale = c.kept
	}
	failing := !c.failed.IsZero() && within(now.Sub(c.failed), c.fresh)
	if stale != nil && (failing || within(now.Sub(stale.at), c.fresh)) {
		fresh = stale
	}
	return fresh, stale
}

// within reports whether something is not older than it may be; what lies in
// the future was noted by a clock that went back since.
func within(age, limit time.Duration) bool { return age >= 0 && age <= limit }

// seen is how many changes a snapshot that is read from now on knows of.
func (c *snapshotCache) seen() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.changes
}

func (c *snapshotCache) keep(t *taken, changes int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failed = time.Time{}
	if c.changes == changes {
		c.kept = t
	}
}

func (c *snapshotCache) fail(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failed = now
}

// Snapshot returns what selection reads about all providers: read now, or up
// to Options.SnapshotAge ago by this process. When the table cannot be read it
// is up to Options.StaleFor old: TakenAt says so, and a stale one may cost a
// wasted attempt, never a call through an open breaker.
func (s *Store) Snapshot(ctx context.Context) (broker.Snapshot, error) {
	fresh, stale := s.snapshot.get(s.now())
	if fresh != nil {
		return s.handOut(fresh)
	}
	if stale == nil {
		return s.readSnapshot(ctx, hinted)
	}
	soon, cancel := context.WithTimeout(ctx, s.patience)
	defer cancel()
	snap, err := s.readSnapshot(soon, hinted)
	if fault.Is(err, fault.StoreUnavailable) && ctx.Err() == nil {
		s.snapshot.fail(s.now())
		return s.handOut(stale)
	}
	return snap, err
}

// FreshSnapshot returns the same, read now and strongly. It never falls back
// on what is kept.
func (s *Store) FreshSnapshot(ctx context.Context) (broker.Snapshot, error) {
	snap, err := s.readSnapshot(ctx, strongly)
	if fault.Is(err, fault.StoreUnavailable) && ctx.Err() == nil {
		s.snapshot.fail(s.now())
	}
	return snap, err
}

// handOut makes a snapshot of what is kept.
func (s *Store) handOut(t *taken) (broker.Snapshot, error) {
	snap, err := s.assemble(t)
	snap.Kept = true
	return snap, err
}

// How breakers are read: those of a hint may be a little old, for half the
// price.
const (
	hinted   = true
	strongly = false
)

// readSnapshot reads one and keeps it.
func (s *Store) readSnapshot(ctx context.Context, hint bool) (broker.Snapshot, error) {
	changes := s.snapshot.seen()
	t, err := s.take(ctx, hint)
	if err != nil {
		return broker.Snapshot{}, err
	}
	s.snapshot.keep(t, changes)
	return s.assemble(t)
}

func (s *Store) take(ctx context.Context, hint bool) (*taken, error) {
	t := &taken{at: s.now().UTC()}
	var err error
	if t.registry, err = s.rows(ctx, query{pk: schema.RegistryPK, limit: everything}); err != nil {
		return nil, err
	}
	items, err := s.ask(ctx, query{pk: schema.LivePK, limit: everything, hint: hint})
	if err != nil {
		return nil, err
	}
	for _, item := range items {
		k, l, err := parseLive(item)
		if err != nil {
			return nil, s.unavailable("reading the snapshot", err)
		}
		t.lives.set(k, l)
	}
	return t, nil
}

// assemble makes a snapshot that shares nothing with what is kept.
func (s *Store) assemble(t *taken) (broker.Snapshot, error) {
	snap := broker.Snapshot{TakenAt: t.at, Config: broker.DefaultConfig()}
	blocks := map[string][]broker.Block{}
	for _, r := range t.registry {
		if err := addToSnapshot(&snap, blocks, r); err != nil {
			return broker.Snapshot{}, s.unavailable("reading the snapshot", err)
		}
	}
	for i := range snap.Providers {
		p := &snap.Providers[i]
		p.Attach(t.livesOf(p.Name), blocks[p.Name], t.at)
	}
	slices.SortFunc(snap.Providers, func(a, b broker.ProviderView) int { return strings.Compare(a.Name, b.Name) })
	return snap, nil
}

func addToSnapshot(snap *broker.Snapshot, blocks map[string][]broker.Block, r row) (err error) {
	switch {
	case r.key() == schema.ConfigKey():
		snap.Config, err = schema.DecodeConfig(r.item())
		return err
	case r.key().IsBlock():
		b, err := decode[schema.BlockRow](r)
		blocks[b.Provider] = append(blocks[b.Provider], b.Block)
		return err
	}
	v, err := viewOf(r)
	snap.Providers = append(snap.Providers, v)
	return err
}

// livesOf returns the live rows of a provider by class.
func (t *taken) livesOf(provider string) map[string]broker.Live {
	rows := map[string]broker.Live{}
	for _, class := range []string{broker.ClassMutate, broker.ClassRead} {
		if l, ok := t.lives.get(schema.LiveKey(broker.LiveKey{Provider: provider, Class: class})); ok {
			rows[class] = l.live()
		}
	}
	return rows
}
