package ec2test

import (
	"cmp"
	"slices"
	"strconv"
)

// fleetError is why a fleet has fewer machines of one option.
type fleetError struct {
	Code    string
	Message string
	option  option
}

func (c *Cloud) createFleet(p params) (any, error) {
	if err := p.only("ClientToken", "LaunchTemplateConfigs", "TargetCapacitySpecification", "Type", "SpotOptions", "OnDemandOptions", "TagSpecification"); err != nil {
		return nil, err
	}
	if p["Type"] != "instant" {
		return nil, refuse("InvalidParameterValue", "the double makes instant fleets only, not %q", p["Type"])
	}
	l, wants, err := c.plan(p)
	if err != nil {
		return nil, err
	}
	if err := c.dryRun(p); err != nil {
		return nil, err
	}
	r, err := c.earlier(p)
	if err == nil && r == nil {
		r, err = c.fulfil(p, l, wants)
	}
	if err != nil {
		return nil, err
	}
	return c.fleetAnswer(r), nil
}

// wants are the units of each market that a fleet asks for.
type wants map[Market]int

// plan reads a call for a fleet. What is wrong with the launch template fails
// the call; what is wrong with one option is an error beside the machines.
func (c *Cloud) plan(p params) (*launch, wants, error) {
	l := &launch{action: "CreateFleet", token: p["ClientToken"], tags: p.tags("instance")}
	for _, cfg := range p.each("LaunchTemplateConfigs") {
		spec := cfg.under("LaunchTemplateSpecification")
		data, err := c.version(spec)
		if err != nil {
			return nil, nil, err
		}
		overrides := cfg.each("Overrides")
		if len(overrides) == 0 {
			overrides = []params{{}}
		}
		for _, o := range overrides {
			found, err := c.optionsOf(o, data)
			if err != nil {
				return nil, nil, err
			}
			l.options = append(l.options, found...)
		}
	}
	if len(l.options) == 0 {
		return nil, nil, refuse("MissingParameter", "The request must contain the parameter LaunchTemplateConfigs")
	}
	w, err := split(p.under("TargetCapacitySpecification"))
	return l, w, err
}

func split(p params) (wants, error) {
	total, err := p.number("TotalTargetCapacity")
	if err != nil || total < 1 {
		return nil, refuse("InvalidTargetCapacitySpecification", "TotalTargetCapacity must be a whole number above 0")
	}
	onDemand, err := p.number("OnDemandTargetCapacity")
	if err != nil {
		return nil, err
	}
	spot, err := p.number("SpotTargetCapacity")
	if err != nil || onDemand+spot > total {
		return nil, refuse("InvalidTargetCapacitySpecification", "the parts are more than TotalTargetCapacity")
	}
	rest := total - onDemand - spot
	switch p["DefaultTargetCapacityType"] {
	case "spot":
		spot += rest
	case "on-demand":
		onDemand += rest
	default:
		return nil, refuse("InvalidTargetCapacitySpecification", "DefaultTargetCapacityType is required")
	}
	return wants{OnDemand: onDemand, Spot: spot}, nil
}

// optionsOf are the options of one override: one, or one for each type that
// has what is required.
func (c *Cloud) optionsOf(o, data params) ([]option, error) {
	kinds := []string{cmp.Or(o["InstanceType"], data["InstanceType"])}
	if need := o.under("InstanceRequirements"); len(need) > 0 {
		var err error
		if kinds, err = c.satisfying(need); err != nil {
			return nil, err
		}
	}
	weight := 1
	if text := o["WeightedCapacity"]; text != "" {
		f, err := strconv.ParseFloat(text, 64)
		if err != nil || f < 1 {
			return nil, refuse("InvalidParameterValue", "WeightedCapacity %s is not a number of 1 or more", text)
		}
		weight = int(f)
	}
	var all []option
	for _, k := range kinds {
		all = append(all, option{
			kind: k, subnet: cmp.Or(o["SubnetId"], data["SubnetId"], c.stock.firstSubnet()), image: cmp.Or(o["ImageId"], data["ImageId"]),
			maxPrice: o["MaxPrice"], priority: o["Priority"], weight: weight, data: data,
		})
	}
	return all, nil
}

// satisfying are the types that have what is required, smallest first.
func (c *Cloud) satisfying(need params) ([]string, error) {
	if err := need.only("VCpuCount", "MemoryMiB", "AllowedInstanceType", "ExcludedInstanceType"); err != nil {
		return nil, err
	}
	cpus, err := need.bounds("VCpuCount")
	if err != nil {
		return nil, err
	}
	memory, err := need.bounds("MemoryMiB")
	if err != nil {
		return nil, err
	}
	var kinds []string
	for _, k := range sortedKeys(c.stock.types) {
		t := c.stock.types[k]
		if cpus.hold(t.VCPUs) && memory.hold(t.MemoryMiB) && !slices.Contains(need.list("ExcludedInstanceType"), k) {
			kinds = append(kinds, k)
		}
	}
	if len(kinds) == 0 {
		return nil, refuse("InvalidParameterValue", "No instance types satisfy the instance requirements.")
	}
	return kinds, nil
}

// bounds are a least and a most; a most of 0 is none.
type bounds struct{ least, most int }

func (b bounds) hold(n int) bool { return n >= b.least && (b.most == 0 || n <= b.most) }

func (p params) bounds(name string) (b bounds, err error) {
	if b.least, err = p.number(name + ".Min"); err != nil {
		return b, err
	}
	b.most, err = p.number(name + ".Max")
	return b, err
}
