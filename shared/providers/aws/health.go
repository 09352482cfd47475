package aws

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers"
	"github.com/openhostfactory/ohfp/shared/providers/config"
)

// Health makes the call that everything else depends on: a look-up of the
// broker's machines. It also looks whether subnets have addresses, and quotas
// room, left: none anywhere is DEGRADED, for what runs can still be returned.
func (d *Driver) Health(ctx context.Context) (broker.Health, error) {
	began := d.o.Now()
	err := d.knock(ctx)
	h := broker.Health{CheckedAt: d.o.Now(), ResponseTime: max(0, d.o.Now().Sub(began))}
	if err != nil {
		p := fault.AsProvider(err)
		h.State, h.Message = broker.Unhealthy, p.Message
		if p.Class == fault.Throttle {
			h.State = broker.Degraded
		}
		h.Checks = []broker.Check{{Name: "api", Message: p.Message}}
		return h, nil
	}
	h.State, h.Message = broker.Healthy, "EC2 answers in "+d.config.Region
	h.Checks = []broker.Check{{Name: "api", OK: true, Message: h.Message}}
	for _, check := range []func(context.Context) (broker.Check, bool){d.addresses, d.headroom} {
		if c, ok := check(ctx); ok {
			h.Checks = append(h.Checks, c)
			if !c.OK {
				h.State, h.Message = broker.Degraded, h.Message+"; "+c.Message
			}
		}
	}
	return h, nil
}

// knock asks for the smallest page that there is.
func (d *Driver) knock(ctx context.Context) error {
	api, err := d.api(ctx)
	if err != nil {
		return err
	}
	_, err = call(ctx, api.DescribeInstances, &ec2.DescribeInstancesInput{
		Filters: []types.Filter{filter("tag-key", TagBroker)}, MaxResults: new(int32(5)),
	})
	return err
}

// addresses checks the registration's subnets; not ok when there are none, or
// when they may not be looked at.
func (d *Driver) addresses(ctx context.Context) (broker.Check, bool) {
	c := broker.Check{Name: "addresses"}
	if len(d.config.Subnets) == 0 {
		return c, false
	}
	found, err := d.subnets(ctx)
	if coded(err, "UnauthorizedOperation") {
		return c, false
	}
	if err != nil {
		c.Message = fault.AsProvider(err).Message
		return c, true
	}
	free := 0
	for i := range found {
		free += int(value(found[i].AvailableIpAddressCount))
	}
	c.OK, c.Message = free > 0, fmt.Sprintf("%d addresses are free in %s", free, strings.Join(d.config.Subnets, ", "))
	return c, true
}

func (d *Driver) subnets(ctx context.Context) ([]types.Subnet, error) {
	api, err := d.api(ctx)
	if err != nil {
		return nil, err
	}
	out, err := call(ctx, api.DescribeSubnets, &ec2.DescribeSubnetsInput{SubnetIds: d.config.Subnets})
	if err != nil {
		return nil, err
	}
	return out.Subnets, nil
}

// Capabilities are the account's zones, those in which machines can be started,
// and the quotas that may be read.
func (d *Driver) Capabilities(ctx context.Context) (providers.Capabilities, error) {
	api, err := d.api(ctx)
	if err != nil {
		return providers.Capabilities{}, err
	}
	out, err := call(ctx, api.DescribeAvailabilityZones, &ec2.DescribeAvailabilityZonesInput{})
	if err != nil {
		return providers.Capabilities{}, err
	}
	zones := []string{}
	for i := range out.AvailabilityZones {
		if z := &out.AvailabilityZones[i]; z.State == types.AvailabilityZoneStateAvailable {
			zones = append(zones, str(z.ZoneName))
		}
	}
	c := providers.Capabilities{
		Verified: map[string]any{"instance_management": true, "spot_instances": true, "fleets": true, "region": d.config.Region, "zones": zones},
		Limits: map[string]any{
			"max_machines_per_request": maxMachines, "max_user_data_bytes": maxUserData, "max_tags": maxTags - len(Tags("", &broker.CreateSpec{Template: broker.ResolvedTemplate{ID: "t"}})),
		},
		VerifiedAt: d.o.Now(),
	}
	for name, code := range map[string]string{"vcpu_quota_on_demand": quotaOnDemand, "vcpu_quota_spot": quotaSpot} {
		if n, known := d.limits(ctx)[code]; known {
			c.Limits[name] = n
		}
	}
	if len(d.config.Subnets) > 0 {
		found, err := d.subnets(ctx)
		if err != nil {
			return providers.Capabilities{}, err
		}
		c.Verified["subnets"] = subnetZones(found)
	}
	return c, nil
}

func subnetZones(found []types.Subnet) map[string]string {
	zones := map[string]string{}
	for i := range found {
		zones[str(found[i].SubnetId)] = str(found[i].AvailabilityZone)
	}
	return zones
}

// The attributes that a machine type decides.
const (
	attrCPUs = config.AttrCPUs
	attrRAM  = config.AttrRAM
)

// attributesOf are a machine type's physical cores and MiB of memory.
func attributesOf(t *types.InstanceTypeInfo) map[string]int64 {
	has := map[string]int64{}
	if t.VCpuInfo != nil {
		has[attrCPUs] = int64(value(t.VCpuInfo.DefaultCores))
	}
	if t.MemoryInfo != nil {
		has[attrRAM] = value(t.MemoryInfo.SizeInMiB)
	}
	return has
}

func number(v any) (float64, bool) { return config.AttributeNumber(v) }

func value[T int32 | int64](p *T) T {
	if p == nil {
		return 0
	}
	return *p
}
