package ec2test

import (
	"cmp"
	"fmt"
)

// callerIdentity is STS's: who signs.
func (c *Cloud) callerIdentity(p params) (any, error) {
	if err := p.only(); err != nil {
		return nil, err
	}
	type out struct {
		Account string `xml:"GetCallerIdentityResult>Account"`
		ARN     string `xml:"GetCallerIdentityResult>Arn"`
		User    string `xml:"GetCallerIdentityResult>UserId"`
		ID      string `xml:"ResponseMetadata>RequestId"`
	}
	return out{Account: c.account, ARN: fmt.Sprintf("arn:aws:iam::%s:user/broker", c.account), User: KeyID, ID: requestID}, nil
}

// network is the id of a network, "" for that of the default one.
func (s *stock) network(id string) string { return cmp.Or(id, s.nets[0], Network) }

func (c *Cloud) describeVpcs(p params) (any, error) {
	if err := p.only(); err != nil {
		return nil, err
	}
	if err := c.dryRun(p); err != nil {
		return nil, err
	}
	type one struct {
		ID      string `xml:"vpcId"`
		Default bool   `xml:"isDefault"`
	}
	type out struct {
		Networks []one `xml:"vpcSet>item"`
	}
	var o out
	for i, id := range c.stock.nets {
		o.Networks = append(o.Networks, one{cmp.Or(id, Network), i == 0 && id != ""})
	}
	return o, nil
}

func (c *Cloud) describeKeyPairs(p params) (any, error) {
	if err := p.only(); err != nil {
		return nil, err
	}
	type one struct {
		Name string `xml:"keyName"`
	}
	type out struct {
		Keys []one `xml:"keySet>item"`
	}
	var o out
	for _, name := range c.stock.keys {
		o.Keys = append(o.Keys, one{name})
	}
	return o, nil
}

type imageXML struct {
	ID      string `xml:"imageId"`
	State   string `xml:"imageState"`
	Arch    string `xml:"architecture"`
	Root    string `xml:"rootDeviceName"`
	Name    string `xml:"name,omitempty"`
	Created string `xml:"creationDate,omitempty"`
}

type imagesXML struct {
	Images []imageXML `xml:"imagesSet>item"`
}

// ownedImages are those of the account, or what AWS offers.
func (c *Cloud) ownedImages(p params) imagesXML {
	if p["Owner.1"] == "amazon" {
		return imagesXML{[]imageXML{
			{PublicImage, "available", "x86_64", "/dev/xvda", "al2023-ami-2023.9.20260105.0-kernel-6.1-x86_64", "2026-01-05T00:00:00.000Z"},
			{"ami-00000a2022", "available", "x86_64", "/dev/xvda", "al2023-ami-2023.1.20251205.0-kernel-6.1-x86_64", "2025-12-05T00:00:00.000Z"},
		}}
	}
	var o imagesXML
	for _, id := range sortedKeys(c.stock.images) {
		if c.stock.images[id] == "available" {
			o.Images = append(o.Images, imageXML{id, "available", "x86_64", "/dev/xvda", "golden-" + id, "2026-01-01T00:00:00.000Z"})
		}
	}
	return o
}
