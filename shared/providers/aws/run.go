package aws

import (
	"context"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// run asks for machines of one type in one subnet.
func (d *Driver) run(ctx context.Context, api *client, w *wish) (launched, error) {
	in, err := d.runInput(ctx, api, w)
	if err != nil {
		return launched{}, err
	}
	out, err := call(ctx, api.RunInstances, in)
	if err != nil {
		return launched{}, err
	}
	d.ownedBy(out.OwnerId)
	var l launched
	for i := range out.Instances {
		l.machines = append(l.machines, d.machine(&out.Instances[i], w.spec))
	}
	if n := len(l.machines); n < w.machines() {
		l.shortfall = []error{short("InsufficientInstanceCapacity", fmt.Sprintf("it had %d of %d machines", n, w.machines()))}
	}
	return l, nil
}

// runInput is the same for the same wish: a replay must repeat its parameters.
func (d *Driver) runInput(ctx context.Context, api *client, w *wish) (*ec2.RunInstancesInput, error) {
	in := &ec2.RunInstancesInput{
		ClientToken: &w.spec.Token, MinCount: new(int32(1)), MaxCount: new(int32(w.machines())), //nolint:gosec // at most 1,000
		ImageId: text(w.template.Image), KeyName: text(w.key), SecurityGroupIds: w.groups, UserData: encoded(w.template.UserData),
		TagSpecifications: d.tagged(w.tags(), types.ResourceTypeInstance, types.ResourceTypeVolume),
	}
	c := w.overrides()[0]
	in.InstanceType, in.SubnetId = types.InstanceType(c.kind), text(c.subnet)
	if w.profile != "" {
		name, arn := nameOrARN(w.profile)
		in.IamInstanceProfile = &types.IamInstanceProfileSpecification{Name: name, Arn: arn}
	}
	if w.spot > 0 {
		in.InstanceMarketOptions = &types.InstanceMarketOptionsRequest{
			MarketType:  types.MarketTypeSpot,
			SpotOptions: &types.SpotMarketOptions{MaxPrice: price(w.extra.SpotMaxPrice), SpotInstanceType: types.SpotInstanceTypeOneTime},
		}
	}
	if t := w.extra.LaunchTemplate; t != nil {
		in.LaunchTemplate = &types.LaunchTemplateSpecification{LaunchTemplateId: text(t.ID), LaunchTemplateName: text(t.Name), Version: text(t.Version)}
	} else {
		in.MetadataOptions = &types.InstanceMetadataOptionsRequest{HttpTokens: types.HttpTokensStateRequired}
	}
	var err error
	in.BlockDeviceMappings, err = d.rootVolume(ctx, api, w)
	return in, err
}

// rootVolume is what the template says of the root volume. Its device has a
// name that the image gives.
func (d *Driver) rootVolume(ctx context.Context, api *client, w *wish) ([]types.BlockDeviceMapping, error) {
	if !w.rooted() {
		return nil, nil
	}
	device, err := d.rootDevice(ctx, api, w.template.Image)
	if err != nil {
		return nil, err
	}
	v := &types.EbsBlockDevice{DeleteOnTermination: new(true), VolumeType: types.VolumeType(w.extra.RootVolumeType)}
	if w.extra.RootVolumeGiB > 0 {
		v.VolumeSize = new(int32(w.extra.RootVolumeGiB)) //nolint:gosec // the schema bounds it
	}
	return []types.BlockDeviceMapping{{DeviceName: &device, Ebs: v}}, nil
}

// rootDevice is the name of an image's root device. Images never change, so it
// is looked up once.
func (d *Driver) rootDevice(ctx context.Context, api *client, image string) (string, error) {
	if image == "" {
		return "", invalid("root_volume", "root_volume_gib and root_volume_type need image: its root device has a name of its own")
	}
	d.mu.Lock()
	device := d.devices[image]
	d.mu.Unlock()
	if device != "" {
		return device, nil
	}
	out, err := call(ctx, api.DescribeImages, &ec2.DescribeImagesInput{ImageIds: []string{image}})
	if err != nil {
		return "", harmless(err)
	}
	if len(out.Images) == 0 || out.Images[0].RootDeviceName == nil {
		return "", short("InvalidAMIID.NotFound", fmt.Sprintf("the image %s has no root device", image))
	}
	device = *out.Images[0].RootDeviceName
	d.mu.Lock()
	defer d.mu.Unlock()
	d.devices[image] = device
	return device, nil
}

// machine is an instance as the broker has machines. Of spec it may know
// nothing.
func (d *Driver) machine(in *types.Instance, spec *broker.CreateSpec) broker.Machine {
	m := broker.Machine{
		ID: str(in.InstanceId), Name: str(in.PrivateDnsName), Provider: d.name, PrivateIP: str(in.PrivateIpAddress), PublicIP: str(in.PublicIpAddress),
		InstanceType: string(in.InstanceType), OperationID: tagOf(in.Tags, TagOperation), UpdatedAt: d.o.Now(), Account: d.owner(),
	}
	m.Attempt, _ = strconv.Atoi(tagOf(in.Tags, TagAttempt)) // a tag that somebody changed is no number
	if spec != nil {
		m.OperationID, m.Attempt = spec.OperationID, spec.Attempt
	}
	if m.Name == "" {
		m.Name = m.ID
	}
	if in.Placement != nil {
		m.Zone = str(in.Placement.AvailabilityZone)
	}
	if in.LaunchTime != nil {
		m.LaunchTime = *in.LaunchTime
	}
	m.Status, m.Message = statusOf(in)
	d.priced(&m)
	return m
}

func (d *Driver) priced(m *broker.Machine) {
	if p, ok := d.config.MachinePrices[m.InstanceType]; ok {
		m.PricePerHour = &p
	}
}

func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func str(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func encoded(userData string) *string {
	return text(base64.StdEncoding.EncodeToString([]byte(userData)))
}

func price(p *float64) *string {
	if p == nil || *p == 0 {
		return nil
	}
	return new(strconv.FormatFloat(*p, 'f', -1, 64))
}

func nameOrARN(profile string) (name, arn *string) {
	if strings.HasPrefix(profile, "arn:") {
		return nil, &profile
	}
	return &profile, nil
}
