package ec2test

import "strconv"

type overridesXML struct {
	Type     string `xml:"instanceType"`
	Subnet   string `xml:"subnetId"`
	Priority string `xml:"priority,omitempty"`
	Weight   string `xml:"weightedCapacity,omitempty"`
}

type fleetInstanceXML struct {
	Overrides overridesXML `xml:"launchTemplateAndOverrides>overrides"`
	Lifecycle string       `xml:"lifecycle"`
	IDs       []string     `xml:"instanceIds>item"`
	Type      string       `xml:"instanceType"`
	Zone      string       `xml:"availabilityZone"`
	Subnet    string       `xml:"subnetId"`
}

type fleetErrorXML struct {
	Overrides overridesXML `xml:"launchTemplateAndOverrides>overrides"`
	Lifecycle string       `xml:"lifecycle"`
	Code      string       `xml:"errorCode"`
	Message   string       `xml:"errorMessage"`
}

type fleetXML struct {
	ID        string             `xml:"fleetId"`
	Errors    []fleetErrorXML    `xml:"errorSet>item"`
	Instances []fleetInstanceXML `xml:"fleetInstanceSet>item"`
}

// fleetAnswer groups machines as an answer does: by type, subnet and market.
func (c *Cloud) fleetAnswer(r *reply) fleetXML {
	x := fleetXML{ID: r.fleet}
	type group struct {
		kind, subnet string
		market       Market
	}
	at := map[group]int{}
	for _, m := range r.machines {
		g := group{m.Type, m.Subnet, m.Market}
		i, ok := at[g]
		if !ok {
			i = len(x.Instances)
			at[g] = i
			x.Instances = append(x.Instances, fleetInstanceXML{
				Overrides: overridesXML{Type: m.Type, Subnet: m.Subnet}, Lifecycle: string(m.Market), Type: m.Type, Zone: m.Zone, Subnet: m.Subnet,
			})
		}
		x.Instances[i].IDs = append(x.Instances[i].IDs, m.ID)
	}
	for _, e := range r.errors {
		x.Errors = append(x.Errors, fleetErrorXML{
			Overrides: overridesXML{Type: e.option.kind, Subnet: e.option.subnet, Priority: e.option.priority, Weight: strconv.Itoa(e.option.weight)},
			Lifecycle: string(e.option.market), Code: e.Code, Message: e.Message,
		})
	}
	return x
}
