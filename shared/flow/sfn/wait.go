package sfn

import (
	"context"
	"fmt"
	"time"

	"github.com/openhostfactory/ohfp/shared/fault"
)

// An operation is looked at soon, then less and less often: 40 ms, 60, 90, …,
// 1 s. The shortest ones take a few tens of milliseconds, and one of 25 s is
// read about thirty times.
const (
	firstLook = 40 * time.Millisecond
	lastLook  = time.Second
)

// tolerated is how many readings in a row may fail: a store's hiccup is not
// the end of an operation.
const tolerated = 3

// WaitOperation returns when the workflow of an operation has ended: when the
// execution that was begun here has, however it did, else when the ledger
// shows a final status. Errors are those of ctx, not_found, and what the
// ledger says when it cannot be read time after time.
func (f *Flows) WaitOperation(ctx context.Context, id string) error {
	x := f.begun(id)
	if x == nil {
		return f.watch(ctx, id)
	}
	select {
	case <-x.done:
		x.forget()
		return nil
	case <-ctx.Done():
		return ctx.Err() //nolint:wrapcheck // the caller's own reason
	}
}

func (f *Flows) watch(ctx context.Context, id string) error {
	failed := 0
	for pause := firstLook; ; pause = min(pause*3/2, lastLook) {
		if err := sleep(ctx, pause); err != nil {
			return err
		}
		ended, err := f.ended(ctx, id)
		switch {
		case ended:
			return nil
		case err == nil:
			failed = 0
		case ctx.Err() != nil:
			return ctx.Err() //nolint:wrapcheck // the caller's own reason
		case failed == tolerated || fault.Is(err, fault.NotFound):
			return err
		default:
			failed++
		}
	}
}

func (f *Flows) ended(ctx context.Context, id string) (bool, error) {
	l, err := f.opt.Ledger.Ledger(ctx, id)
	if err != nil {
		return false, fmt.Errorf("reading operation %s: %w", id, err)
	}
	return !l.Operation.Status.Open(), nil
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err() //nolint:wrapcheck // the caller's own reason
	}
}
