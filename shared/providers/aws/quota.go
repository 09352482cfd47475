package aws

import (
	"context"
	"fmt"
	"strings"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
)

// EC2 itself tells no limit on virtual CPUs; Service Quotas does. These are of
// the standard families, which share one limit for each way to pay.
const (
	quotaOnDemand    = "L-1216C47A"
	quotaSpot        = "L-34B43A08"
	standardFamilies = "acdhimrtz" // by the first letter of a machine type
)

// quotaLife is how long a limit is believed: a raise takes hours or days.
// quotaPatience is how long it is waited for: a network may lead to EC2 and not
// to Service Quotas, and a check of health is of EC2.
const (
	quotaLife     = time.Hour
	quotaPatience = time.Second
)

// quotas are limits of an account in virtual CPUs. One that is not known is not
// there.
type quotas struct {
	vcpus  map[string]int // by code
	readAt time.Time
}

// quotaClient is Service Quotas in the account of cfg.
func quotaClient(cfg awssdk.Config) *servicequotas.Client {
	return servicequotas.NewFromConfig(cfg, func(o *servicequotas.Options) { o.Retryer = awssdk.NopRetryer{} })
}

// limits reads the account's quotas, once an hour. What may not be read, and
// all of a compatible cloud, is not known.
func (d *Driver) limits(ctx context.Context) map[string]int {
	api, err := d.api(ctx)
	if err != nil || d.config.EndpointURL != "" {
		return nil
	}
	d.mu.Lock()
	known := d.quotas
	d.mu.Unlock()
	if !known.readAt.IsZero() && d.o.Now().Sub(known.readAt) < quotaLife {
		return known.vcpus
	}
	ctx, cancel := context.WithTimeout(ctx, quotaPatience)
	defer cancel()
	known = quotas{vcpus: map[string]int{}, readAt: d.o.Now()}
	for _, code := range []string{quotaOnDemand, quotaSpot} {
		out, err := api.quotas.GetServiceQuota(ctx, &servicequotas.GetServiceQuotaInput{ServiceCode: new("ec2"), QuotaCode: &code})
		if err == nil && out.Quota != nil && out.Quota.Value != nil {
			known.vcpus[code] = int(*out.Quota.Value)
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.quotas = known
	return known.vcpus
}

// forgetNoQuotas has quotas read again that could not be read.
func (d *Driver) forgetNoQuotas() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.quotas.vcpus) == 0 {
		d.quotas = quotas{}
	}
}

// headroom checks how many virtual CPUs the quotas leave, of all who use the
// account; not ok when no quota, or not what is in use, may be read. None left
// in any way to pay is a failed check.
func (d *Driver) headroom(ctx context.Context) (broker.Check, bool) {
	c := broker.Check{Name: "quota"}
	limits := d.limits(ctx)
	if len(limits) == 0 {
		return c, false
	}
	used, err := d.inUse(ctx)
	if coded(err, "UnauthorizedOperation") {
		return c, false
	}
	if err != nil {
		c.Message = fault.AsProvider(err).Message
		return c, true
	}
	var said []string
	for _, way := range []struct{ code, name string }{{quotaOnDemand, "on demand"}, {quotaSpot, "as spot"}} {
		limit, known := limits[way.code]
		if !known {
			continue
		}
		free := max(0, limit-used[way.code])
		c.OK = c.OK || free > 0
		said = append(said, fmt.Sprintf("%d of %d %s", free, limit, way.name))
	}
	c.Message = "vCPUs that the quotas leave: " + strings.Join(said, ", ")
	return c, true
}

// inUse are the virtual CPUs of the account's machines that count for a quota.
func (d *Driver) inUse(ctx context.Context) (map[string]int, error) {
	api, err := d.api(ctx)
	if err != nil {
		return nil, err
	}
	found, err := d.instances(ctx, api, []types.Filter{filter("instance-state-name", "pending", "running")})
	if err != nil {
		return nil, err
	}
	used := map[string]int{}
	for i := range found {
		in := &found[i]
		if in.CpuOptions == nil || !standard(in.InstanceType) {
			continue
		}
		code := quotaOnDemand
		if in.InstanceLifecycle == types.InstanceLifecycleTypeSpot {
			code = quotaSpot
		}
		used[code] += int(value(in.CpuOptions.CoreCount) * value(in.CpuOptions.ThreadsPerCore))
	}
	return used, nil
}

// standard reports whether a machine type is of the families of the quotas: one
// letter of them and a number.
func standard(kind types.InstanceType) bool {
	return len(kind) > 1 && strings.IndexByte(standardFamilies, kind[0]) >= 0 && kind[1] >= '0' && kind[1] <= '9'
}
