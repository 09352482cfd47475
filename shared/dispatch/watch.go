package dispatch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/fulfilment"
	"github.com/openhostfactory/ohfp/shared/providers"
)

// Snapshots reads all providers as they are now.
type Snapshots interface {
	FreshSnapshot(ctx context.Context) (broker.Snapshot, error)
}

// Turns gives a turn to one of several brokers that share a store.
type Turns interface {
	ClaimKey(ctx context.Context, r broker.KeyRecord, now time.Time) error
}

// Watch looks at the machines of providers that take machines back by
// themselves, for a broker to which nobody brings events of them. It notes what
// stops, ends or is about to be taken. What comes up is noted by whoever waits
// for it, and what a provider does not show any more is left to the search for
// machines, which asks twice.
type Watch struct {
	Service
	Registry Snapshots
	Turns    Turns
	Every    time.Duration // between two looks
}

// mostWatched is how many machines of a provider are looked at.
const mostWatched = 10_000

// Round looks once at each provider that has machines, that wants to be called
// and that no other broker on the store looks at. A look that fails changes
// nothing and keeps no other from it: it is logged.
func (w Watch) Round(ctx context.Context) {
	snap, err := w.Registry.FreshSnapshot(ctx)
	if err != nil {
		w.failed(ctx, "", fmt.Errorf("reading the registry: %w", err))
		return
	}
	for i := range snap.Providers {
		p := &snap.Providers[i]
		if !w.Drivers.Traits(p.Kind).TakesBack || p.HeldBack(w.Now()) || w.Now().Before(p.NotBefore) {
			continue
		}
		if err := w.provider(ctx, p.Name); err != nil {
			w.failed(ctx, p.Name, err)
		}
	}
}

func (w Watch) failed(ctx context.Context, provider string, err error) {
	if ctx.Err() == nil {
		w.Log.WarnContext(ctx, "looking at machines failed; what is known of them stays", "provider", provider, "error", err.Error())
	}
}

// provider looks at the machines of one provider.
func (w Watch) provider(ctx context.Context, name string) error {
	owned, err := w.Machines.OwnedMachines(ctx, name, mostWatched)
	if err != nil {
		return fmt.Errorf("reading the machines: %w", err)
	}
	if len(owned) == 0 {
		return nil
	}
	mine, err := w.turn(ctx, name)
	if err != nil || !mine {
		return err
	}
	began := w.Now()
	now, err := w.look(ctx, name, idsOf(owned))
	if err != nil {
		return err
	}
	news := newsOf(owned, now, began)
	open, err := w.open(ctx, news)
	if err != nil {
		return err
	}
	return w.note(ctx, news, open)
}

// turn reports whether the look is this broker's. The claim is over before the
// next look is due, so that whoever looked may look again.
func (w Watch) turn(ctx context.Context, provider string) (bool, error) {
	now := w.Now()
	r := broker.KeyRecord{Key: broker.Key{Principal: "broker", Operation: "watch", Key: provider}, ExpiresAt: now.Add(w.Every * 3 / 4), LeaseUntil: now.Add(w.Every * 3 / 4)}
	err := w.Turns.ClaimKey(ctx, r, now)
	if _, taken := errors.AsType[*broker.Conflict](err); taken {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("taking the turn: %w", err)
	}
	return true, nil
}

// look asks the provider. What it takes is bounded by the time to the next one.
func (w Watch) look(ctx context.Context, name string, ids []string) ([]broker.Machine, error) {
	r, err := w.Registrations.Provider(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("reading the registration: %w", err)
	}
	d, err := w.Drivers.Driver(r)
	if err != nil {
		return nil, fmt.Errorf("opening the driver: %w", err)
	}
	watcher, ok := d.(providers.Watcher)
	if !ok {
		return nil, fmt.Errorf("the kind %q takes machines back and cannot say which", r.Kind)
	}
	ctx, cancel := context.WithTimeout(ctx, w.Every)
	defer cancel()
	return safely(ctx, w.Service, func() ([]broker.Machine, error) { return watcher.Watch(ctx, ids) })
}

// sign is what was seen of a machine.
type sign struct {
	machine broker.Machine // as it is recorded
	note    broker.MachineNote
}

// newsOf are the machines of which something was seen that is not recorded.
func newsOf(owned, now []broker.Machine, at time.Time) []sign {
	recorded := map[string]broker.Machine{}
	for _, m := range owned {
		recorded[m.ID] = m
	}
	var news []sign
	for _, m := range now {
		was, known := recorded[m.ID]
		s := sign{was, broker.MachineNote{Status: m.Status, Message: m.Message, At: at, ReclaimAt: m.ReclaimAt}}
		if m.Status == broker.MachinePending || m.Status == broker.MachineRunning || m.Status == was.Status {
			s.note.Status = ""
		}
		if known && (s.note.Status != "" || m.ReclaimAt.After(was.ReclaimAt)) {
			news = append(news, s)
		}
	}
	return news
}

// open are the operations that may be ending some of the machines. They are read
// after the machines were looked at: who ends one either is still at it, or has
// recorded it.
func (w Watch) open(ctx context.Context, news []sign) ([]broker.Operation, error) {
	for i := range news {
		if n := &news[i].note; n.Status.Final() || !n.ReclaimAt.IsZero() {
			open, err := w.Open.OpenOperations(ctx, w.Now().AddDate(100, 0, 0), mostOpen)
			if err != nil {
				return nil, fmt.Errorf("reading open operations: %w", err)
			}
			return open, nil
		}
	}
	return nil, nil
}

// note records what was seen. A machine that ended, and that nobody asked this
// broker to end, is lost; one that somebody did is not taken back.
func (w Watch) note(ctx context.Context, news []sign, open []broker.Operation) error {
	for i := range news {
		m, n := &news[i].machine, news[i].note
		switch ending := fulfilment.Ending(open, m); {
		case ending:
			n.ReclaimAt = time.Time{}
		case n.Status == broker.MachineTerminated:
			n.Status = broker.MachineLost
		}
		if _, err := w.Machines.NoteMachine(ctx, m.ID, n); err != nil && !fault.Is(err, fault.NotFound) {
			return fmt.Errorf("noting machine %q: %w", m.ID, err)
		}
	}
	return nil
}
