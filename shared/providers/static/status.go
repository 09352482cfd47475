package static

import (
	"context"
	"net/netip"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// Status reads the leases: a machine that holds its lease is RUNNING, and its message says
// whether the host is up; a host that the configuration no longer names stays
// RUNNING by its lease. Without a lease a machine is TERMINATED; it is LOST
// when its record says that nobody returned it. REFUSED when the broker's
// records cannot be read.
func (d *Driver) Status(ctx context.Context, ids []string) ([]broker.Machine, error) {
	b, err := d.readBook(ctx, d.Now(), ids...)
	if err != nil {
		return nil, err
	}
	held := map[string]broker.Lease{}
	for _, l := range b.leases {
		held[l.MachineID] = l
	}
	hosts := d.named()
	machines := make([]broker.Machine, len(ids))
	each(len(ids), func(i int) {
		if l, ok := held[ids[i]]; ok && isMachine(ids[i]) {
			machines[i] = d.running(ctx, l, hosts)
			return
		}
		machines[i] = d.absent(ids[i], b.records)
	})
	return machines, nil
}

func (d *Driver) running(ctx context.Context, l broker.Lease, hosts named) broker.Machine {
	h := hosts.of(l.Host)
	if h == nil {
		m := d.machine(l, nil, netip.Addr{}, d.Now())
		hosts.explain(&m)
		return m
	}
	a := d.check(ctx, *h)
	addr := a.addr
	if !addr.IsValid() {
		addr = d.address(ctx, h)
	}
	m := d.machine(l, h, addr, d.Now())
	if !a.up {
		m.Message = "the host is not up: " + a.why
	}
	return m
}

func (d *Driver) absent(id string, records map[string]broker.Machine) broker.Machine {
	m, known := records[id]
	if !known {
		m = broker.Machine{ID: id, Provider: d.pool, Status: broker.MachineTerminated}
	}
	m.UpdatedAt = d.Now()
	if m.Status.Final() {
		m.Message = "no host of the pool is leased to it"
		return m
	}
	if m.Status == broker.MachineStopping {
		m.Status, m.Message = broker.MachineTerminated, "returned to the pool"
		return m
	}
	m.Status, m.Message = broker.MachineLost, "its lease is gone and nobody returned it"
	return m
}
