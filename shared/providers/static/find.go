package static

import (
	"context"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// Find returns the machines that hold leases of the token, by host, and keeps
// leases that would soon run out: the caller is about to record the machines.
// A host on which lease_command has not succeeded is no machine. A hosts file
// that cannot be read leaves addresses out: which machines there are stands in
// the leases. REFUSED when the leases cannot be read; SERVER, TIMEOUT or
// CANCELLED when one could not be kept.
func (d *Driver) Find(ctx context.Context, spec broker.CreateSpec) ([]broker.Machine, error) {
	leases, err := d.Leases.Leases(ctx, d.pool)
	if err != nil {
		return nil, unread(ctx, "the leases of the pool", err)
	}
	var mine []broker.Lease
	for _, l := range leases {
		if l.Token != spec.Token || !isMachine(l.MachineID) {
			continue
		}
		held, err := d.renew(ctx, l)
		if err != nil {
			return nil, err
		}
		if held {
			mine = append(mine, l)
		}
	}
	return d.describe(ctx, mine, d.named()), nil
}

// describe returns the machines of leases, in their order, without asking the
// hosts.
func (d *Driver) describe(ctx context.Context, leases []broker.Lease, hosts named) []broker.Machine {
	found := make([]broker.Machine, len(leases))
	each(len(leases), func(i int) {
		h := hosts.of(leases[i].Host)
		found[i] = d.machine(leases[i], h, d.address(ctx, h), d.Now())
		hosts.explain(&found[i])
	})
	return found
}
