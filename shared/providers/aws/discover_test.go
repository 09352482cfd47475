package aws_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/providers"
	"github.com/openhostfactory/ohfp/shared/providers/aws/ec2test"
	"github.com/openhostfactory/ohfp/shared/providers/config"
)

func TestDiscoveryShowsWhatTheCredentialsSee(t *testing.T) {
	s := newSite(t)
	s.AddNetwork("vpc-00000000")
	s.AddSubnet("subnet-0", ec2test.Subnet{Zone: "us-west-2c", Free: 3, Network: "vpc-00000000", Public: true})
	s.AddImage("ami-withdrawn", "deregistered")
	got := s.driver.Discover(t.Context())
	if len(got.Images) != 2 || !got.Images[0].Own || got.Images[0].ID != ec2test.Image || got.Images[1].Own || got.Images[1].ID != ec2test.PublicImage {
		t.Errorf("images: %+v", got.Images)
	}
	got.Images = nil
	want := providers.Discovery{
		Account: "111122223333", Identity: "arn:aws:iam::111122223333:user/broker",
		Networks: []providers.Network{{ID: ec2test.Network, Default: true}, {ID: "vpc-00000000"}},
		Subnets: []providers.Subnet{
			{ID: "subnet-0", Network: "vpc-00000000", Zone: "us-west-2c", Free: 3, Public: true},
			{ID: ec2test.SubnetA, Network: ec2test.Network, Zone: "us-west-2a", Free: 4091},
			{ID: ec2test.SubnetB, Network: ec2test.Network, Zone: "us-west-2b", Free: 4091},
		},
		SecurityGroups: []providers.SecurityGroup{{ID: ec2test.SecurityGroup, Name: "workers", Network: ec2test.Network}},
		KeyNames:       []string{ec2test.KeyPair}, Unseen: []providers.Unseen{},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDiscoveryOfAnotherCloudAsksAWSNothing(t *testing.T) {
	s := newSite(t)
	other := s.register(config.AWS{Region: s.Region(), EndpointURL: s.URL()})
	got := other.Discover(t.Context())
	if got.Account != "" || len(got.Subnets) != 2 || len(s.Calls("GetCallerIdentity")) != 0 {
		t.Errorf("%+v, %d calls", got, len(s.Calls("GetCallerIdentity")))
	}
}

func TestOnePermissionThatIsMissingHidesOneThing(t *testing.T) {
	for action, what := range map[string]string{
		"GetCallerIdentity": "identity", "DescribeVpcs": "networks", "DescribeSubnets": "subnets", "DescribeSecurityGroups": "security_groups", "DescribeKeyPairs": "key_names",
	} {
		s := newSite(t)
		s.Trouble(ec2test.Trouble{Action: action, Refuse: &ec2test.Error{Code: "UnauthorizedOperation", Message: "no.", Status: 403}})
		got := s.driver.Discover(t.Context())
		if len(got.Unseen) != 1 || got.Unseen[0].What != what || got.Unseen[0].Message == "" {
			t.Errorf("%s: %+v", action, got.Unseen)
		}
	}
}
