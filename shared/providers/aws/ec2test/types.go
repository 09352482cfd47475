package ec2test

import (
	"slices"
	"time"
)

// SpotPrice sets what a spot machine of a pool costs in an hour; the pool's
// market is of no matter. There is no price of a pool that has none set.
func (c *Cloud) SpotPrice(p Pool, perHour string) {
	p.Market = Spot
	c.with(func() { c.spot[p] = perHour })
}

// typesOf are the types that a call asks for: by name, where one that is missing
// fails it, or by a filter, which passes over it; all when it does neither.
func (c *Cloud) typesOf(p params) ([]string, error) {
	for _, name := range p.list("InstanceType") {
		if _, ok := c.stock.types[name]; !ok {
			return nil, refuse("InvalidInstanceType", "The following supplied instance types do not exist: [%s]", name)
		}
	}
	if names := p.list("InstanceType"); len(names) > 0 {
		return names, nil
	}
	names := sortedKeys(c.stock.types)
	for _, f := range p.each("Filter") {
		if f["Name"] != "instance-type" {
			return nil, refuse("InvalidParameterValue", "The filter '%s' is invalid", f["Name"])
		}
		names = slices.DeleteFunc(names, func(n string) bool { return !slices.Contains(f.list("Value"), n) })
	}
	return names, nil
}

func (c *Cloud) describeTypes(p params) (any, error) {
	if err := p.only("InstanceType", "Filter", "MaxResults"); err != nil {
		return nil, err
	}
	type one struct {
		Name          string   `xml:"instanceType"`
		VCPUs         int      `xml:"vCpuInfo>defaultVCpus"`
		Cores         int      `xml:"vCpuInfo>defaultCores"`
		Memory        int      `xml:"memoryInfo>sizeInMiB"`
		Architectures []string `xml:"processorInfo>supportedArchitectures>item"`
	}
	type out struct {
		Types []one `xml:"instanceTypeSet>item"`
	}
	names, err := c.typesOf(p)
	if err != nil {
		return nil, err
	}
	var o out
	for _, name := range names {
		t := c.stock.types[name]
		o.Types = append(o.Types, one{name, t.VCPUs, t.Cores, t.MemoryMiB, []string{"x86_64"}})
	}
	return o, nil
}

func (c *Cloud) zones() []string { return []string{c.Zone("a"), c.Zone("b"), c.Zone("c")} }

func (c *Cloud) describeOfferings(p params) (any, error) {
	if err := p.only("LocationType", "Filter", "MaxResults"); err != nil {
		return nil, err
	}
	if p["LocationType"] != "availability-zone" {
		return nil, refuse("InvalidParameterValue", "the double offers types by availability-zone, not %q", p["LocationType"])
	}
	type one struct {
		Name     string `xml:"instanceType"`
		Location string `xml:"location"`
		Type     string `xml:"locationType"`
	}
	type out struct {
		Offerings []one `xml:"instanceTypeOfferingSet>item"`
	}
	names, err := c.typesOf(p)
	if err != nil {
		return nil, err
	}
	var o out
	for _, name := range names {
		for _, zone := range c.zones() {
			if c.stock.types[name].in(zone) {
				o.Offerings = append(o.Offerings, one{name, zone, "availability-zone"})
			}
		}
	}
	return o, nil
}

// describeSpotPrices knows the prices that hold now, and none before.
func (c *Cloud) describeSpotPrices(p params) (any, error) {
	if err := p.only("InstanceType", "ProductDescription", "StartTime", "MaxResults"); err != nil {
		return nil, err
	}
	type one struct {
		Name    string `xml:"instanceType"`
		Product string `xml:"productDescription"`
		Price   string `xml:"spotPrice"`
		At      string `xml:"timestamp"`
		Zone    string `xml:"availabilityZone"`
	}
	type out struct {
		Prices []one `xml:"spotPriceHistorySet>item"`
	}
	names, err := c.typesOf(p)
	if err != nil {
		return nil, err
	}
	var o out
	for _, name := range names {
		for _, zone := range c.zones() {
			if price, ok := c.spot[Pool{name, zone, Spot}]; ok {
				o.Prices = append(o.Prices, one{name, "Linux/UNIX", price, c.now().UTC().Format(time.RFC3339), zone})
			}
		}
	}
	return o, nil
}
