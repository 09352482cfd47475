package static

import (
	"context"
	"sync"
)

// tokens makes calls with one token follow one another. The zero value is
// ready.
type tokens struct {
	mu   sync.Mutex
	held map[string]chan struct{} // closed when the holder is done
}

// hold waits for the token and returns how to let it go, or ctx's error.
func (t *tokens) hold(ctx context.Context, token string) (func(), error) {
	for {
		busy := t.take(token)
		if busy == nil {
			return func() { t.release(token) }, nil
		}
		select {
		case <-busy:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// take returns nil when the token is ours now, else what closes when its
// holder is done.
func (t *tokens) take(token string) <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	if busy, ok := t.held[token]; ok {
		return busy
	}
	if t.held == nil {
		t.held = map[string]chan struct{}{}
	}
	t.held[token] = make(chan struct{})
	return nil
}

func (t *tokens) release(token string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	close(t.held[token])
	delete(t.held, token)
}
