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
	changes int64 // of this process: what was read before one is not kept after it
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

// get returns what is kept, or nil when it is older than age at now.
func (c *snapshotCache) get(now time.Time, age time.Duration) (*taken, int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kept == nil {
		return nil, c.changes
	}
	if old := now.Sub(c.kept.at); old < 0 || old > age {
		return nil, c.changes
	}
	return c.kept, c.changes
}

func (c *snapshotCache) keep(t *taken, changes int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.changes == changes {
		c.kept = t
	}
}

// Snapshot returns what selection reads about all providers: read now, or up
// to Options.SnapshotAge ago by this process. When the table cannot be read it
// is up to Options.StaleFor old: TakenAt says so, and a stale one may cost a
// wasted attempt, never a call through an open breaker.
func (s *Store) Snapshot(ctx context.Context) (broker.Snapshot, error) {
	kept, changes := s.snapshot.get(s.now(), s.snapshot.fresh)
	if kept != nil {
		return s.assemble(kept)
	}
	t, err := s.take(ctx)
	if err == nil {
		s.snapshot.keep(t, changes)
		return s.assemble(t)
	}
	if kept, _ = s.snapshot.get(s.now(), s.snapshot.stale); kept != nil && fault.Is(err, fault.StoreUnavailable) && ctx.Err() == nil {
		return s.assemble(kept)
	}
	return broker.Snapshot{}, err
}

func (s *Store) take(ctx context.Context) (*taken, error) {
	t := &taken{at: s.now().UTC()}
	var err error
	if t.registry, err = s.rows(ctx, query{pk: schema.RegistryPK, limit: everything}); err != nil {
		return nil, err
	}
	items, err := s.ask(ctx, query{pk: schema.LivePK, limit: everything, hint: true})
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
	for _, r := range t.registry {
		if err := addToSnapshot(&snap, t, r); err != nil {
			return broker.Snapshot{}, s.unavailable("reading the snapshot", err)
		}
	}
	slices.SortFunc(snap.Providers, func(a, b broker.ProviderView) int { return strings.Compare(a.Name, b.Name) })
	return snap, nil
}

func addToSnapshot(snap *broker.Snapshot, t *taken, r row) (err error) {
	if r.key() == schema.ConfigKey() {
		snap.Config, err = decode[broker.StrategyConfig](r)
		return err
	}
	v, err := viewOf(r)
	if err != nil {
		return err
	}
	for _, class := range []string{broker.ClassMutate, broker.ClassRead} {
		if l, ok := t.lives.get(schema.LiveKey(broker.LiveKey{Provider: v.Name, Class: class})); ok {
			if v.Live == nil {
				v.Live = map[string]broker.Live{}
			}
			v.Live[class] = l.live()
		}
	}
	snap.Providers = append(snap.Providers, v)
	return nil
}
