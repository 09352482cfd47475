package static

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/openhostfactory/ohfp/shared/providers/config"
)

// matches reports whether a host has what a template asks for. An attribute
// that a host does not have never matches, but for what [config.Value] takes it
// to be; one that the template does not name never matters.
func matches(h config.Host, wanted map[string]any) bool {
	for name, v := range wanted {
		if !config.Satisfies(name, config.Value(h.Attributes, name), v) {
			return false
		}
	}
	return true
}

// matching returns the hosts that a template may have, cheapest first, then by
// name. A host without a price comes after those with one.
func (d *Driver) matching(hosts []config.Host, wanted map[string]any) []config.Host {
	var found []config.Host
	for _, h := range hosts {
		if matches(h, wanted) {
			found = append(found, h)
		}
	}
	slices.SortFunc(found, func(a, b config.Host) int {
		return cmp.Or(d.comparePrices(a, b), cmp.Compare(a.Name, b.Name))
	})
	return found
}

// nobodys says of each attribute that a template asks for and that no host of
// the pool has.
func (d *Driver) nobodys(hosts []config.Host, wanted map[string]any) (all []string) {
	for _, name := range sortedNames(wanted) {
		one := map[string]any{name: wanted[name]}
		if len(d.matching(hosts, one)) == 0 {
			all = append(all, fmt.Sprintf("attributes.%s: no host of the pool has %v", name, asked(name, wanted[name])))
		}
	}
	return all
}

func (d *Driver) comparePrices(a, b config.Host) int {
	p, q := d.priceOf(a), d.priceOf(b)
	switch {
	case p == nil && q == nil:
		return 0
	case p == nil:
		return 1
	case q == nil:
		return -1
	}
	return cmp.Compare(*p, *q)
}

func (d *Driver) priceOf(h config.Host) *float64 {
	if h.PricePerHour != nil {
		return h.PricePerHour
	}
	return d.price
}
