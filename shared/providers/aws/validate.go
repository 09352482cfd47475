package aws

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers"
	"github.com/openhostfactory/ohfp/shared/providers/config"
)

// Validate looks up what the template names and then asks EC2 for a dry run,
// which proves permissions and parameters, and neither capacity nor quota. What
// may not be looked up is a warning. An error when EC2 cannot be asked.
func (d *Driver) Validate(ctx context.Context, t broker.ResolvedTemplate) (providers.Validation, error) {
	x := &examination{driver: d, v: providers.Validation{ValidatedFields: []string{"template"}}}
	w, err := d.wish(&broker.CreateSpec{BrokerID: "validation", OperationID: "validation", Attempt: 1, Template: t, Count: 1})
	if err != nil {
		x.v.Errors = []string{fault.AsProvider(err).Message}
		return x.v, nil
	}
	if x.api, err = d.api(ctx); err != nil {
		return providers.Validation{}, err
	}
	for _, look := range []func(context.Context, *wish) error{x.images, x.types, x.subnets, x.groups, x.template, x.dryRun} {
		if err := look(ctx, w); err != nil {
			return providers.Validation{}, err
		}
	}
	x.v.Warnings = append(x.v.Warnings, "not proved: that there is capacity, and quota")
	x.v.Estimate = d.estimate(&t)
	return x.v, nil
}

// estimate is by the registration's prices, which are those on demand: what
// spot costs is seen by [Driver.Types].
func (d *Driver) estimate(t *broker.ResolvedTemplate) broker.Estimate {
	kinds := map[string]broker.MachineType{}
	for name, p := range d.config.MachinePrices {
		kinds[name] = broker.MachineType{Price: &broker.Price{PerHour: p}}
	}
	return broker.Market{Types: kinds, Cheapest: config.TakesCheapest("aws", *t), Now: d.o.Now()}.Estimate(t)
}

// examination gathers what is found out about a template.
type examination struct {
	driver *Driver
	api    *client
	v      providers.Validation
}

// said takes in what a look-up of a field answered: an error about the field, a
// warning where it may not be looked at, or an error that ends the examination.
func (x *examination) said(field string, err error) error {
	x.v.ValidatedFields = append(x.v.ValidatedFields, field)
	if err == nil {
		return nil
	}
	p := fault.AsProvider(err)
	switch {
	case p.Code == "UnauthorizedOperation":
		x.v.Warnings = append(x.v.Warnings, field+" could not be looked at: "+p.Message)
	case p.Class == fault.OfferingConfig || p.Class == fault.Validation || p.Class == fault.Capacity || p.Class == fault.Quota:
		x.v.Errors = append(x.v.Errors, field+": "+p.Message)
	default:
		return err
	}
	return nil
}

func (x *examination) images(ctx context.Context, w *wish) error {
	if w.template.Image == "" {
		return nil
	}
	out, err := call(ctx, x.api.DescribeImages, &ec2.DescribeImagesInput{ImageIds: []string{w.template.Image}})
	if err == nil && (len(out.Images) == 0 || out.Images[0].State != types.ImageStateAvailable) {
		err = short("InvalidAMIID.Unavailable", fmt.Sprintf("the image %s cannot be used", w.template.Image))
	}
	return x.said("image", err)
}

func (x *examination) types(ctx context.Context, w *wish) error {
	if len(w.template.MachineTypes) == 0 {
		return nil
	}
	var kinds []types.InstanceType
	for _, k := range w.template.MachineTypes {
		kinds = append(kinds, types.InstanceType(k))
	}
	out, err := call(ctx, x.api.DescribeInstanceTypes, &ec2.DescribeInstanceTypesInput{InstanceTypes: kinds})
	if err == nil {
		x.attributes(w, out.InstanceTypes)
	}
	return x.said("machine_types", err)
}

// attributes warns of machine types that have less than the template promises.
func (x *examination) attributes(w *wish, kinds []types.InstanceTypeInfo) {
	for i := range kinds {
		has := attributesOf(&kinds[i])
		for _, name := range []string{attrCPUs, attrRAM} {
			if want, ok := number(w.template.Attributes[name]); ok && float64(has[name]) < want {
				x.v.Warnings = append(x.v.Warnings, fmt.Sprintf("attributes.%s: %s has %d and the template promises %g", name, kinds[i].InstanceType, has[name], want))
			}
		}
	}
}

func (x *examination) subnets(ctx context.Context, w *wish) error {
	if len(w.subnets) == 0 {
		return nil
	}
	out, err := call(ctx, x.api.DescribeSubnets, &ec2.DescribeSubnetsInput{SubnetIds: w.subnets})
	if err == nil {
		free := slices.ContainsFunc(out.Subnets, func(s types.Subnet) bool { return s.AvailableIpAddressCount == nil || *s.AvailableIpAddressCount > 0 })
		if !free {
			err = short("InsufficientFreeAddressesInSubnet", "no subnet has a free address: "+strings.Join(w.subnets, ", "))
		}
	}
	return x.said("subnets", err)
}

func (x *examination) groups(ctx context.Context, w *wish) error {
	if len(w.groups) == 0 {
		return nil
	}
	_, err := call(ctx, x.api.DescribeSecurityGroups, &ec2.DescribeSecurityGroupsInput{GroupIds: w.groups})
	return x.said("security_groups", err)
}

func (x *examination) template(ctx context.Context, w *wish) error {
	t := w.extra.LaunchTemplate
	if t == nil {
		return nil
	}
	version := t.Version
	if version == "" {
		version = "$Default"
	}
	out, err := call(ctx, x.api.DescribeLaunchTemplateVersions, &ec2.DescribeLaunchTemplateVersionsInput{
		LaunchTemplateId: text(t.ID), LaunchTemplateName: text(t.Name), Versions: []string{version},
	})
	if err == nil && len(out.LaunchTemplateVersions) == 0 {
		err = short("InvalidLaunchTemplateId.VersionNotFound", "there is no version "+version)
	}
	return x.said("launch_template", err)
}

// dryRun asks whether one machine of the first choice could be made. When
// something is known to be missing that answer is no news.
func (x *examination) dryRun(ctx context.Context, w *wish) error {
	if len(x.v.Errors) > 0 || w.extra.Requirements != nil {
		return nil
	}
	in, err := x.driver.runInput(ctx, x.api, w)
	if err != nil {
		return x.said("root_volume", err)
	}
	in.DryRun, in.ClientToken = new(true), nil
	_, err = call(ctx, x.api.RunInstances, in)
	if allowed(err) {
		err = nil
	}
	if coded(err, "UnauthorizedOperation") {
		x.v.Errors = append(x.v.Errors, "permissions: "+fault.AsProvider(err).Message)
		err = nil
	}
	return x.said("permissions", err)
}
