package ec2test_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/openhostfactory/ohfp/shared/providers/aws/ec2test"
)

// The double is asked by the real client: what that cannot read, or does not
// send, is no EC2.
type double struct {
	*ec2test.Server
	*ec2.Client

	t   testing.TB
	now time.Time
}

func start(t testing.TB) *double {
	t.Helper()
	d := &double{t: t, now: time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)}
	d.Server = ec2test.Start(t, ec2test.Options{Now: func() time.Time { return d.now }})
	d.Client = d.as(ec2test.KeyID, "us-west-2")
	return d
}

func (d *double) as(key, region string) *ec2.Client {
	return ec2.NewFromConfig(awssdk.Config{
		Region: region, BaseEndpoint: new(d.URL()), Retryer: func() awssdk.Retryer { return awssdk.NopRetryer{} },
		HTTPClient: ownBodies{},
		Credentials: awssdk.CredentialsProviderFunc(func(context.Context) (awssdk.Credentials, error) {
			return awssdk.Credentials{AccessKeyID: key, SecretAccessKey: "any"}, nil
		}),
	})
}

// ownBodies gives each request a body of its own: the SDK closes the one that it
// made when the answer begins, and with it, where the answer is quick, the
// connection under the answer.
type ownBodies struct{}

// Do implements [awssdk.HTTPClient].
func (ownBodies) Do(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		r = r.Clone(r.Context())
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	return http.DefaultClient.Do(r)
}

// code is the code and the status of an error.
func code(err error) (string, int) {
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return "", 0
	}
	status := 0
	if r, ok := errors.AsType[*smithyhttp.ResponseError](err); ok {
		status = r.HTTPStatusCode()
	}
	return api.ErrorCode(), status
}

func (d *double) refused(err error, want string, status int) {
	d.t.Helper()
	if got, s := code(err); got != want || s != status {
		d.t.Errorf("got %s with %d (%v), want %s with %d", got, s, err, want, status)
	}
}

// wanted asks for machines of the default stock.
func wanted(token string, least, most int32) *ec2.RunInstancesInput {
	return &ec2.RunInstancesInput{
		ClientToken: &token, MinCount: &least, MaxCount: &most, ImageId: new(ec2test.Image), InstanceType: ec2test.TypeLarge, SubnetId: new(ec2test.SubnetA),
	}
}

func (d *double) run(in *ec2.RunInstancesInput) []types.Instance {
	d.t.Helper()
	out, err := d.RunInstances(d.t.Context(), in)
	if err != nil {
		d.t.Fatalf("running: %v", err)
	}
	return out.Instances
}

func ids(instances []types.Instance) []string {
	var all []string
	for _, i := range instances {
		all = append(all, *i.InstanceId)
	}
	return all
}

func TestATokenGetsTheSameMachines(t *testing.T) {
	d := start(t)
	first := d.run(wanted("a", 1, 3))
	if diff := cmp.Diff(ids(first), ids(d.run(wanted("a", 1, 3)))); diff != "" || d.Made() != 3 {
		t.Errorf("%d were made (-first +second):\n%s", d.Made(), diff)
	}
	_, err := d.RunInstances(t.Context(), wanted("a", 1, 4))
	d.refused(err, "IdempotentParameterMismatch", http.StatusBadRequest)
	d.run(wanted("b", 1, 3))
	if d.Made() != 6 {
		t.Errorf("%d were made", d.Made())
	}
	_, err = d.RunInstances(t.Context(), wanted(strings.Repeat("x", 65), 1, 1))
	d.refused(err, "InvalidParameterValue", http.StatusBadRequest)
}

func TestBetweenTheLeastAndTheMostThereAreAsManyAsThereIsRoomFor(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		d := start(t)
		room := rapid.IntRange(0, 12).Draw(r, "room")
		least := rapid.Int32Range(1, 10).Draw(r, "least")
		most := rapid.Int32Range(least, 12).Draw(r, "most")
		d.Free(room)
		out, err := d.RunInstances(t.Context(), wanted("a", least, most))
		if room < int(least) {
			d.refused(err, "InsufficientInstanceCapacity", http.StatusInternalServerError)
			return
		}
		if err != nil || len(out.Instances) != min(room, int(most)) {
			r.Errorf("got %v, %v", out, err)
		}
		if _, err := d.TerminateInstances(t.Context(), &ec2.TerminateInstancesInput{InstanceIds: ids(out.Instances)}); err != nil {
			r.Errorf("terminating: %v", err)
		}
		if again := d.run(wanted("b", 1, int32(room))); len(again) != room {
			r.Errorf("what was ended made room for %d of %d", len(again), room)
		}
	})
}

func TestScarcityIsByTypeZoneAndMarket(t *testing.T) {
	d := start(t)
	d.Room(ec2test.Pool{Type: ec2test.TypeLarge, Zone: "us-west-2a", Market: ec2test.OnDemand}, 0)
	_, err := d.RunInstances(t.Context(), wanted("a", 1, 1))
	d.refused(err, "InsufficientInstanceCapacity", http.StatusInternalServerError)
	for token, change := range map[string]func(*ec2.RunInstancesInput){
		"type": func(in *ec2.RunInstancesInput) { in.InstanceType = ec2test.TypeXLarge },
		"zone": func(in *ec2.RunInstancesInput) { in.SubnetId = new(ec2test.SubnetB) },
		"market": func(in *ec2.RunInstancesInput) {
			in.InstanceMarketOptions = &types.InstanceMarketOptionsRequest{MarketType: types.MarketTypeSpot}
		},
	} {
		in := wanted(token, 1, 1)
		change(in)
		d.run(in)
	}
}

func TestQuotasBoundVirtualCPUs(t *testing.T) {
	d := start(t)
	d.Quota(ec2test.OnDemand, 5)
	if n := len(d.run(wanted("a", 1, 3))); n != 2 {
		t.Errorf("%d machines of 2 virtual CPUs in a quota of 5", n)
	}
	_, err := d.RunInstances(t.Context(), wanted("b", 1, 1))
	d.refused(err, "VcpuLimitExceeded", http.StatusBadRequest)
	d.Quota(ec2test.Spot, 1)
	spot := wanted("c", 1, 1)
	spot.InstanceMarketOptions = &types.InstanceMarketOptionsRequest{MarketType: types.MarketTypeSpot}
	_, err = d.RunInstances(t.Context(), spot)
	d.refused(err, "MaxSpotInstanceCountExceeded", http.StatusBadRequest)
}

func TestLaunchesComeOutOfABucketOfAThousandAndTwoASecond(t *testing.T) {
	d := start(t)
	d.run(wanted("a", 1, 1000))
	_, err := d.RunInstances(t.Context(), wanted("b", 1, 1))
	d.refused(err, "RequestLimitExceeded", http.StatusServiceUnavailable)
	d.now = d.now.Add(3 * time.Second)
	_, err = d.RunInstances(t.Context(), wanted("b", 1, 7))
	d.refused(err, "RequestLimitExceeded", http.StatusServiceUnavailable)
	d.run(wanted("b", 1, 6))
}

func TestWhatIsUnknownIsRefused(t *testing.T) {
	d := start(t)
	for want, change := range map[string]func(*ec2.RunInstancesInput){
		"InvalidAMIID.NotFound":     func(in *ec2.RunInstancesInput) { in.ImageId = new("ami-00000000") },
		"MissingParameter":          func(in *ec2.RunInstancesInput) { in.ImageId = nil },
		"InvalidParameterValue":     func(in *ec2.RunInstancesInput) { in.InstanceType = "m99.large" },
		"InvalidSubnetID.NotFound":  func(in *ec2.RunInstancesInput) { in.SubnetId = new("subnet-9") },
		"InvalidGroup.NotFound":     func(in *ec2.RunInstancesInput) { in.SecurityGroupIds = []string{"sg-9"} },
		"InvalidKeyPair.NotFound":   func(in *ec2.RunInstancesInput) { in.KeyName = new("none") },
		"InvalidUserData.Malformed": func(in *ec2.RunInstancesInput) { in.UserData = new("#!/bin/sh") },
		"InvalidLaunchTemplateName.NotFoundException": func(in *ec2.RunInstancesInput) {
			in.LaunchTemplate = &types.LaunchTemplateSpecification{LaunchTemplateName: new("none")}
		},
		"InvalidLaunchTemplateId.NotFound": func(in *ec2.RunInstancesInput) {
			in.LaunchTemplate = &types.LaunchTemplateSpecification{LaunchTemplateId: new("lt-9")}
		},
		"UnknownParameter": func(in *ec2.RunInstancesInput) { in.EbsOptimized = new(true) },
	} {
		in := wanted("a", 1, 1)
		change(in)
		_, err := d.RunInstances(t.Context(), in)
		d.refused(err, want, http.StatusBadRequest)
	}
	_, err := d.StopInstances(t.Context(), &ec2.StopInstancesInput{InstanceIds: []string{"i-00000000"}})
	d.refused(err, "InvalidAction", http.StatusBadRequest)
	if d.Made() != 0 {
		t.Errorf("%d were made", d.Made())
	}
}

func TestADryRunMakesNothingAndCanRefuse(t *testing.T) {
	d := start(t)
	in := wanted("a", 1, 1)
	in.DryRun = new(true)
	_, err := d.RunInstances(t.Context(), in)
	d.refused(err, "DryRunOperation", http.StatusPreconditionFailed)
	d.Trouble(ec2test.Trouble{Action: "RunInstances", Refuse: &ec2test.Error{Code: "UnauthorizedOperation", Message: "no", Status: http.StatusForbidden}})
	_, err = d.RunInstances(t.Context(), in)
	d.refused(err, "UnauthorizedOperation", http.StatusForbidden)
	if d.Made() != 0 || len(d.Calls("RunInstances")) != 2 || !d.Calls("RunInstances")[0].DryRun {
		t.Errorf("%d were made by %+v", d.Made(), d.Calls(""))
	}
}

func TestAMachineIsSeenLaterThanItIsThere(t *testing.T) {
	d := start(t)
	d.Lag(10 * time.Second)
	d.Boot(20 * time.Second)
	made := ids(d.run(wanted("a", 1, 1)))
	d.expect(made, nil)
	_, err := d.DescribeInstances(t.Context(), &ec2.DescribeInstancesInput{InstanceIds: made})
	d.refused(err, "InvalidInstanceID.NotFound", http.StatusBadRequest)
	_, err = d.TerminateInstances(t.Context(), &ec2.TerminateInstancesInput{InstanceIds: made})
	d.refused(err, "InvalidInstanceID.NotFound", http.StatusBadRequest)
	for _, step := range []struct {
		after time.Duration
		state types.InstanceStateName
	}{{10 * time.Second, "pending"}, {10 * time.Second, "running"}} {
		d.now = d.now.Add(step.after)
		d.expect(made, []types.InstanceStateName{step.state})
	}
	if _, err := d.TerminateInstances(t.Context(), &ec2.TerminateInstancesInput{InstanceIds: made}); err != nil {
		t.Fatal(err)
	}
	d.expect(made, []types.InstanceStateName{"shutting-down"})
	d.now = d.now.Add(30 * time.Second)
	d.expect(made, []types.InstanceStateName{"terminated"})
	d.now = d.now.Add(time.Hour)
	d.expect(made, nil)
}

// expect compares the states of machines, looked up by a filter.
func (d *double) expect(made []string, want []types.InstanceStateName) {
	d.t.Helper()
	out, err := d.DescribeInstances(d.t.Context(), &ec2.DescribeInstancesInput{Filters: []types.Filter{{Name: new("instance-id"), Values: made}}})
	if err != nil {
		d.t.Fatal(err)
	}
	var got []types.InstanceStateName
	for _, r := range out.Reservations {
		for _, i := range r.Instances {
			got = append(got, i.State.Name)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		d.t.Errorf("states (-want +got):\n%s", diff)
	}
}

func TestOnlySpotMachinesAreTakenBackAndAfterAWarning(t *testing.T) {
	d := start(t)
	kept := ids(d.run(wanted("a", 1, 1)))
	spot := wanted("b", 1, 1)
	spot.InstanceMarketOptions = &types.InstanceMarketOptionsRequest{MarketType: types.MarketTypeSpot}
	taken := ids(d.run(spot))
	d.Interrupt(kept[0])
	d.Interrupt(taken[0])
	d.now = d.now.Add(2*time.Minute - time.Second)
	d.expect(taken, []types.InstanceStateName{"running"})
	d.now = d.now.Add(time.Second)
	d.expect(taken, []types.InstanceStateName{"shutting-down"})
	d.expect(kept, []types.InstanceStateName{"running"})
}

func TestOneUnknownIdRefusesAllAndIsNamed(t *testing.T) {
	d := start(t)
	made := ids(d.run(wanted("a", 1, 2)))
	for _, bad := range [][]string{{"i-00000000"}, {"i-00000000", "i-00000001"}} {
		_, err := d.TerminateInstances(t.Context(), &ec2.TerminateInstancesInput{InstanceIds: slices.Concat(made, bad)})
		d.refused(err, "InvalidInstanceID.NotFound", http.StatusBadRequest)
		for _, id := range bad {
			if !strings.Contains(err.Error(), id) {
				t.Errorf("%v does not name %s", err, id)
			}
		}
	}
	_, err := d.TerminateInstances(t.Context(), &ec2.TerminateInstancesInput{InstanceIds: []string{made[0], "nonsense"}})
	d.refused(err, "InvalidInstanceID.Malformed", http.StatusBadRequest)
	if n := len(d.Machines()); n != 2 {
		t.Errorf("%d are left of 2", n)
	}
}

func TestLookUpsArePagedAndFiltered(t *testing.T) {
	d := start(t)
	in := wanted("a", 1, 12)
	in.TagSpecifications = []types.TagSpecification{{ResourceType: types.ResourceTypeInstance, Tags: []types.Tag{{Key: new("team"), Value: new("a")}}}}
	d.run(in)
	d.run(wanted("b", 1, 3))
	for name, c := range map[string]struct {
		filter types.Filter
		want   int
	}{
		"a tag":            {types.Filter{Name: new("tag:team"), Values: []string{"a"}}, 12},
		"a tag's name":     {types.Filter{Name: new("tag-key"), Values: []string{"team"}}, 12},
		"a token":          {types.Filter{Name: new("client-token"), Values: []string{"b"}}, 3},
		"a state":          {types.Filter{Name: new("instance-state-name"), Values: []string{"running"}}, 15},
		"nothing there is": {types.Filter{Name: new("tag:team"), Values: []string{"b"}}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			ask, found := &ec2.DescribeInstancesInput{Filters: []types.Filter{c.filter}, MaxResults: new(int32(5))}, 0
			for pages := 0; pages < 10; pages++ {
				out, err := d.DescribeInstances(t.Context(), ask)
				if err != nil {
					t.Fatal(err)
				}
				for _, r := range out.Reservations {
					found += len(r.Instances)
				}
				if ask.NextToken = out.NextToken; ask.NextToken == nil {
					break
				}
			}
			if found != c.want {
				t.Errorf("found %d, want %d", found, c.want)
			}
		})
	}
	for want, ask := range map[string]*ec2.DescribeInstancesInput{
		"InvalidParameterValue": {MaxResults: new(int32(4))},
		"InvalidNextToken":      {NextToken: new("99")},
		"FilterLimitExceeded":   {Filters: []types.Filter{{Name: new("instance-id"), Values: slices.Repeat([]string{"i"}, 201)}}},
	} {
		_, err := d.DescribeInstances(t.Context(), ask)
		d.refused(err, want, http.StatusBadRequest)
	}
}

func TestCallersAreKnownByTheirKeyAndTheRegion(t *testing.T) {
	d := start(t)
	_, err := d.as("AKIDOFNOBODY", "us-west-2").RunInstances(t.Context(), wanted("a", 1, 1))
	d.refused(err, "AuthFailure", http.StatusUnauthorized)
	_, err = d.as(ec2test.KeyID, "us-east-1").RunInstances(t.Context(), wanted("a", 1, 1))
	d.refused(err, "SignatureDoesNotMatch", http.StatusForbidden)
	res, err := http.Post(d.URL(), "application/x-www-form-urlencoded", strings.NewReader("Action=DescribeInstances&Version=2016-11-15"))
	if err != nil || res.StatusCode != http.StatusForbidden {
		t.Errorf("without a signature: %v, %v", res, err)
	}
	if err := res.Body.Close(); err != nil {
		t.Error(err)
	}
}
