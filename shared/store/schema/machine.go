package schema

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// machineRow makes a machine's row with its place in the list.
func (r Retention) machineRow(m broker.Machine) (Item, error) {
	it, err := Row(MachineKey(m.ID), m)
	it.Expires, it.Open = r.machineExpires(&m), endedKey(&m)
	it.List = machineListKey(m)
	return it, err
}

func machineListKey(m broker.Machine) Key { return MachineList.Key(m.ID, m.LaunchTime) }

// NewDay returns the mark of the day under which m is listed, when it was not
// listed under that day before: old (nil: nothing) is stored now.
func NewDay(old *broker.Machine, m broker.Machine) (Key, bool) {
	return MachineList.DayKey(m.LaunchTime), old == nil || Day(old.LaunchTime) != Day(m.LaunchTime)
}

// MachineChange stores m where old (nil: nothing) is stored now. A machine in
// a final status stays as it is, and nobody owns it any more: the pointers by
// provider and by name go with the change that ends it. One that is lost is told.
func (r Retention) MachineChange(old *broker.Machine, m broker.Machine) (Change, error) {
	var c Change
	if old != nil {
		if old.Status.Final() {
			return c, nil
		}
		m = m.Noted(*old)
	}
	row, err := r.machineRow(m)
	c.Put, c.Events = append(c.Put, row), broker.LossEvents(old, &m)
	kept := map[Key]bool{}
	if !m.Status.Final() {
		for _, k := range pointers(m) {
			kept[k] = true
			c.Put = append(c.Put, Mark(k))
		}
		if m.Provider != "" { // the first of them
			var bad error
			c.Put[1], bad = ownedRow(m)
			err = errors.Join(err, bad)
		}
	}
	if old != nil {
		for _, k := range pointers(*old) {
			if !kept[k] {
				c.Delete = append(c.Delete, k)
			}
		}
	}
	return c, errors.Join(err, reclaim(&c, old, m))
}

// reclaim adds to c what becomes of the note that a machine is taken back: it
// is there while its provider takes it or has lost it, and goes when the broker
// has ended the machine itself, or its scheduler has given it back.
func reclaim(c *Change, old *broker.Machine, m broker.Machine) error {
	var before broker.Reclaim
	noted := false
	if old != nil {
		before, noted = old.Reclaimed()
	}
	now, taken := m.Reclaimed()
	switch {
	case taken && (!noted || now != before):
		it, err := Row(ReclaimKey(m.ID), now)
		it.Expires = now.At.Add(broker.ReclaimedForNamed)
		c.Put = append(c.Put, it)
		return err
	case noted && !taken:
		c.Delete = append(c.Delete, ReclaimKey(m.ID))
	}
	return nil
}

// ReclaimsSince returns the machines of the notes that went after a time, or
// are still to go.
func ReclaimsSince(notes []Item, since time.Time) ([]broker.Reclaim, error) {
	out := make([]broker.Reclaim, 0, len(notes))
	for _, it := range notes {
		r, err := Decode[broker.Reclaim](it)
		if err != nil {
			return nil, err
		}
		if r.At.After(since) {
			out = append(out, r)
		}
	}
	return out, nil
}

// NoteChange stores m, which differs from old in status, message and times: the
// pointers to it change when it ends, and only then. Of a machine that has
// ended, only that it was given back is new.
func (r Retention) NoteChange(old, m broker.Machine) (Change, error) {
	if m.Status.Final() && !old.Status.Final() {
		return r.MachineChange(&old, m)
	}
	row, err := r.machineRow(m)
	c := Change{Put: []Item{row}}
	return c, errors.Join(err, reclaim(&c, &old, m))
}

// ownedRow points to a machine from its provider, with what limits count.
func ownedRow(m broker.Machine) (Item, error) {
	return Row(OwnedKey(m.Provider, m.ID), broker.Owned{MachineID: m.ID, OperationID: m.OperationID, TemplateID: m.TemplateID})
}

func pointers(m broker.Machine) []Key {
	var keys []Key
	if m.Provider != "" {
		keys = append(keys, OwnedKey(m.Provider, m.ID))
	}
	if m.Name != "" {
		keys = append(keys, NameKey(m.Name, m.ID))
	}
	return keys
}

// MachineSource reads what a list of machines is made of.
type MachineSource interface {
	Lister
	Ledger(ctx context.Context, id string) (broker.Ledger, error)
	Machines(ctx context.Context, ids []string) ([]broker.Machine, error)
}

// ListMachines returns a page, newest first, and the cursor of the next one.
// Those of one operation are found by its ledger, all others by the list.
// invalid_request for a cursor that is not of this list; not_found for an
// operation that is not kept.
func (v View) ListMachines(ctx context.Context, from MachineSource, f broker.MachineFilter, p broker.Page) ([]broker.Machine, string, error) {
	w := walk[broker.Machine]{
		from: from, list: MachineList, limit: PageLimit(p), key: machineListKey,
		matches: func(m broker.Machine) bool { return v.HasMachine(&m) && wanted(f, &m) },
	}
	if f.OperationID == "" {
		return w.read(ctx, p.Cursor)
	}
	cur, err := ParseCursor(p.Cursor, MachineList.PK(""))
	if err != nil {
		return nil, "", err
	}
	l, err := from.Ledger(ctx, f.OperationID)
	if err != nil {
		return nil, "", err
	}
	machines, err := from.Machines(ctx, machinesOf(&l))
	if err != nil {
		return nil, "", err
	}
	w.through(machines, cur)
	return w.page, w.next.String(), nil
}

func wanted(f broker.MachineFilter, m *broker.Machine) bool {
	return (f.Status == "" || m.Status == f.Status) && (f.Provider == "" || m.Provider == f.Provider) &&
		(f.OperationID == "" || m.OperationID == f.OperationID)
}

func machinesOf(l *broker.Ledger) (ids []string) {
	for i := range l.Attempts {
		for _, m := range l.Attempts[i].Machines {
			ids = append(ids, m.ID)
		}
	}
	return ids
}

// through goes through entries that are all there, in the order of the list.
func (w *walk[T]) through(all []T, from Cursor) {
	slices.SortFunc(all, func(a, b T) int { return strings.Compare(w.key(b).SK, w.key(a).SK) })
	for _, v := range all {
		at := w.key(v)
		if from != (Cursor{}) && at.SK >= from.SK {
			continue
		}
		if w.add(v, Cursor(at)) {
			return
		}
	}
}
