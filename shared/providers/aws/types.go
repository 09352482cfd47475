package aws

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/providers"
)

var _ providers.TypeReader = (*Driver)(nil)

// typeLife is how long what a machine type has is not asked for again: it never
// changes. Where it is offered does.
const typeLife = 24 * time.Hour

// Types looks machine types up, those that are new or were seen a day ago, and
// the spot prices of all. Prices on demand are those of the registration. AUTH
// when the types may not be looked at; prices that may not are absent.
func (d *Driver) Types(ctx context.Context, names []string, known map[string]broker.MachineType) (map[string]broker.MachineType, error) {
	api, err := d.api(ctx)
	if err != nil {
		return nil, err
	}
	all, missing := map[string]broker.MachineType{}, []string(nil)
	for _, name := range names {
		if t, ok := known[name]; ok && d.o.Now().Sub(t.SeenAt) < typeLife {
			all[name] = t
		} else {
			missing = append(missing, name)
		}
	}
	for some := range slices.Chunk(missing, maxFilterValues) {
		if err := d.describe(ctx, api, some, all); err != nil {
			return nil, err
		}
	}
	return d.withPrices(ctx, api, all)
}

// describe adds types, and where they are offered.
func (d *Driver) describe(ctx context.Context, api *client, names []string, all map[string]broker.MachineType) error {
	in := &ec2.DescribeInstanceTypesInput{Filters: []types.Filter{filter("instance-type", names...)}, MaxResults: new(int32(100))}
	for {
		out, err := call(ctx, api.DescribeInstanceTypes, in)
		if err != nil {
			return err
		}
		for i := range out.InstanceTypes {
			all[string(out.InstanceTypes[i].InstanceType)] = d.typeOf(&out.InstanceTypes[i])
		}
		if in.NextToken = out.NextToken; str(in.NextToken) == "" {
			return d.offered(ctx, api, names, all)
		}
	}
}

func (d *Driver) typeOf(t *types.InstanceTypeInfo) broker.MachineType {
	has := attributesOf(t)
	m := broker.MachineType{Cores: has[attrCPUs], MemoryMiB: has[attrRAM], SeenAt: d.o.Now()}
	if t.ProcessorInfo != nil && len(t.ProcessorInfo.SupportedArchitectures) > 0 {
		m.Architecture = strings.ToUpper(string(t.ProcessorInfo.SupportedArchitectures[len(t.ProcessorInfo.SupportedArchitectures)-1])) // i386 stands before x86_64
	}
	return m
}

// offered adds the zones that offer types.
func (d *Driver) offered(ctx context.Context, api *client, names []string, all map[string]broker.MachineType) error {
	in := &ec2.DescribeInstanceTypeOfferingsInput{
		LocationType: types.LocationTypeAvailabilityZone, Filters: []types.Filter{filter("instance-type", names...)}, MaxResults: new(int32(pageSize)),
	}
	for {
		out, err := call(ctx, api.DescribeInstanceTypeOfferings, in)
		if coded(err, "UnauthorizedOperation") {
			return nil
		}
		if err != nil {
			return err
		}
		for i := range out.InstanceTypeOfferings {
			o := &out.InstanceTypeOfferings[i]
			if t, ok := all[string(o.InstanceType)]; ok {
				t.Zones = append(t.Zones, str(o.Location))
				slices.Sort(t.Zones)
				all[string(o.InstanceType)] = t
			}
		}
		if in.NextToken = out.NextToken; str(in.NextToken) == "" {
			return nil
		}
	}
}

// withPrices adds the registration's prices, and the lowest that a spot machine
// costs now in any zone. Where those may not be read, what was read before
// stays, with its age.
func (d *Driver) withPrices(ctx context.Context, api *client, all map[string]broker.MachineType) (map[string]broker.MachineType, error) {
	spot, err := d.spotPrices(ctx, api, all)
	if err != nil && !coded(err, "UnauthorizedOperation") {
		return nil, err
	}
	for name, t := range all {
		t.Price = nil
		if p, ok := d.config.MachinePrices[name]; ok {
			t.Price = &broker.Price{PerHour: p}
		}
		if p, ok := spot[name]; ok {
			t.Spot = &broker.Price{PerHour: p, At: d.o.Now()}
		}
		all[name] = t
	}
	return all, nil
}

// spotPrices are the lowest prices of all zones, by type.
func (d *Driver) spotPrices(ctx context.Context, api *client, all map[string]broker.MachineType) (map[string]float64, error) {
	if len(all) == 0 {
		return nil, nil //nolint:nilnil // nothing is asked
	}
	now := d.o.Now()
	in := &ec2.DescribeSpotPriceHistoryInput{
		ProductDescriptions: []string{"Linux/UNIX"}, StartTime: &now, MaxResults: new(int32(pageSize)), // from now on: what holds now
	}
	for name := range all {
		in.InstanceTypes = append(in.InstanceTypes, types.InstanceType(name))
	}
	slices.Sort(in.InstanceTypes)
	lowest := map[string]float64{}
	for {
		out, err := call(ctx, api.DescribeSpotPriceHistory, in)
		if err != nil {
			return nil, err
		}
		for i := range out.SpotPriceHistory {
			lower(lowest, &out.SpotPriceHistory[i])
		}
		if in.NextToken = out.NextToken; str(in.NextToken) == "" {
			return lowest, nil
		}
	}
}

// lower notes a price that is the lowest of its type so far. One that is no
// number is none.
func lower(lowest map[string]float64, s *types.SpotPrice) {
	p, err := strconv.ParseFloat(str(s.SpotPrice), 64)
	if had, there := lowest[string(s.InstanceType)]; err == nil && p > 0 && (!there || p < had) {
		lowest[string(s.InstanceType)] = p
	}
}
