package quota

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
)

// Ledger reads what became of an operation.
type Ledger interface {
	// Ledger returns an operation with its attempts. not_found.
	Ledger(ctx context.Context, id string) (broker.Ledger, error)
}

// Book keeps limits. It is safe for concurrent use, by any number of processes
// on one store.
type Book struct {
	Uses   broker.UseBook
	Owned  broker.OwnedReader
	Ledger Ledger
	Now    func() time.Time
}

// Store is what a Book is kept in.
type Store interface {
	broker.UseBook
	broker.OwnedReader
	Ledger
}

// Over is the Book of a store.
func Over[S Store](s S, now func() time.Time) Book {
	return Book{Uses: s, Owned: s, Ledger: s, Now: now}
}

// Limit is a limit on machines.
type Limit struct {
	scope     string
	most      int
	providers []string // whose machines may count
	template  string   // that they are made from; "": any
	provider  string   // that attempts are made at; "": the limit is held for whole operations
}

// OfProvider is max_machines of a provider: of all machines there. It is held
// for the operation's attempt there.
func OfProvider(name string, most int) Limit {
	return Limit{scope: "provider " + name, most: most, providers: []string{name}, provider: name}
}

// OfTemplate is max_number of a template: of the machines made from it at these
// providers, which are all that there are. It is held until the operation ends.
func OfTemplate(id string, most int, providers []string) Limit {
	return Limit{scope: "template " + id, most: most, providers: providers, template: id}
}

// Wish is what an operation wants of a limit.
type Wish struct {
	Operation string
	Run       int // of its attempt; 0 where the limit is held for the operation
	Count     int
	Least     int // fewer are of no use; 0: one is
}

// reserveTries bounds how often a count is taken again because others ended or
// took something meanwhile; each time is their success.
const reserveTries = 32

// Reserve keeps as much of the limit for an operation as there is room for, at
// most w.Count, and returns how much that is: 0 when there is no room for
// w.Least, with the room that there is. What the operation had reserved before
// is replaced; the machines that it has already stay, and are held with the new
// ones, for those of an operation that holds are not counted. store_unavailable
// when others are faster.
func (b Book) Reserve(ctx context.Context, l Limit, w Wish) (int, broker.Room, error) {
	for range reserveTries {
		c, err := b.count(ctx, l, w.Operation, max(w.Least, 1))
		if err != nil {
			return 0, broker.Room{}, err
		}
		if room := c.room(l); room.Free < max(w.Least, 1) {
			return 0, room, nil
		}
		after, err := b.Uses.ApplyUse(ctx, l.scope, broker.UseWrite{
			Kind: broker.UseReserve, Operation: w.Operation, Hold: broker.Hold{Count: w.Count + c.own, Run: w.Run, Since: b.Now().UTC()},
			Least: max(w.Least, 1) + c.own, Room: l.most - c.exist, Ends: c.use.Ends,
		})
		if conflict := new(broker.Conflict); errors.As(err, &conflict) {
			continue
		}
		if err != nil {
			return 0, broker.Room{}, fmt.Errorf("reserving of %q: %w", l.scope, err)
		}
		return after.Holds[w.Operation].Count - c.own, c.room(l), nil
	}
	return 0, broker.Room{}, fault.New(fault.StoreUnavailable, "The limit of %s is used by others faster than it can be reserved.", l.scope)
}

// ReleaseTemplate gives back what an operation has reserved of its template.
func (b Book) ReleaseTemplate(ctx context.Context, o *broker.Operation) error {
	return b.Release(ctx, OfTemplate(o.TemplateID, 0, nil), o.ID, 0)
}

// Release gives back what an operation has reserved, after its machines were
// recorded by a run. What a later run has reserved stays.
func (b Book) Release(ctx context.Context, l Limit, operation string, run int) error {
	u, err := b.Uses.Use(ctx, l.scope)
	if err != nil {
		return fmt.Errorf("reading what is reserved of %q: %w", l.scope, err)
	}
	h, held := u.Holds[operation]
	if !held || h.Run > run {
		return nil
	}
	return b.release(ctx, l, operation, h)
}

// Room returns what a limit leaves.
func (b Book) Room(ctx context.Context, l Limit) (broker.Room, error) {
	c, err := b.count(ctx, l, "", 1)
	return c.room(l), err
}

// Left is Room of each of many limits for who may only read: holds that are over
// are left out, and stay. A scheduler that is told of no room asks for nothing, so
// that nobody would end them. The machines of a provider are read once, however
// many limits they may count against.
func (b Book) Left(ctx context.Context, limits ...Limit) ([]broker.Room, error) {
	b.Owned = once{b.Owned, map[string][]broker.Owned{}}
	all := make([]counted, len(limits))
	for i, l := range limits { // before the machines; see tally
		var err error
		if all[i], err = b.reserved(ctx, l, ""); err != nil {
			return nil, err
		}
	}
	rooms := make([]broker.Room, len(limits))
	for i, l := range limits {
		if err := b.leaveOut(ctx, l, &all[i]); err != nil {
			return nil, err
		}
		rooms[i] = all[i].room(l)
	}
	return rooms, nil
}

// leaveOut counts the machines, and leaves holds that are over out of c. What
// became of those was recorded before the machines were read.
func (b Book) leaveOut(ctx context.Context, l Limit, c *counted) error {
	if err := b.tally(ctx, l, c); err != nil {
		return err
	}
	lapsed, err := b.lapsed(ctx, l, c, c.room(l).Free < 1)
	if err != nil || len(lapsed) == 0 {
		return err
	}
	for _, operation := range lapsed {
		delete(c.use.Holds, operation)
	}
	c.exist, c.own = 0, 0
	return b.tally(ctx, l, c)
}

// once reads the machines of each provider once.
type once struct {
	broker.OwnedReader
	read map[string][]broker.Owned
}

// Owned is for one goroutine.
func (o once) Owned(ctx context.Context, provider string) ([]broker.Owned, error) {
	if owned, ok := o.read[provider]; ok {
		return owned, nil
	}
	owned, err := o.OwnedReader.Owned(ctx, provider)
	if err == nil {
		o.read[provider] = owned
	}
	return owned, err //nolint:wrapcheck // as the reader itself
}

// release ends a hold unless it has changed.
func (b Book) release(ctx context.Context, l Limit, operation string, h broker.Hold) error {
	_, err := b.Uses.ApplyUse(ctx, l.scope, broker.UseWrite{Kind: broker.UseRelease, Operation: operation, Hold: h})
	if c := new(broker.Conflict); errors.As(err, &c) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("releasing what %s has reserved of %q: %w", operation, l.scope, err)
	}
	return nil
}
