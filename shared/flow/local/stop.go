package local

import (
	"context"
	"fmt"
	"maps"
	"slices"
)

// Stop starts no more executions, drops those queued, and waits for those
// running until ctx ends. Then it cancels them, waits for their end, which is
// prompt, and returns an error that wraps that of ctx.
func (r *Runner) Stop(ctx context.Context) error {
	cut := 0
	for _, x := range r.drain() {
		if x.wait(ctx) != nil {
			x.cancel(ErrStopped)
			<-x.done
			cut++
		}
	}
	if cut > 0 {
		return fmt.Errorf("stopping: %d executions were cut short: %w", cut, ctx.Err())
	}
	return nil
}

// drain closes the door and returns those inside.
func (r *Runner) drain() []*execution {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.stopped {
		r.stopped = true
		close(r.stopping)
	}
	return slices.Collect(maps.Values(r.executions))
}
