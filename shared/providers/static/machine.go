package static

import (
	"context"
	"net/netip"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/providers/config"
)

// Prefixes of the ids in leases.
const (
	machinePrefix = "m-" // a machine
	preparePrefix = "p-" // a host on which lease_command runs
)

// machineID names the machine of a token on a host: the same at every replay,
// and never the same for another token.
func machineID(token, host string) string { return machinePrefix + nameOf(token, host) }

func prepareID(token, host string) string { return preparePrefix + nameOf(token, host) }

func nameOf(token, host string) string {
	space, err := uuid.Parse(token)
	if err != nil { // the broker's tokens are UUIDs; any other text makes a namespace of its own
		space = uuid.NewSHA1(uuid.NameSpaceURL, []byte("ohfp:token:"+token))
	}
	return uuid.NewSHA1(space, []byte(host)).String()
}

func isMachine(id string) bool { return strings.HasPrefix(id, machinePrefix) }

// machine describes a leased host. A host that the configuration no longer
// names has no address, and stays leased all the same.
func (d *Driver) machine(l broker.Lease, h *config.Host, addr netip.Addr, now time.Time) broker.Machine {
	m := broker.Machine{
		ID: l.MachineID, Name: l.Host, Provider: d.pool, Status: broker.MachineRunning, Zone: d.zone,
		PricePerHour: d.price, LaunchTime: l.TakenAt, OperationID: l.OperationID, Attempt: l.Attempt, UpdatedAt: now,
	}
	if h == nil {
		m.Message = "the pool's configuration no longer names this host; it stays leased until it is returned"
		return m
	}
	m.PricePerHour = d.priceOf(*h)
	if h.Zone != "" {
		m.Zone = h.Zone
	}
	m.InstanceType = typeOf(h)
	if addr.IsValid() {
		m.PrivateIP = addr.String()
	}
	return m
}

// typeOf is the machine type of a host; "" when its attributes do not say.
func typeOf(h *config.Host) string {
	t, _ := h.Attributes["type"].(string)
	return t
}

// address returns a host's IP address without asking the host; the zero Addr
// when its name does not resolve in time.
func (d *Driver) address(ctx context.Context, h *config.Host) netip.Addr {
	if h == nil {
		return netip.Addr{}
	}
	name, _, err := d.config.Check.Target(h.Address)
	if err != nil {
		return netip.Addr{}
	}
	limited, cancel := context.WithTimeout(ctx, d.config.Check.Timeout())
	defer cancel()
	addrs, err := d.resolve(limited, name)
	if err != nil {
		return netip.Addr{}
	}
	return addrs[0]
}

func byName(hosts []config.Host) map[string]*config.Host {
	m := make(map[string]*config.Host, len(hosts))
	for i := range hosts {
		m[hosts[i].Name] = &hosts[i]
	}
	return m
}
