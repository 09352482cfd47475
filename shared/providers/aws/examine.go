package aws

import (
	"context"
	"fmt"
	"sync"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go/middleware"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
)

// Examine checks who the credentials are, that the region is enabled, that the
// clocks agree, and each action that it can try without an effect. That machines
// may be made is tried by [Driver.Validate], with a template.
func (d *Driver) Examine(ctx context.Context) []broker.Check {
	api, err := d.api(ctx)
	if err != nil {
		return []broker.Check{failed("credentials", err)}
	}
	var checks []broker.Check
	if d.config.EndpointURL == "" {
		who, err := d.caller(ctx, api)
		if err != nil {
			return []broker.Check{failed("credentials", err)}
		}
		checks = append(checks, broker.Check{Name: "credentials", OK: true, Message: fmt.Sprintf("acts as %s in account %s", str(who.Arn), str(who.Account))})
	}
	zones, err := call(ctx, api.DescribeAvailabilityZones, &ec2.DescribeAvailabilityZonesInput{})
	if err != nil {
		return append(checks, failed("region", err))
	}
	checks = append(checks, broker.Check{Name: "region", OK: true, Message: fmt.Sprintf("%s is enabled and has %d zones", d.config.Region, len(zones.AvailabilityZones))})
	if c, ok := d.clocks(zones.ResultMetadata); ok {
		checks = append(checks, c)
	}
	return append(checks, d.permissions(ctx, api)...)
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

// permissions tries actions, all at once.
func (d *Driver) permissions(ctx context.Context, api *client) []broker.Check {
	all := d.tries(api)
	checks := make([]broker.Check, len(all))
	var trying sync.WaitGroup
	for i, t := range all {
		trying.Go(func() { checks[i] = permission(t.action, t.try(ctx)) })
	}
	trying.Wait()
	return checks
}

// permission is the verdict on an action: an answer that complains of anything
// else was given to somebody who may ask.
func permission(action string, err error) broker.Check {
	c := broker.Check{Name: "ec2:" + action, OK: true, Message: "allowed"}
	if err == nil || allowed(err) {
		return c
	}
	if p := fault.AsProvider(err); p.Class == fault.Auth || !p.Sent || status(p.Err) == 0 || status(p.Err) >= 500 {
		c.OK, c.Message = false, p.Message
	}
	return c
}

type try struct {
	action string
	try    func(context.Context) error
}

// tries are the actions that can be tried without an effect and without naming
// anything that exists.
func (d *Driver) tries(api *client) []try {
	dry := new(true)
	return []try{
		{"DescribeInstances", attempt(api.DescribeInstances, &ec2.DescribeInstancesInput{DryRun: dry})},
		{"DescribeImages", attempt(api.DescribeImages, &ec2.DescribeImagesInput{DryRun: dry})},
		{"DescribeInstanceTypes", attempt(api.DescribeInstanceTypes, &ec2.DescribeInstanceTypesInput{DryRun: dry})},
		{"DescribeSubnets", attempt(api.DescribeSubnets, &ec2.DescribeSubnetsInput{DryRun: dry})},
		{"DescribeSecurityGroups", attempt(api.DescribeSecurityGroups, &ec2.DescribeSecurityGroupsInput{DryRun: dry})},
		{"DescribeSpotInstanceRequests", attempt(api.DescribeSpotInstanceRequests, &ec2.DescribeSpotInstanceRequestsInput{DryRun: dry})},
		{"CreateLaunchTemplate", attempt(api.CreateLaunchTemplate, &ec2.CreateLaunchTemplateInput{
			DryRun: dry, LaunchTemplateName: awssdk.String("ohfp-examination"),
			TagSpecifications:  d.tagged(map[string]string{TagBroker: "validation"}, types.ResourceTypeLaunchTemplate), // rights may ask for the tag
			LaunchTemplateData: &types.RequestLaunchTemplateData{InstanceType: types.InstanceTypeM7iLarge},
		})},
	}
}

func attempt[In, Out any](f method[In, Out], in *In) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := call(ctx, f, in)
		return err
	}
}
