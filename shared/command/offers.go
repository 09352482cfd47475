package command

import (
	"slices"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/providers/config"
)

// offers is what a template asks of providers, by their names: offerings of
// which any will do, and the template itself as it works out there.
type offers struct {
	any      map[string][]string
	template map[string]string
}

func newOffers() offers { return offers{any: map[string][]string{}, template: map[string]string{}} }

func (o offers) add(provider string, t broker.ResolvedTemplate) {
	o.any[provider], o.template[provider] = config.Offerings(t), config.TemplateOffering(t)
}

// candidate is a provider of a create as it is stored. What it was out of is
// noted with it, so that its worker makes sure to be the only one that tries;
// an offering that it was never out of needs no such care.
func (c *choice) candidate(name string, spec *broker.CreateSpec) broker.Candidate {
	p := c.provider(name)
	out := broker.Candidate{Provider: name, Kind: p.Kind, Spec: spec}
	var offerings []string
	for i := range p.Blocks {
		switch b := &p.Blocks[i]; {
		case b.Offering == c.offers.template[name]:
			out.Blocked = append(out.Blocked, b.Offering)
		case slices.Contains(c.offers.any[name], b.Offering):
			offerings = append(offerings, b.Offering)
		}
	}
	if len(offerings) == len(c.offers.any[name]) {
		out.Blocked = append(out.Blocked, offerings...)
	}
	out.Waived = len(out.Blocked) > 0 && (c.override || c.result.Panicked())
	return out
}
