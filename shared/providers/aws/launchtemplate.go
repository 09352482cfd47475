package aws

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/openhostfactory/ohfp/shared/fault"
)

// launchTemplate returns the launch template of a fleet: the account's own that
// the template names, or one by the content, made when there is none.
func (d *Driver) launchTemplate(ctx context.Context, api *client, w *wish) (*types.FleetLaunchTemplateSpecificationRequest, error) {
	spec, data, err := d.nameTemplate(ctx, api, w)
	if err != nil || data == nil {
		return spec, err
	}
	if err := d.ensure(ctx, api, w, *spec.LaunchTemplateName, data); err != nil {
		return nil, err
	}
	return spec, nil
}

// nameTemplate names the launch template of a fleet, and says what one by the
// content holds: nothing for the account's own. It makes none.
func (d *Driver) nameTemplate(ctx context.Context, api *client, w *wish) (*types.FleetLaunchTemplateSpecificationRequest, *types.RequestLaunchTemplateData, error) {
	if t := w.extra.LaunchTemplate; t != nil {
		version := t.Version
		if version == "" {
			version = "$Default"
		}
		return &types.FleetLaunchTemplateSpecificationRequest{LaunchTemplateId: text(t.ID), LaunchTemplateName: text(t.Name), Version: &version}, nil, nil
	}
	data, err := d.content(ctx, api, w)
	if err != nil {
		return nil, nil, err
	}
	name, err := contentName(w.spec.BrokerID, data)
	if err != nil {
		return nil, nil, err
	}
	return &types.FleetLaunchTemplateSpecificationRequest{LaunchTemplateName: &name, Version: new("1")}, data, nil
}

// content is what of a wish a launch template holds: all that a fleet cannot
// be told otherwise. Tags of an attempt are not in it.
func (d *Driver) content(ctx context.Context, api *client, w *wish) (*types.RequestLaunchTemplateData, error) {
	data := &types.RequestLaunchTemplateData{
		ImageId: text(w.template.Image), KeyName: text(w.key), SecurityGroupIds: w.groups, UserData: encoded(w.template.UserData),
		MetadataOptions: &types.LaunchTemplateInstanceMetadataOptionsRequest{HttpTokens: types.LaunchTemplateHttpTokensStateRequired},
	}
	if w.profile != "" {
		name, arn := nameOrARN(w.profile)
		data.IamInstanceProfile = &types.LaunchTemplateIamInstanceProfileSpecificationRequest{Name: name, Arn: arn}
	}
	root, err := d.rootVolume(ctx, api, w)
	if err != nil {
		return nil, err
	}
	for _, r := range root {
		data.BlockDeviceMappings = append(data.BlockDeviceMappings, types.LaunchTemplateBlockDeviceMappingRequest{
			DeviceName: r.DeviceName,
			Ebs: &types.LaunchTemplateEbsBlockDeviceRequest{
				DeleteOnTermination: r.Ebs.DeleteOnTermination, VolumeSize: r.Ebs.VolumeSize, VolumeType: r.Ebs.VolumeType,
			},
		})
	}
	return data, nil
}

// contentName names a launch template by what it holds and whose it is.
func contentName(brokerID string, data *types.RequestLaunchTemplateData) (string, error) {
	raw, err := json.Marshal(data)
	if err != nil {
		return "", invalid("launch_template", "what the template says cannot be written: %v", err)
	}
	sum := sha256.Sum256(append([]byte(brokerID+"\n"), raw...))
	return "ohfp-" + hex.EncodeToString(sum[:16]), nil
}

// ensure makes a launch template when this driver has not seen it. One of that
// name is the same: nobody changes what is named by its content.
func (d *Driver) ensure(ctx context.Context, api *client, w *wish, name string, data *types.RequestLaunchTemplateData) error {
	d.mu.Lock()
	there := d.templates[name]
	d.mu.Unlock()
	if there {
		return nil
	}
	tags := map[string]string{TagBroker: w.spec.BrokerID}
	if id := w.template.ID; id != "" {
		tags[TagTemplate] = id
	}
	_, err := call(ctx, api.CreateLaunchTemplate, &ec2.CreateLaunchTemplateInput{
		LaunchTemplateName: &name, LaunchTemplateData: data, TagSpecifications: d.tagged(tags, types.ResourceTypeLaunchTemplate),
	})
	if err != nil && !coded(err, "InvalidLaunchTemplateName.AlreadyExists") {
		return harmless(err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.templates[name] = true
	return nil
}

func (d *Driver) forget(template string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.templates, template)
}

// harmless is the error of a call that makes no machine: whatever became of it,
// none exists, which only a request that did not leave says.
func harmless(err error) error {
	p := fault.AsProvider(err)
	bare := *p
	bare.Sent = p.Sent && !p.Class.Rule().Ambiguous
	return &bare
}
