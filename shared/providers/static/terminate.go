package static

import (
	"context"
	"fmt"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/providers/config"
)

// Terminate returns hosts to the pool: return_command, then the lease is
// dropped. A machine without a lease is gone. When the command fails the host
// stays leased, and the next Terminate runs it again. REFUSED when the leases
// cannot be read.
func (d *Driver) Terminate(ctx context.Context, ids []string) ([]broker.MachineResult, error) {
	leases, err := d.Leases.Leases(ctx, d.pool)
	if err != nil {
		return nil, unread(ctx, "the leases of the pool", err)
	}
	held := byMachine(leases)
	hosts := d.named()
	results := make([]broker.MachineResult, len(ids))
	each(len(ids), func(i int) {
		l, ok := held[ids[i]]
		if !ok {
			results[i] = d.gone(ids[i])
			return
		}
		results[i] = d.giveBack(ctx, l, hosts.of(l.Host))
	})
	return results, nil
}

func byMachine(leases []broker.Lease) map[string]broker.Lease {
	held := make(map[string]broker.Lease, len(leases))
	for _, l := range leases {
		if isMachine(l.MachineID) {
			held[l.MachineID] = l
		}
	}
	return held
}

func (d *Driver) gone(id string) broker.MachineResult {
	return broker.MachineResult{MachineID: id, Provider: d.pool, Terminated: true, Message: "no host of the pool is leased to it"}
}

func (d *Driver) giveBack(ctx context.Context, l broker.Lease, h *config.Host) broker.MachineResult {
	r := broker.MachineResult{MachineID: l.MachineID, Provider: d.pool}
	if ctx.Err() != nil {
		r.Message = "there was no time left to return it"
		return r
	}
	if d.config.ReturnCommand != "" {
		j := job{action: "return", name: d.config.ReturnCommand, lease: l}
		if h != nil {
			j.host = *h
		}
		if err := d.run(ctx, j); err != nil {
			r.Message = err.Error() + "; the host stays leased"
			return r
		}
	}
	dropped, err := d.Leases.DropLease(ctx, d.pool, l.Host, l.MachineID)
	switch {
	case err != nil:
		r.Message = fmt.Sprintf("it is not known whether the lease of host %q was dropped", l.Host)
	case !dropped:
		return d.gone(l.MachineID)
	default:
		r.Terminated = true
	}
	return r
}
