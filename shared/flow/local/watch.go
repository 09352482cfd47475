package local

import "context"

// Running reports whether an execution of that name is queued or running.
func (r *Runner) Running(name string) bool { return r.named(name) != nil }

// RunningOperation reports whether an execution about that operation is queued
// or running, under whatever name.
func (r *Runner) RunningOperation(id string) bool { return r.about(id) != nil }

// Wait returns when the execution of that name has ended, at once when there
// is none, or with the error of ctx. How it ended is in the ledger.
func (r *Runner) Wait(ctx context.Context, name string) error {
	return r.named(name).wait(ctx)
}

// WaitOperation returns when no execution about that operation is left, or
// with the error of ctx.
func (r *Runner) WaitOperation(ctx context.Context, id string) error {
	for x := r.about(id); x != nil; x = r.about(id) {
		if err := x.wait(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (r *Runner) named(name string) *execution {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.executions[name]
}

func (r *Runner) about(id string) *execution {
	r.mu.Lock()
	defer r.mu.Unlock()
	if all := r.operations[id]; len(all) > 0 {
		return all[0]
	}
	return nil
}

// wait waits for x; a nil x has ended. An execution that has ended is no
// error, though ctx has ended too.
func (x *execution) wait(ctx context.Context) error {
	if x == nil {
		return nil
	}
	select {
	case <-x.done:
		return nil
	case <-ctx.Done():
	}
	select {
	case <-x.done:
		return nil
	default:
		return ctx.Err()
	}
}
