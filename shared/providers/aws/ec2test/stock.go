package ec2test

import (
	"slices"
)

// The default stock, for templates of tests.
const (
	Image         = "ami-0a1b2c3d"
	SubnetA       = "subnet-0000000a"
	SubnetB       = "subnet-0000000b"
	SecurityGroup = "sg-0a1b2c3d"
	Network       = "vpc-0a1b2c3d"
	PublicImage   = "ami-0000a2023"
	KeyPair       = "ops"
	TypeLarge     = "m7i.large"
	TypeXLarge    = "m7i.xlarge"
	TypeCompute   = "c7i.large"
)

// Type is a machine type.
type Type struct {
	VCPUs, Cores int
	MemoryMiB    int
	Zones        []string // where it is offered; none: everywhere
}

// Subnet is a network in one zone.
type Subnet struct {
	Zone    string
	Free    int    // addresses left
	Network string // "": the default one
	Public  bool   // machines get public addresses
}

type stock struct {
	types   map[string]Type
	subnets map[string]*Subnet
	images  map[string]string // id → state
	groups  []string
	nets    []string // the first one is the default
	keys    []string
}

func newStock(region string) stock {
	return stock{
		types: map[string]Type{
			TypeLarge:   {VCPUs: 2, Cores: 1, MemoryMiB: 8192},
			TypeXLarge:  {VCPUs: 4, Cores: 2, MemoryMiB: 16384},
			TypeCompute: {VCPUs: 2, Cores: 1, MemoryMiB: 4096},
		},
		subnets: map[string]*Subnet{SubnetA: {Zone: region + "a", Free: 4091}, SubnetB: {Zone: region + "b", Free: 4091}},
		images:  map[string]string{Image: "available"},
		groups:  []string{SecurityGroup},
		nets:    []string{Network},
		keys:    []string{KeyPair},
	}
}

// AddType adds or replaces a machine type.
func (c *Cloud) AddType(name string, t Type) { c.with(func() { c.stock.types[name] = t }) }

// AddSubnet adds or replaces a subnet.
func (c *Cloud) AddSubnet(id string, s Subnet) { c.with(func() { c.stock.subnets[id] = &s }) }

// AddNetwork adds a network that is not the default one.
func (c *Cloud) AddNetwork(id string) { c.with(func() { c.stock.nets = append(c.stock.nets, id) }) }

// NoDefaultNetwork leaves the account without one.
func (c *Cloud) NoDefaultNetwork() { c.with(func() { c.stock.nets[0] = "" }) }

// AddGroup adds a security group of the default network.
func (c *Cloud) AddGroup(id string) { c.with(func() { c.stock.groups = append(c.stock.groups, id) }) }

// AddImage adds an image, or puts it into another state, such as deregistered.
func (c *Cloud) AddImage(id, state string) { c.with(func() { c.stock.images[id] = state }) }

func (t Type) in(zone string) bool { return len(t.Zones) == 0 || slices.Contains(t.Zones, zone) }

// firstSubnet is where a machine goes that names no subnet: that of the
// default network.
func (s *stock) firstSubnet() string {
	ids := sortedKeys(s.subnets)
	if len(ids) == 0 {
		return ""
	}
	return ids[0]
}
