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
	if err := p.only("ImageId", "Owner", "Filter"); err != nil {
		return nil, err
	}
	if p["Owner.1"] != "" {
		return c.ownedImages(p), nil
	}
	var o imagesXML
	for _, id := range p.list("ImageId") {
		state, ok := c.stock.images[id]
		if !ok {
			return nil, refuse("InvalidAMIID.NotFound", "The image id '[%s]' does not exist", id)
		}
		o.Images = append(o.Images, imageXML{ID: id, State: state, Arch: "x86_64", Root: "/dev/xvda"})
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

		Network string `xml:"vpcId"`
		Public  bool   `xml:"mapPublicIpOnLaunch"`
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
		o.Subnets = append(o.Subnets, one{id, "available", s.Zone, s.Free, c.stock.network(s.Network), s.Public})
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

		Network string `xml:"vpcId"`
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
		o.Groups = append(o.Groups, one{id, "workers", c.stock.network("")})
	}
	return o, nil
}
