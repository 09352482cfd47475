package aws

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers"
)

// Discover asks for each thing by itself, so that a permission that is missing
// hides no other. Without credentials it asks once.
func (d *Driver) Discover(ctx context.Context) providers.Discovery {
	found := providers.Discovery{
		Networks: []providers.Network{}, Subnets: []providers.Subnet{}, SecurityGroups: []providers.SecurityGroup{},
		KeyNames: []string{}, Images: []providers.Image{}, Unseen: []providers.Unseen{},
	}
	api, err := d.api(ctx)
	if err != nil {
		found.Unseen = append(found.Unseen, providers.Unseen{What: "account", Message: fault.AsProvider(err).Message})
		return found
	}
	for _, look := range []struct {
		what string
		at   func(context.Context, *client, *providers.Discovery) error
	}{
		{"identity", d.identity},
		{"networks", networks},
		{"subnets", subnets},
		{"security_groups", groups},
		{"key_names", keys},
		{"images", images("self", "*")},
		{"public_images", images("amazon", publicImage)},
	} {
		if err := look.at(ctx, api, &found); err != nil {
			p := fault.AsProvider(err)
			found.Unseen = append(found.Unseen, providers.Unseen{What: look.what, Message: p.Message})
			if _, none := errors.AsType[*credentialsError](err); none {
				break // it is the same for all
			}
		}
	}
	return found
}

// identity asks who the credentials are. A compatible cloud is not asked: the
// service that answers that is AWS's own.
func (d *Driver) identity(ctx context.Context, api *client, found *providers.Discovery) error {
	if d.config.EndpointURL != "" {
		return nil
	}
	out, err := d.caller(ctx, api)
	if err != nil {
		return err
	}
	found.Account, found.Identity = str(out.Account), str(out.Arn)
	return nil
}

// caller needs no permission: what fails are the credentials.
func (*Driver) caller(ctx context.Context, api *client) (*sts.GetCallerIdentityOutput, error) {
	out, err := api.sts.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return nil, classify(ctx, err, status(err) != 0)
	}
	return out, nil
}

func networks(ctx context.Context, api *client, found *providers.Discovery) error {
	out, err := call(ctx, api.DescribeVpcs, &ec2.DescribeVpcsInput{}) // without a bound it answers with all
	if err != nil {
		return err
	}
	for _, v := range out.Vpcs {
		found.Networks = append(found.Networks, providers.Network{ID: str(v.VpcId), Name: tagOf(v.Tags, "Name"), Default: awssdk.ToBool(v.IsDefault)})
	}
	slices.SortFunc(found.Networks, func(a, b providers.Network) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.ID, b.ID))
	})
	return nil
}

// rank puts the default network first.
func rank(n providers.Network) int {
	if n.Default {
		return 0
	}
	return 1
}

func subnets(ctx context.Context, api *client, found *providers.Discovery) error {
	out, err := call(ctx, api.DescribeSubnets, &ec2.DescribeSubnetsInput{}) // without a bound it answers with all
	if err != nil {
		return err
	}
	for i := range out.Subnets {
		s := &out.Subnets[i]
		found.Subnets = append(found.Subnets, providers.Subnet{
			ID: str(s.SubnetId), Name: tagOf(s.Tags, "Name"), Network: str(s.VpcId), Zone: str(s.AvailabilityZone),
			Free: int(value(s.AvailableIpAddressCount)), Public: awssdk.ToBool(s.MapPublicIpOnLaunch),
		})
	}
	slices.SortFunc(found.Subnets, func(a, b providers.Subnet) int {
		return cmp.Or(cmp.Compare(a.Network, b.Network), cmp.Compare(a.Zone, b.Zone), cmp.Compare(a.ID, b.ID))
	})
	return nil
}

func groups(ctx context.Context, api *client, found *providers.Discovery) error {
	out, err := call(ctx, api.DescribeSecurityGroups, &ec2.DescribeSecurityGroupsInput{}) // without a bound it answers with all
	if err != nil {
		return err
	}
	for i := range out.SecurityGroups {
		g := &out.SecurityGroups[i]
		found.SecurityGroups = append(found.SecurityGroups, providers.SecurityGroup{ID: str(g.GroupId), Name: str(g.GroupName), Network: str(g.VpcId)})
	}
	slices.SortFunc(found.SecurityGroups, func(a, b providers.SecurityGroup) int {
		return cmp.Or(cmp.Compare(a.Network, b.Network), cmp.Compare(a.Name, b.Name))
	})
	return nil
}

func keys(ctx context.Context, api *client, found *providers.Discovery) error {
	out, err := call(ctx, api.DescribeKeyPairs, &ec2.DescribeKeyPairsInput{})
	if err != nil {
		return err
	}
	for i := range out.KeyPairs {
		found.KeyNames = append(found.KeyNames, str(out.KeyPairs[i].KeyName))
	}
	slices.Sort(found.KeyNames)
	return nil
}

// publicImage is the name of what AWS itself offers for any use.
const publicImage = "al2023-ami-2023.*-x86_64"

// mostImages is how many images of the account are shown.
const mostImages = 20

// images shows those of the account, or the newest that AWS offers.
func images(owner, name string) func(context.Context, *client, *providers.Discovery) error {
	return func(ctx context.Context, api *client, found *providers.Discovery) error {
		out, err := call(ctx, api.DescribeImages, &ec2.DescribeImagesInput{
			Owners: []string{owner}, Filters: []types.Filter{filter("name", name), filter("state", "available")},
		})
		if err != nil {
			return err
		}
		all := out.Images
		slices.SortFunc(all, func(a, b types.Image) int { return cmp.Compare(str(b.CreationDate), str(a.CreationDate)) })
		most := mostImages
		if owner != "self" {
			most = 1
		}
		for i := range all[:min(len(all), most)] {
			created, _ := time.Parse(time.RFC3339, str(all[i].CreationDate)) // one that cannot be read is not shown
			found.Images = append(found.Images, providers.Image{ID: str(all[i].ImageId), Name: str(all[i].Name), Own: owner == "self", Created: created})
		}
		return nil
	}
}
