package quota

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
)

// counted is what counts against a limit.
type counted struct {
	use   broker.Use
	exist int // machines of other operations that hold nothing
	own   int // machines that the operation which counts has already
	but   string
}

func (c *counted) room(l Limit) broker.Room {
	return broker.Room{Free: max(0, l.most-c.exist-c.own-c.use.Reserved(c.but)), Limit: l.most}
}

// count counts what is used but by one operation, and first ends holds that are
// over where they would be missed.
func (b Book) count(ctx context.Context, l Limit, but string, least int) (counted, error) {
	c, err := b.look(ctx, l, but)
	if err != nil {
		return c, err
	}
	mended, err := b.mend(ctx, l, &c, c.room(l).Free < least)
	if err != nil || !mended {
		return c, err
	}
	return b.look(ctx, l, but)
}

// look counts what is used and ends nothing.
func (b Book) look(ctx context.Context, l Limit, but string) (counted, error) {
	c, err := b.reserved(ctx, l, but)
	if err != nil {
		return c, err
	}
	return c, b.tally(ctx, l, &c)
}

// reserved reads what is reserved, and no machines.
func (b Book) reserved(ctx context.Context, l Limit, but string) (counted, error) {
	u, err := b.Uses.Use(ctx, l.scope)
	if err != nil {
		return counted{}, fmt.Errorf("reading what is reserved of %q: %w", l.scope, err)
	}
	return counted{use: u, but: but}, nil
}

// tally adds the machines, which must be read after what is reserved: a hold
// that ends in between has recorded its machines before, and says so by the
// count of ends, on which a reservation is conditional.
func (b Book) tally(ctx context.Context, l Limit, c *counted) error {
	for _, provider := range l.providers {
		owned, err := b.Owned.Owned(ctx, provider)
		if err != nil {
			return fmt.Errorf("reading the machines of %q: %w", provider, err)
		}
		for _, m := range owned {
			if l.template == "" || l.template == m.TemplateID {
				c.add(m.OperationID)
			}
		}
	}
	return nil
}

// add counts a machine of an operation. A hold is for all machines of its
// operation, those that are there and those to come.
func (c *counted) add(operation string) {
	_, holds := c.use.Holds[operation]
	switch {
	case c.but != "" && operation == c.but:
		c.own++
	case !holds:
		c.exist++
	}
}

// ClaimWithin is how soon after it has begun to reserve an operation must be
// stored: longer than a request lives. Later its hold may be taken for one of a
// dead process, and it must not be stored.
const ClaimWithin = 30 * time.Second

// How old a hold is before it is looked at: when the limit is reached, and
// otherwise; and when it is over if its operation is not stored.
const (
	doubted   = 10 * time.Second
	old       = 5 * time.Minute
	claimTime = 2 * ClaimWithin
)

// mostMended bounds how many holds one count looks at, the oldest first.
const mostMended = 20

// mend ends holds that are over.
func (b Book) mend(ctx context.Context, l Limit, c *counted, reached bool) (mended bool, err error) {
	lapsed, err := b.lapsed(ctx, l, c, reached)
	for _, operation := range lapsed {
		if err := b.release(ctx, l, operation, c.use.Holds[operation]); err != nil {
			return mended, err
		}
		mended = true
	}
	return mended, err
}

// lapsed names operations that do not need their holds any more. Who took them
// died before it could give them back.
func (b Book) lapsed(ctx context.Context, l Limit, c *counted, reached bool) (operations []string, err error) {
	age := old
	if reached {
		age = doubted
	}
	for _, operation := range oldest(c.use.Holds, c.but, b.Now().Add(-age)) {
		over, err := b.over(ctx, l, operation, c.use.Holds[operation])
		if err != nil {
			return operations, err
		}
		if over {
			operations = append(operations, operation)
		}
	}
	return operations, nil
}

// oldest names the operations whose holds are from before a time.
func oldest(holds map[string]broker.Hold, but string, before time.Time) (operations []string) {
	for operation, h := range holds {
		if operation != but && !h.Since.After(before) {
			operations = append(operations, operation)
		}
	}
	slices.SortFunc(operations, func(x, y string) int {
		if c := holds[x].Since.Compare(holds[y].Since); c != 0 {
			return c
		}
		return strings.Compare(x, y)
	})
	return operations[:min(len(operations), mostMended)]
}

// over reports whether nothing that the ledger does not show can come of a hold
// any more.
func (b Book) over(ctx context.Context, l Limit, operation string, h broker.Hold) (bool, error) {
	ledger, err := b.Ledger.Ledger(ctx, operation)
	if fault.Is(err, fault.NotFound) {
		return b.Now().Sub(h.Since) > claimTime, nil
	}
	if err != nil {
		return false, fmt.Errorf("reading operation %s: %w", operation, err)
	}
	if !ledger.Operation.Status.Open() {
		return true, nil
	}
	if l.provider == "" {
		return false, nil
	}
	return !slices.ContainsFunc(ledger.Attempts, func(a broker.Attempt) bool {
		return a.Provider == l.provider && a.Undoes == 0 && a.State.Reserves()
	}), nil
}
