package main

import (
	"fmt"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/command"
	"github.com/openhostfactory/ohfp/shared/dispatch"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers"
	"github.com/openhostfactory/ohfp/shared/providers/static"
)

// drivers are the provider kinds that this broker can talk to.
type drivers struct {
	byKind map[string]providers.Opener
}

var _ dispatch.Drivers = (*drivers)(nil)

// openers lists the kinds: a new provider is one line here.
func openers(cfg Config, l ledgerStore) (*drivers, error) {
	pools, err := static.New(static.Options{
		Leases: l, Machines: l, Now: time.Now,
		Files: cfg.HostFiles, Commands: cfg.Commands, CommandTimeout: cfg.CommandTimeout, Allow: cfg.AddressAllow,
	})
	if err != nil {
		return nil, fmt.Errorf("opening the static kind: %w", err)
	}
	d := &drivers{byKind: map[string]providers.Opener{}}
	for _, o := range []providers.Opener{pools} {
		if _, twice := d.byKind[o.Kind()]; twice {
			return nil, fmt.Errorf("two drivers for the kind %q", o.Kind())
		}
		d.byKind[o.Kind()] = o
	}
	return d, nil
}

// Driver opens the driver of a registration.
func (d *drivers) Driver(r broker.Registration) (providers.Driver, error) {
	o, ok := d.byKind[r.Kind]
	if !ok {
		return nil, fault.Unsupported("provider_type", "this broker has no driver for %s", r.Kind)
	}
	return o.Open(r)
}

// Traits returns the facts about a kind.
func (d *drivers) Traits(kind string) providers.Traits {
	if o, ok := d.byKind[kind]; ok {
		return o.Traits()
	}
	return providers.Traits{}
}

func (d *drivers) kinds() []string {
	var kinds []string
	for k := range d.byKind {
		kinds = append(kinds, k)
	}
	return kinds
}

// functions names the steps of this process.
func (d *drivers) functions() command.Functions {
	f := command.Functions{Attempt: map[string]string{}, Probe: map[string]string{}, Settle: "settle"}
	for kind := range d.byKind {
		f.Attempt[kind], f.Probe[kind] = "attempt-"+kind, "probe-"+kind
	}
	return f
}
