package static

import (
	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers/config"
)

// named is the pool's hosts by name, for those who start from a lease: they
// can do their work without the list, and say so.
type named struct {
	hosts map[string]*config.Host
	err   error
}

func (d *Driver) named() named {
	hosts, err := d.hosts()
	return named{byName(hosts), err}
}

// of returns a host, nil when the list does not name it or cannot be read.
func (n named) of(host string) *config.Host { return n.hosts[host] }

// explain says on a machine that the list could not be read.
func (n named) explain(m *broker.Machine) {
	if n.err != nil {
		m.Message = fault.AsProvider(n.err).Message
	}
}
