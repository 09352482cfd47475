package ec2test_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"
	sqtypes "github.com/aws/aws-sdk-go-v2/service/servicequotas/types"

	"github.com/openhostfactory/ohfp/shared/providers/aws/ec2test"
)

func TestTypesAreFoundByFilterAndOfferedByZone(t *testing.T) {
	d := start(t)
	d.AddType("p9.large", ec2test.Type{VCPUs: 8, Cores: 4, MemoryMiB: 1024, Zones: []string{d.Zone("b")}})
	only := []types.Filter{{Name: new("instance-type"), Values: []string{"p9.large", "m99.large"}}}
	out, err := d.DescribeInstanceTypes(t.Context(), &ec2.DescribeInstanceTypesInput{Filters: only})
	if err != nil || len(out.InstanceTypes) != 1 || *out.InstanceTypes[0].VCpuInfo.DefaultCores != 4 {
		t.Fatalf("types: %+v, %v", out, err)
	}
	offers, err := d.DescribeInstanceTypeOfferings(t.Context(), &ec2.DescribeInstanceTypeOfferingsInput{LocationType: types.LocationTypeAvailabilityZone, Filters: only})
	if err != nil || len(offers.InstanceTypeOfferings) != 1 || *offers.InstanceTypeOfferings[0].Location != d.Zone("b") {
		t.Fatalf("offers: %+v, %v", offers, err)
	}
	if _, err = d.DescribeInstanceTypeOfferings(t.Context(), &ec2.DescribeInstanceTypeOfferingsInput{LocationType: types.LocationTypeRegion}); err == nil {
		t.Error("offers by region are not modelled")
	}
	if _, err = d.DescribeInstanceTypes(t.Context(), &ec2.DescribeInstanceTypesInput{Filters: []types.Filter{{Name: new("hypervisor"), Values: []string{"nitro"}}}}); err == nil {
		t.Error("a filter that is not modelled was passed over")
	}
}

func TestSpotHasThePricesThatWereSet(t *testing.T) {
	d := start(t)
	d.SpotPrice(ec2test.Pool{Type: ec2test.TypeLarge, Zone: d.Zone("a")}, "0.04")
	out, err := d.DescribeSpotPriceHistory(t.Context(), &ec2.DescribeSpotPriceHistoryInput{InstanceTypes: []types.InstanceType{ec2test.TypeLarge, ec2test.TypeXLarge}})
	if err != nil || len(out.SpotPriceHistory) != 1 || *out.SpotPriceHistory[0].SpotPrice != "0.04" || *out.SpotPriceHistory[0].AvailabilityZone != d.Zone("a") {
		t.Errorf("got %+v, %v", out, err)
	}
}

func TestServiceQuotasTellsTheQuotasThatHold(t *testing.T) {
	d := start(t)
	d.Quota(ec2test.OnDemand, 6)
	client := servicequotas.New(servicequotas.Options{
		Region: d.Server.Region(), BaseEndpoint: new(d.URL()), Retryer: awssdk.NopRetryer{}, HTTPClient: ownBodies{},
		Credentials: awssdk.CredentialsProviderFunc(func(context.Context) (awssdk.Credentials, error) {
			return awssdk.Credentials{AccessKeyID: ec2test.KeyID, SecretAccessKey: "of the double"}, nil
		}),
	})
	ask := func(service, code string) (*servicequotas.GetServiceQuotaOutput, error) {
		return client.GetServiceQuota(t.Context(), &servicequotas.GetServiceQuotaInput{ServiceCode: &service, QuotaCode: &code})
	}
	if out, err := ask("ec2", "L-1216C47A"); err != nil || *out.Quota.Value != 6 {
		t.Errorf("on demand: %+v, %v", out, err)
	}
	for _, absent := range [][2]string{{"ec2", "L-34B43A08"}, {"ec2", "L-0"}, {"rds", "L-1216C47A"}} {
		if _, err := ask(absent[0], absent[1]); !errors.As(err, new(*sqtypes.NoSuchResourceException)) {
			t.Errorf("%v: %v", absent, err)
		}
	}
	d.Trouble(ec2test.Trouble{Action: "GetServiceQuota", Refuse: &ec2test.Error{Code: "AccessDeniedException", Message: "no", Status: 400}})
	if _, err := ask("ec2", "L-1216C47A"); !errors.As(err, new(*sqtypes.AccessDeniedException)) {
		t.Errorf("without permission: %v", err)
	}
	if !slices.ContainsFunc(d.Calls(""), func(c ec2test.Call) bool { return c.Action == "GetServiceQuota" }) {
		t.Error("the calls are not noted")
	}
}
