package static

import (
	"context"
	"fmt"
	"slices"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers"
	"github.com/openhostfactory/ohfp/shared/providers/config"
)

// Validate says which attributes rule out every host, what of the template a
// pool of hosts does not use, and what the cheapest host that fits costs. OFFERING_CONFIG when the hosts file cannot be
// used.
func (d *Driver) Validate(_ context.Context, t broker.ResolvedTemplate) (providers.Validation, error) {
	hosts, err := d.hosts()
	if err != nil {
		return providers.Validation{}, err
	}
	v := providers.Validation{Warnings: d.unused(t)}
	for _, name := range sortedNames(t.Attributes) {
		v.ValidatedFields = append(v.ValidatedFields, "attributes."+name)
	}
	v.Errors = d.nobodys(hosts, t.Attributes)
	fit := d.matching(hosts, t.Attributes)
	if len(fit) == 0 && len(v.Errors) == 0 {
		v.Errors = append(v.Errors, fmt.Sprintf("none of the %d hosts of the pool has all that the template asks for", len(hosts)))
	}
	if len(fit) > 0 {
		v.Estimate = broker.EstimateBy(d.priceOf(fit[0]), &t, t.UnitsOf(typeOf(&fit[0]))) // the cheapest is taken first
	}
	if err := d.commandsThere(); err != nil {
		v.Errors = append(v.Errors, fault.AsProvider(err).Message)
	}
	return v, nil
}

func asked(name string, v any) string {
	if config.AtLeast(name) {
		return fmt.Sprintf("%v or more", v)
	}
	return fmt.Sprint(v)
}

func (d *Driver) unused(t broker.ResolvedTemplate) []string {
	var w []string
	if t.Image != "" {
		w = append(w, "image is not used: the hosts of a pool are installed already")
	}
	if len(t.MachineTypes) > 0 {
		w = append(w, "machine_types are not used: hosts are matched by attributes")
	}
	if t.UserData != "" && d.config.LeaseCommand == "" {
		w = append(w, "user_data is not used: only a lease_command is given it")
	}
	return w
}

func sortedNames(m map[string]any) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Capabilities are those of any pool, the attributes of its hosts, and how many
// there are. OFFERING_CONFIG when the hosts file cannot be used.
func (d *Driver) Capabilities(context.Context) (providers.Capabilities, error) {
	hosts, err := d.hosts()
	if err != nil {
		return providers.Capabilities{}, err
	}
	attributes := map[string]any{}
	for _, h := range hosts {
		for name := range h.Attributes {
			attributes[name] = true
		}
	}
	return providers.Capabilities{
		Verified:   map[string]any{"instance_management": true, "hosts": len(hosts), "attributes": sortedNames(attributes)},
		Limits:     map[string]any{"max_machines": len(hosts)},
		VerifiedAt: d.Now(),
	}, nil
}
