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
// each other do not refuse each other.
func (s *Store) ApplyLive(ctx context.Context, key broker.LiveKey, w broker.LiveWrite) (broker.Live, error) {
	k := schema.LiveKey(key)
	r, _ := s.lives.get(k)
	sure := false
	for range liveTries {
		before := r.live()
		e, err := liveUpdate(w, &r)
		if err != nil {
			return broker.Live{}, s.unavailable("changing a breaker", err)
		}
		if _, holds := w.Apply(before); sure && !holds {
			return broker.Live{}, conflict(before, "breaker of provider %q for class %s", key.Provider, key.Class)
		}
		if e == nil { // only the row can say what to write
			r, err = s.readLive(ctx, k)
		} else {
			var done bool
			if r, done, err = s.tryLive(ctx, k, e); done {
				return r.live(), nil
			}
		}
		if err != nil {
			return broker.Live{}, err
		}
		sure = true
	}
	return broker.Live{}, fault.New(fault.StoreUnavailable, "The breaker of provider %q is changed by others faster than it can be written.", key.Provider)
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
