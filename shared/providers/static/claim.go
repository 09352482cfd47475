package static

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers/config"
)

// claim is what came of taking one host.
type claim struct {
	lease   broker.Lease
	lost    bool                 // somebody else has it
	late    bool                 // there was no time to take it
	failure *fault.ProviderError // lease_command failed, and was undone: nothing is left
	err     error                // not known: the whole creation is ambiguous
}

// claim leases a host for the token. With a lease command the host is first
// taken as being prepared, and becomes a machine when the command succeeded.
func (c *creation) claim(ctx context.Context, h config.Host) claim {
	if ctx.Err() != nil {
		return claim{late: true}
	}
	l := c.newLease(h.Name)
	if c.config.LeaseCommand == "" {
		return c.write(ctx, l)
	}
	l.MachineID = prepareID(c.spec.Token, h.Name)
	l.Until = l.TakenAt.Add(2*c.CommandTimeout + time.Minute) // command, undo, and some
	prepared := c.write(ctx, l)
	if prepared.lost || prepared.err != nil {
		return prepared
	}
	if failure := c.prepare(ctx, h, prepared.lease); failure != nil {
		return claim{failure: failure}
	}
	ready := c.newLease(h.Name)
	ready.Version = prepared.lease.Version
	return c.write(ctx, ready)
}

func (c *creation) newLease(host string) broker.Lease {
	now := c.Now()
	return broker.Lease{
		Provider: c.pool, Host: host, MachineID: machineID(c.spec.Token, host), Token: c.spec.Token, Broker: c.spec.BrokerID,
		OperationID: c.spec.OperationID, Attempt: c.spec.Attempt,
		TakenAt: now, Until: now.Add(c.config.Lease()), Version: c.book.leases[host].Version,
	}
}

// write is the effect. A conflict means that it did not happen; unless what is
// there is the very machine, which another process made for the same token.
func (d *Driver) write(ctx context.Context, l broker.Lease) claim {
	stored, err := d.Leases.TakeLease(ctx, l)
	if err == nil {
		return claim{lease: stored}
	}
	conflict, ok := errors.AsType[*broker.Conflict](err)
	if !ok {
		return claim{err: unknown(ctx, fmt.Sprintf("it is not known whether host %q was leased", l.Host), err)}
	}
	if there, ok := conflict.Current.(broker.Lease); ok && there.MachineID == machineID(l.Token, l.Host) {
		return claim{lease: there}
	}
	return claim{lost: true}
}

// renew keeps a lease of the token of which less than half is left, so that
// nobody takes the host before the machine on it is recorded. False: somebody
// has it already.
func (d *Driver) renew(ctx context.Context, l broker.Lease) (bool, error) {
	now := d.Now()
	if l.Until.Sub(now) > d.config.Lease()/2 {
		return true, nil
	}
	l.Until = now.Add(d.config.Lease())
	got := d.write(ctx, l)
	return !got.lost, got.err
}

// prepare runs the lease command. When it fails the host is given back:
// return_command runs and the lease is dropped. When time ran out there is none
// for that either, and the lease runs out by itself.
func (c *creation) prepare(ctx context.Context, h config.Host, l broker.Lease) *fault.ProviderError {
	j := job{action: "lease", name: c.config.LeaseCommand, host: h, lease: l, userData: c.spec.Template.UserData}
	j.lease.MachineID = machineID(l.Token, l.Host)
	err := c.run(ctx, j)
	if err == nil {
		return nil
	}
	p := &fault.ProviderError{Class: fault.Server, Code: "lease_command", Message: fmt.Sprintf("host %q: %s", h.Name, err), Err: errors.Unwrap(err)}
	if ctx.Err() != nil {
		p.Message += "; it is prepared anew when it is needed again"
		return p
	}
	if c.config.ReturnCommand != "" {
		j.action, j.name, j.userData = "return", c.config.ReturnCommand, ""
		if err := c.run(ctx, j); err != nil {
			p.Message += "; " + err.Error()
		}
	}
	if _, err := c.Leases.DropLease(ctx, c.pool, h.Name, l.MachineID); err != nil {
		p.Message += "; its lease could not be dropped and runs out by itself"
		p.Err = errors.Join(p.Err, err)
	}
	return p
}
