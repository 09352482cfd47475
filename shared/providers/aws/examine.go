package aws

import (
	"context"
	"fmt"
	"sync"
	"time"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"
	"github.com/aws/smithy-go/middleware"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers"
)

// Examine checks who the credentials are, that the region is enabled, that the
// clocks agree, and tries each action that the driver asks for: it looks, or asks
// for a dry run. CreateTags and iam:PassRole have no try of their own: they are
// rights to what the calls say that make something.
func (d *Driver) Examine(ctx context.Context, of providers.Examination) []broker.Check {
	api, err := d.api(ctx)
	if err != nil {
		return []broker.Check{failed("credentials", err)}
	}
	var checks []broker.Check
	var answer middleware.Metadata
	if d.config.EndpointURL == "" {
		who, err := d.caller(ctx, api)
		if err != nil {
			return []broker.Check{failed("credentials", err)}
		}
		checks = append(checks, broker.Check{Name: "credentials", OK: true, Message: fmt.Sprintf("acts as %s in account %s", str(who.Arn), str(who.Account))})
		answer = who.ResultMetadata
	}
	zones, err := call(ctx, api.DescribeAvailabilityZones, &ec2.DescribeAvailabilityZonesInput{})
	if err == nil {
		answer = zones.ResultMetadata
	}
	checks = append(checks, d.region(zones, err))
	if err != nil && !coded(err, "UnauthorizedOperation") {
		return checks
	}
	if c, ok := d.clocks(answer); ok {
		checks = append(checks, c)
	}
	checks = append(checks, permission("ec2:DescribeAvailabilityZones", err))
	return append(checks, d.permissions(ctx, api, of)...)
}

// region is what a look at the zones shows of the region. EC2 knows nobody in
// one that is not enabled: who may not look has been known.
func (d *Driver) region(zones *ec2.DescribeAvailabilityZonesOutput, err error) broker.Check {
	switch {
	case err == nil:
		return broker.Check{Name: "region", OK: true, Message: fmt.Sprintf("%s is enabled and has %d zones", d.config.Region, len(zones.AvailabilityZones))}
	case coded(err, "UnauthorizedOperation"):
		return broker.Check{Name: "region", OK: true, Message: d.config.Region + " is enabled"}
	}
	return failed("region", err)
}

func failed(name string, err error) broker.Check {
	return broker.Check{Name: name, Message: fault.AsProvider(err).Message}
}

// mostSkew is how far clocks may be apart: AWS refuses signatures that are five
// minutes off.
const mostSkew = 4 * time.Minute

// clocks compares the broker's time with that of an answer; not ok when it has
// none.
func (d *Driver) clocks(m middleware.Metadata) (broker.Check, bool) {
	theirs, ok := awsmiddleware.GetServerTime(m)
	if !ok {
		return broker.Check{}, false
	}
	apart := d.o.Now().Sub(theirs).Abs().Round(time.Second)
	if apart > mostSkew {
		return broker.Check{Name: "clock", Message: fmt.Sprintf("the broker's clock and that of AWS are %s apart, and AWS refuses what is 5m off; synchronize the broker's", apart)}, true
	}
	return broker.Check{Name: "clock", OK: true, Message: fmt.Sprintf("%s apart from that of AWS", apart)}, true
}

// try finds out about one action.
type try func(context.Context) broker.Check

// permissions tries actions, all at once.
func (d *Driver) permissions(ctx context.Context, api *client, of providers.Examination) []broker.Check {
	r := &rehearsal{driver: d, api: api, of: of}
	all := append(looks(api), r.tries()...)
	if d.config.EndpointURL == "" {
		all = append(all, d.tryQuotas(api))
	}
	checks := make([]broker.Check, len(all))
	var trying sync.WaitGroup
	for i, t := range all {
		trying.Go(func() { checks[i] = t(ctx) })
	}
	trying.Wait()
	return checks
}

// permission is what the answer to a dry run shows of an action. EC2 documents two:
// DryRunOperation for who may, and UnauthorizedOperation for who may not. What
// it complains of beside that says nothing of permissions: whether they are
// looked at first is not documented.
//
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RunInstances.html
func permission(action string, err error) broker.Check {
	if err == nil || allowed(err) {
		return broker.Check{Name: action, OK: true, Message: "allowed"}
	}
	p := fault.AsProvider(err)
	if p.Class == fault.Auth {
		return broker.Check{Name: action, Message: p.Message}
	}
	c := broker.Check{Name: action, Unproven: true, Message: "not shown: " + p.Message}
	if status(p.Err) != 0 {
		c.Message += "; AWS does not say whether it looks at permissions before that"
	}
	return c
}

// looks are the actions that only look, beside the one that tells the zones.
func looks(api *client) []try {
	dry := new(true)
	return []try{
		look("DescribeInstances", api.DescribeInstances, &ec2.DescribeInstancesInput{DryRun: dry}),
		look("DescribeImages", api.DescribeImages, &ec2.DescribeImagesInput{DryRun: dry}),
		look("DescribeInstanceTypes", api.DescribeInstanceTypes, &ec2.DescribeInstanceTypesInput{DryRun: dry}),
		look("DescribeInstanceTypeOfferings", api.DescribeInstanceTypeOfferings, &ec2.DescribeInstanceTypeOfferingsInput{DryRun: dry}),
		look("DescribeSpotPriceHistory", api.DescribeSpotPriceHistory, &ec2.DescribeSpotPriceHistoryInput{DryRun: dry}),
		look("DescribeSpotInstanceRequests", api.DescribeSpotInstanceRequests, &ec2.DescribeSpotInstanceRequestsInput{DryRun: dry}),
		look("DescribeVpcs", api.DescribeVpcs, &ec2.DescribeVpcsInput{DryRun: dry}),
		look("DescribeSubnets", api.DescribeSubnets, &ec2.DescribeSubnetsInput{DryRun: dry}),
		look("DescribeSecurityGroups", api.DescribeSecurityGroups, &ec2.DescribeSecurityGroupsInput{DryRun: dry}),
		look("DescribeKeyPairs", api.DescribeKeyPairs, &ec2.DescribeKeyPairsInput{DryRun: dry}),
		look("DescribeLaunchTemplateVersions", api.DescribeLaunchTemplateVersions, &ec2.DescribeLaunchTemplateVersionsInput{
			DryRun: dry, Versions: []string{"$Default"}, // of all: none is named
		}),
	}
}

func look[In, Out any](action string, f method[In, Out], in *In) try {
	return func(ctx context.Context) broker.Check {
		_, err := call(ctx, f, in)
		return permission("ec2:"+action, err)
	}
}

// tryQuotas reads a quota: Service Quotas knows no dry run. How much the quotas
// leave is said by [Driver.Health].
func (d *Driver) tryQuotas(api *client) try {
	return func(ctx context.Context) broker.Check {
		ctx, cancel := context.WithTimeout(ctx, quotaPatience)
		defer cancel()
		c := broker.Check{Name: "servicequotas:GetServiceQuota"}
		_, err := api.quotas.GetServiceQuota(ctx, &servicequotas.GetServiceQuotaInput{ServiceCode: new("ec2"), QuotaCode: new(quotaOnDemand)})
		if err == nil {
			c.OK, c.Message = true, "allowed"
			d.forgetNoQuotas()
			return c
		}
		if p := classify(ctx, err, status(err) != 0); p.Class == fault.Auth {
			c.Message = fmt.Sprintf("Service Quotas refuses (%s): nobody knows how many virtual CPUs are left; allow the action in the policy of the credentials", p.Code)
		} else {
			c.Unproven, c.Message = true, fmt.Sprintf("not shown: Service Quotas told no quota (%s), and nobody knows how many virtual CPUs are left", p.Code)
		}
		return c
	}
}
