package runtimeapi

import (
	"context"
	"slices"
	"sync"
	"time"
)

// pool holds the processes of one function. A place is held by each that is at
// work or starting; idle ones hold none, and no other is started while there
// is one, so that there are never more processes than places.
type pool struct {
	server   *Server
	function Function
	places   chan struct{}

	mu   sync.Mutex
	idle []*process // the one that was used last is at the end
}

// enter takes a place, waiting for one until ctx ends.
func (p *pool) enter(ctx context.Context) error {
	select {
	case p.places <- struct{}{}:
		return nil
	case <-p.server.closed:
		return errClosed
	case <-ctx.Done():
		return ctx.Err() //nolint:wrapcheck // the caller's own reason
	}
}

func (p *pool) leave() { <-p.places }

// take returns the idle process that was used last, and nil when there is
// none.
func (p *pool) take() *process {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.idle)
	if n == 0 {
		return nil
	}
	x := p.idle[n-1]
	p.idle = p.idle[:n-1]
	x.expiry.Stop()
	return x
}

// put makes x idle. One that nobody takes in time is ended.
func (p *pool) put(x *process) {
	p.mu.Lock()
	defer p.mu.Unlock()
	x.expiry = time.AfterFunc(p.server.opt.IdleAfter, func() {
		if p.remove(x) {
			x.kill()
		}
	})
	p.idle = append(p.idle, x)
}

// remove takes x out, if it is idle.
func (p *pool) remove(x *process) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.Index(p.idle, x)
	if i < 0 {
		return false
	}
	p.idle = slices.Delete(p.idle, i, i+1)
	x.expiry.Stop()
	return true
}
