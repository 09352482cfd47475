package statictest

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/openhostfactory/ohfp/shared/broker"
)

var (
	_ broker.LeaseBook     = (*Book)(nil)
	_ broker.LeaseBook     = (*Faulty)(nil)
	_ broker.MachineReader = (*Records)(nil)
)

// Book is a lease book in memory. The zero value is empty and ready.
type Book struct {
	mu   sync.Mutex
	held map[[2]string]broker.Lease // by provider and host
	last int64                      // versions are never used again
}

// Leases returns the leases of a provider, by host.
func (b *Book) Leases(ctx context.Context, provider string) ([]broker.Lease, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var list []broker.Lease
	for key, l := range b.held {
		if key[0] == provider {
			list = append(list, l)
		}
	}
	slices.SortFunc(list, func(x, y broker.Lease) int { return cmp.Compare(x.Host, y.Host) })
	return list, ctx.Err()
}

// TakeLease is a conditional write.
func (b *Book) TakeLease(ctx context.Context, l broker.Lease) (broker.Lease, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return broker.Lease{}, err
	}
	key := [2]string{l.Provider, l.Host}
	if there := b.held[key]; there.Version != l.Version {
		return broker.Lease{}, &broker.Conflict{What: "the lease of " + l.Host, Current: there}
	}
	if b.held == nil {
		b.held = map[[2]string]broker.Lease{}
	}
	b.last++
	l.Version = b.last
	b.held[key] = l
	return l, nil
}

// DropLease is a conditional delete.
func (b *Book) DropLease(ctx context.Context, provider, host, machineID string) (bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return false, err
	}
	key := [2]string{provider, host}
	l, ok := b.held[key]
	if !ok || l.MachineID != machineID {
		return false, nil
	}
	delete(b.held, key)
	return true, nil
}

// ErrReply is a reply that was lost.
var ErrReply = errors.New("the connection to the store broke")

// Faulty is a lease book whose answers can be lost. Its knobs may be turned
// while it is used.
type Faulty struct {
	broker.LeaseBook
	mu    sync.Mutex
	knobs Knobs
	taken int
}

// Knobs say what a [Faulty] does. The zero value does nothing.
type Knobs struct {
	Blind      bool // reads fail
	LoseFrom   int  // the n-th write of a lease, and later ones, happen and lose their answer; 0: none
	RefuseFrom int  // the n-th write of a lease, and later ones, do not happen, and nobody is told; 0: none
	LoseDrops  bool // leases are dropped and the answer is lost
	FailDrops  bool // leases are not dropped
}

// Turn sets the knobs and counts writes from here.
func (f *Faulty) Turn(k Knobs) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.knobs, f.taken = k, 0
}

func (f *Faulty) now() Knobs {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.knobs
}

// Leases fails when the book is blind.
func (f *Faulty) Leases(ctx context.Context, provider string) ([]broker.Lease, error) {
	if f.now().Blind {
		return nil, ErrReply
	}
	return f.LeaseBook.Leases(ctx, provider)
}

// TakeLease loses what the knobs say.
func (f *Faulty) TakeLease(ctx context.Context, l broker.Lease) (broker.Lease, error) {
	f.mu.Lock()
	f.taken++
	n, k := f.taken, f.knobs
	f.mu.Unlock()
	if k.RefuseFrom > 0 && n >= k.RefuseFrom {
		return broker.Lease{}, ErrReply
	}
	stored, err := f.LeaseBook.TakeLease(ctx, l)
	if err == nil && k.LoseFrom > 0 && n >= k.LoseFrom {
		return broker.Lease{}, ErrReply
	}
	return stored, err
}

// DropLease loses what the knobs say.
func (f *Faulty) DropLease(ctx context.Context, provider, host, machineID string) (bool, error) {
	k := f.now()
	if k.FailDrops {
		return false, ErrReply
	}
	dropped, err := f.LeaseBook.DropLease(ctx, provider, host, machineID)
	if k.LoseDrops {
		return false, ErrReply
	}
	return dropped, err
}

// Records is the broker's own record of machines, in memory. The zero value is
// empty and ready.
type Records struct {
	mu    sync.Mutex
	known map[string]broker.Machine
	err   error
}

// Record stores machines; one whose stored status is final stays as it is.
func (r *Records) Record(machines ...broker.Machine) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.known == nil {
		r.known = map[string]broker.Machine{}
	}
	for _, m := range machines {
		if !r.known[m.ID].Status.Final() {
			r.known[m.ID] = m
		}
	}
}

// Fail makes every look-up fail with err, nil: no more.
func (r *Records) Fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.err = err
}

// Machines returns those of ids that are known.
func (r *Records) Machines(_ context.Context, ids []string) ([]broker.Machine, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var list []broker.Machine
	for _, id := range ids {
		if m, ok := r.known[id]; ok {
			list = append(list, m)
		}
	}
	return list, r.err
}

// OwnedMachines returns machines of a provider that are not in a final status.
func (r *Records) OwnedMachines(_ context.Context, provider string, limit int) ([]broker.Machine, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var list []broker.Machine
	for _, m := range r.known {
		if m.Provider == provider && !m.Status.Final() {
			list = append(list, m)
		}
	}
	slices.SortFunc(list, func(x, y broker.Machine) int { return cmp.Compare(x.ID, y.ID) })
	return list[:min(len(list), limit)], r.err
}
