package static

import (
	"context"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/providers/config"
)

// book is what is recorded about the hosts of a pool, read together.
type book struct {
	leases  map[string]broker.Lease   // by host
	records map[string]broker.Machine // by id: those that were asked for and are known
}

// readBook reads the leases, and the records of machines on leases that are
// past their time and of the ids asked for.
func (d *Driver) readBook(ctx context.Context, now time.Time, ids ...string) (book, error) {
	leases, err := d.Leases.Leases(ctx, d.pool)
	if err != nil {
		return book{}, unread(ctx, "the leases of the pool", err)
	}
	b := book{leases: make(map[string]broker.Lease, len(leases)), records: map[string]broker.Machine{}}
	for _, l := range leases {
		b.leases[l.Host] = l
		if !l.Until.After(now) {
			ids = append(ids, l.MachineID)
		}
	}
	if len(ids) == 0 {
		return b, nil
	}
	machines, err := d.Machines.Machines(ctx, ids)
	if err != nil {
		return book{}, unread(ctx, "the records of machines", err)
	}
	for _, m := range machines {
		b.records[m.ID] = m
	}
	return b, nil
}

// free reports whether a host may be leased: nobody has, or the lease is past
// its time and no open machine is recorded on it.
func (b book) free(host string, now time.Time) bool {
	l, ok := b.leases[host]
	if !ok {
		return true
	}
	m, known := b.records[l.MachineID]
	return !l.Until.After(now) && (!known || m.Status.Final())
}

// count returns how many of hosts are free.
func (b book) count(hosts []config.Host, now time.Time) (free int) {
	for _, h := range hosts {
		if b.free(h.Name, now) {
			free++
		}
	}
	return free
}
