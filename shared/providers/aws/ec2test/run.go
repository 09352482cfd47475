package ec2test

import (
	"maps"
)

func (c *Cloud) runInstances(p params) (any, error) {
	if err := p.only("ClientToken", "ImageId", "InstanceType", "SubnetId", "SecurityGroupId", "KeyName", "IamInstanceProfile", "UserData",
		"LaunchTemplate", "InstanceMarketOptions", "MetadataOptions", "BlockDeviceMapping", "TagSpecification", "MinCount", "MaxCount"); err != nil {
		return nil, err
	}
	least, most, err := counts(p)
	if err != nil {
		return nil, err
	}
	o, err := c.runOption(p)
	if err != nil {
		return nil, err
	}
	if e := c.sound(o); e != nil {
		return nil, e
	}
	if err := c.dryRun(p); err != nil {
		return nil, err
	}
	r, err := c.earlier(p)
	if err == nil && r == nil {
		r, err = c.run(p, o, least, most)
	}
	if err != nil {
		return nil, err
	}
	return c.reservation(r.machines), nil
}

func counts(p params) (least, most int, err error) {
	if least, err = p.number("MinCount"); err != nil {
		return 0, 0, err
	}
	if most, err = p.number("MaxCount"); err != nil {
		return 0, 0, err
	}
	if least < 1 || most < least {
		return 0, 0, refuse("InvalidParameterValue", "Value (%d) for parameter maxCount is invalid.", most)
	}
	return least, most, nil
}

// runOption is the one kind of machine that RunInstances asks for.
func (c *Cloud) runOption(p params) (option, error) {
	data := params{}
	if name := p.under("LaunchTemplate"); len(name) > 0 {
		version, err := c.version(name)
		if err != nil {
			return option{}, err
		}
		data = maps.Clone(version)
	}
	for k, v := range p {
		data[k] = v
	}
	o := option{kind: data["InstanceType"], subnet: data["SubnetId"], image: data["ImageId"], market: OnDemand, weight: 1, data: data}
	if data["InstanceMarketOptions.MarketType"] == "spot" {
		o.market, o.maxPrice = Spot, data["InstanceMarketOptions.SpotOptions.MaxPrice"]
	}
	if o.subnet == "" {
		o.subnet = c.stock.firstSubnet()
	}
	return o, nil
}

func (c *Cloud) run(p params, o option, least, most int) (*reply, error) {
	if err := c.pace(most); err != nil {
		return nil, err
	}
	n, short := c.afford(o, most)
	if n < least {
		return nil, short
	}
	l := &launch{action: "RunInstances", token: p["ClientToken"], tags: p.tags("instance")}
	r := &reply{}
	for range n {
		r.machines = append(r.machines, c.make(l, o))
	}
	c.remember(p, r)
	return r, nil
}
