package static

import (
	"context"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// List returns the machines that hold leases of the broker, by host, without
// asking the hosts. A host on which lease_command has not succeeded is no
// machine. REFUSED when the leases cannot be read.
func (d *Driver) List(ctx context.Context, brokerID string) ([]broker.Machine, error) {
	leases, err := d.Leases.Leases(ctx, d.pool)
	if err != nil {
		return nil, unread(ctx, "the leases of the pool", err)
	}
	var mine []broker.Lease
	for _, l := range leases {
		if l.Broker == brokerID && brokerID != "" && isMachine(l.MachineID) {
			mine = append(mine, l)
		}
	}
	return d.describe(ctx, mine, d.named()), nil
}
