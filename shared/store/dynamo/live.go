package dynamo

import (
	"context"
	"errors"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/store/schema"
)

// liveCache holds rows of breakers. The store's own one has each as this process
// saw it last: a guess, and every write states in its condition what it took
// for granted.
type liveCache struct {
	mu   sync.Mutex
	seen map[schema.Key]liveRow
}

func (c *liveCache) get(k schema.Key) (liveRow, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r, ok := c.seen[k]
	return r, ok
}

func (c *liveCache) set(k schema.Key, r liveRow) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.seen == nil {
		c.seen = map[schema.Key]liveRow{}
	}
	c.seen[k] = r
}

func (c *liveCache) forget(k schema.Key) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.seen, k)
}

// liveTries bounds how often a write is adapted to what others wrote
// meanwhile. Only a change of what its condition names makes it fail, and each
// failure is another's success.
const liveTries = 64

// ApplyLive carries w out on a breaker's row and returns the row after it.
// *Conflict with the stored Live when w's condition does not hold.
//
// It is one UpdateItem that states the change and the condition of its kind
// (live_write.go). How it is written depends on the row, of which the newest
// one that this process saw is taken: which slot a call counts in, what a
// state becomes. When that was not the row, the refusal brings the row, and
// the same is written as that one needs it. Calls that begin and end beside
// each other do not refuse each other. A change of state is a transaction with
// its event.
func (s *Store) ApplyLive(ctx context.Context, key broker.LiveKey, w broker.LiveWrite) (broker.Live, error) {
	r, _ := s.lives.get(schema.LiveKey(key))
	for try := range liveTries {
		before := r.live()
		if _, holds := w.Apply(before); try > 0 && !holds {
			return broker.Live{}, conflict(before, "breaker of provider %q for class %s", key.Provider, key.Class)
		}
		var done bool
		var err error
		if r, done, err = s.writeLive(ctx, key, w, r); err != nil {
			return broker.Live{}, err
		}
		if done {
			return r.live(), nil
		}
	}
	return broker.Live{}, fault.New(fault.StoreUnavailable, "The breaker of provider %q is changed by others faster than it can be written.", key.Provider)
}

// writeLive writes w to a row that is taken to be r. It returns the row after
// it, or, not done, the row as it is.
func (s *Store) writeLive(ctx context.Context, key broker.LiveKey, w broker.LiveWrite, r liveRow) (liveRow, bool, error) {
	e, err := liveUpdate(w, &r)
	if err != nil {
		return r, false, s.unavailable("changing a breaker", err)
	}
	k := schema.LiveKey(key)
	if e == nil { // only the row can say what to write
		r, err = s.readLive(ctx, k)
		return r, false, err
	}
	before := r.live()
	after, _ := w.Apply(before)
	if events := broker.LiveEvents(key, &before, &after); len(events) > 0 {
		r.rest, r.rest.InFlight = after, nil
		return s.tellLive(ctx, k, write{change: &k, e: e}, events, r)
	}
	return s.tryLive(ctx, k, e)
}

// tellLive changes the state of a row, with the event of it. The row after it
// is read: a transaction does not return it. When another moved it on since,
// it is taken to be expected.
func (s *Store) tellLive(ctx context.Context, k schema.Key, w write, events []broker.Event, expected liveRow) (liveRow, bool, error) {
	w.refused = func(item attributes) error { return &refusal{item: item} }
	err := s.transact(ctx, "changing a breaker", append([]write{w}, telling(events)...))
	if refused, no := errors.AsType[*refusal](err); no {
		_, r, err := parseLive(refused.item)
		return r, false, s.unavailable("reading a breaker", err)
	}
	if err != nil {
		return expected, false, err
	}
	r, err := s.readLive(ctx, k)
	if err != nil || r.rest.Epoch != expected.rest.Epoch || r.rest.State != expected.rest.State {
		s.lives.forget(k)
		s.snapshot.forget()
		return expected, true, nil //nolint:nilerr // the change is made, whatever can be read of it
	}
	s.lives.set(k, r)
	s.snapshot.note(k, r)
	return r, true, nil
}

// tryLive returns the row after the update, or, not done, the one that refused it.
func (s *Store) tryLive(ctx context.Context, k schema.Key, e *expression) (r liveRow, done bool, err error) {
	item, err := s.update(ctx, k, e, types.ReturnValueAllNew)
	refused, no := errors.AsType[*refusal](err)
	if no {
		item, err = refused.item, nil
	}
	if err != nil {
		return r, false, err
	}
	if _, r, err = parseLive(item); err != nil {
		return r, false, s.unavailable("reading a breaker", err)
	}
	s.lives.set(k, r)
	if !no {
		s.snapshot.note(k, r)
	}
	return r, !no, nil
}

func (s *Store) readLive(ctx context.Context, k schema.Key) (r liveRow, err error) {
	item, err := s.get(ctx, k)
	if err != nil {
		return r, err
	}
	_, r, err = parseLive(item)
	return r, s.unavailable("reading a breaker", err)
}
