package ec2test

import "slices"

func (c *Cloud) describeZones(p params) (any, error) {
	if err := p.only("Filter", "AllAvailabilityZones"); err != nil {
		return nil, err
	}
	type one struct {
		Name  string `xml:"zoneName"`
		State string `xml:"zoneState"`
	}
	type out struct {
		Zones []one `xml:"availabilityZoneInfo>item"`
	}
	return out{[]one{{c.Zone("a"), "available"}, {c.Zone("b"), "available"}, {c.Zone("c"), "available"}}}, nil
}

func (c *Cloud) describeImages(p params) (any, error) {
	if err := p.only("ImageId"); err != nil {
		return nil, err
	}
	type one struct {
		ID    string `xml:"imageId"`
		State string `xml:"imageState"`
		Arch  string `xml:"architecture"`
		Root  string `xml:"rootDeviceName"`
	}
	type out struct {
		Images []one `xml:"imagesSet>item"`
	}
	var o out
	for _, id := range p.list("ImageId") {
		state, ok := c.stock.images[id]
		if !ok {
			return nil, refuse("InvalidAMIID.NotFound", "The image id '[%s]' does not exist", id)
		}
		o.Images = append(o.Images, one{id, state, "x86_64", "/dev/xvda"})
	}
	return o, nil
}

func (c *Cloud) describeSubnets(p params) (any, error) {
	if err := p.only("SubnetId"); err != nil {
		return nil, err
	}
	type one struct {
		ID    string `xml:"subnetId"`
		State string `xml:"state"`
		Zone  string `xml:"availabilityZone"`
		Free  int    `xml:"availableIpAddressCount"`
	}
	type out struct {
		Subnets []one `xml:"subnetSet>item"`
	}
	ids := p.list("SubnetId")
	if len(ids) == 0 {
		ids = sortedKeys(c.stock.subnets)
	}
	var o out
	for _, id := range ids {
		s, ok := c.stock.subnets[id]
		if !ok {
			return nil, refuse("InvalidSubnetID.NotFound", "The subnet ID '%s' does not exist", id)
		}
		o.Subnets = append(o.Subnets, one{id, "available", s.Zone, s.Free})
	}
	return o, nil
}

func (c *Cloud) describeGroups(p params) (any, error) {
	if err := p.only("GroupId"); err != nil {
		return nil, err
	}
	type one struct {
		ID   string `xml:"groupId"`
		Name string `xml:"groupName"`
	}
	type out struct {
		Groups []one `xml:"securityGroupInfo>item"`
	}
	ids := p.list("GroupId")
	if len(ids) == 0 {
		ids = c.stock.groups
	}
	var o out
	for _, id := range ids {
		if !slices.Contains(c.stock.groups, id) {
			return nil, refuse("InvalidGroup.NotFound", "The security group '%s' does not exist", id)
		}
		o.Groups = append(o.Groups, one{id, "workers"})
	}
	return o, nil
}
