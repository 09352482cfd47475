package dispatch

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/op"
	"github.com/openhostfactory/ohfp/shared/providers"
	"github.com/openhostfactory/ohfp/shared/providers/config"
)

// DiscoverAWS looks at an account of AWS that is not registered yet.
var DiscoverAWS = op.Define(op.Spec{
	Name: "discoverAws", Kind: op.Query, OfKind: "aws", Role: op.Operator, Timeout: 25 * time.Second,
	Summary: "Show what a registration of an AWS account could choose from",
	Detail: "With the credentials that such a registration would use: networks, subnets with free addresses, security groups, key pairs and " +
		"images of one region. What they may not look at is said. Nothing is stored; \"ohfp providers discover aws\" makes a file of it.",
	Examples: []op.Example{
		{Title: "With the broker's own credentials", Body: `{"region": "us-west-2"}`},
		{Title: "In a role of another account", Body: `{"region": "eu-central-1", "role_arn": "arn:aws:iam::111122223333:role/ohfp-provider", "external_id": "ours"}`},
	},
	Faults: []fault.Code{fault.NotSupported},
}, Service.discoverAWS)

// DiscoverAWSInput says where to look, and as whom. Its fields are those of a
// registration.
type DiscoverAWSInput struct {
	Region      string `json:"region" required:"true" format:"name" doc:"Region, such as us-west-2."`
	Profile     string `json:"profile,omitempty" maxlen:"128" doc:"Profile of the AWS configuration on the broker's machine."`
	RoleARN     string `json:"role_arn,omitempty" maxlen:"2048" doc:"Role that the broker assumes in the account."`
	ExternalID  string `json:"external_id,omitempty" minlen:"2" maxlen:"1224" doc:"External id that the role's trust policy asks for."`
	EndpointURL string `json:"endpoint_url,omitempty" maxlen:"1024" doc:"Endpoint of a compatible cloud; https, or http on the broker's own machine."`
}

// DiscoveredAWS is what was seen.
type DiscoveredAWS struct {
	BrokerID     string              `json:"broker_id" doc:"The broker's id: the value of the tag ohfp:broker, which the role of an account asks for."`
	Registration json.RawMessage     `json:"strategy_config" doc:"Of a registration, what is certain: where, and as whom."`
	Discovery    providers.Discovery `json:"found" doc:"What there is to choose from."`
}

// discoverAWS looks with a registration that is stored nowhere. invalid_request
// for one that could not be registered.
func (s Service) discoverAWS(ctx context.Context, in DiscoverAWSInput) (DiscoveredAWS, error) {
	raw, err := json.Marshal(config.AWS{
		Region: in.Region, Profile: in.Profile, RoleARN: in.RoleARN, ExternalID: in.ExternalID, EndpointURL: in.EndpointURL,
	})
	if err != nil {
		return DiscoveredAWS{}, fmt.Errorf("writing a configuration: %w", err)
	}
	if _, err := config.ParseAWS(raw); err != nil {
		return DiscoveredAWS{}, asAsked(err)
	}
	d, err := s.Drivers.Driver(broker.Registration{Kind: "aws", Config: raw})
	if err != nil {
		return DiscoveredAWS{}, asAsked(err)
	}
	from, ok := d.(providers.Discoverer)
	if !ok {
		return DiscoveredAWS{}, fault.Unsupported("region", "the driver of aws cannot look around here")
	}
	meta, err := s.Meta.Meta(ctx)
	if err != nil {
		return DiscoveredAWS{}, fmt.Errorf("reading the broker's id: %w", err)
	}
	return DiscoveredAWS{BrokerID: meta.ID, Registration: raw, Discovery: from.Discover(ctx)}, nil
}

// asAsked names the fields of an error as this request has them.
func asAsked(err error) error {
	const place = "strategy_config."
	f := *fault.As(err)
	f.Detail, f.Fields = strings.ReplaceAll(f.Detail, place, ""), slices.Clone(f.Fields)
	for i := range f.Fields {
		f.Fields[i].Field = strings.TrimPrefix(f.Fields[i].Field, place)
	}
	return &f
}
