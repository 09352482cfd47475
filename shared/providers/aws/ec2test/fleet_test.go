package ec2test_test

import (
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/providers/aws/ec2test"
)

func override(kind, subnet string, priority float64) types.FleetLaunchTemplateOverridesRequest {
	return types.FleetLaunchTemplateOverridesRequest{InstanceType: types.InstanceType(kind), SubnetId: &subnet, Priority: &priority}
}

// fleet asks for units of a launch template that is made first.
func (d *double) fleet(token string, units int32, overrides ...types.FleetLaunchTemplateOverridesRequest) *ec2.CreateFleetInput {
	d.t.Helper()
	if len(d.LaunchTemplates()) == 0 {
		_, err := d.CreateLaunchTemplate(d.t.Context(), &ec2.CreateLaunchTemplateInput{
			LaunchTemplateName: new("lt"), LaunchTemplateData: &types.RequestLaunchTemplateData{ImageId: new(ec2test.Image)},
		})
		if err != nil {
			d.t.Fatal(err)
		}
	}
	return &ec2.CreateFleetInput{
		Type: types.FleetTypeInstant, ClientToken: &token,
		TargetCapacitySpecification: &types.TargetCapacitySpecificationRequest{TotalTargetCapacity: &units, DefaultTargetCapacityType: types.DefaultTargetCapacityTypeOnDemand},
		OnDemandOptions:             &types.OnDemandOptionsRequest{AllocationStrategy: types.FleetOnDemandAllocationStrategyPrioritized},
		LaunchTemplateConfigs: []types.FleetLaunchTemplateConfigRequest{{
			LaunchTemplateSpecification: &types.FleetLaunchTemplateSpecificationRequest{LaunchTemplateName: new("lt"), Version: new("$Latest")},
			Overrides:                   overrides,
		}},
	}
}

// made are the machines of a fleet by type, and its errors by code.
func (d *double) made(in *ec2.CreateFleetInput) (byType map[types.InstanceType]int, errs map[string]int) {
	d.t.Helper()
	out, err := d.CreateFleet(d.t.Context(), in)
	if err != nil {
		d.t.Fatalf("making a fleet: %v", err)
	}
	byType, errs = map[types.InstanceType]int{}, map[string]int{}
	for _, i := range out.Instances {
		byType[i.InstanceType] += len(i.InstanceIds)
	}
	for _, e := range out.Errors {
		errs[*e.ErrorCode]++
		if e.LaunchTemplateAndOverrides.Overrides.InstanceType == "" || e.Lifecycle == "" || *e.ErrorMessage == "" {
			d.t.Errorf("an error does not say of what: %+v", e)
		}
	}
	return byType, errs
}

func TestAFleetTakesItsChoicesByPriorityAndSaysWhichFailed(t *testing.T) {
	d := start(t)
	d.Room(ec2test.Pool{Type: ec2test.TypeCompute, Zone: "us-west-2a", Market: ec2test.OnDemand}, 2)
	byType, errs := d.made(d.fleet("a", 5, override(ec2test.TypeLarge, ec2test.SubnetA, 3), override(ec2test.TypeCompute, ec2test.SubnetA, 1), override(ec2test.TypeXLarge, "subnet-9", 2)))
	if diff := cmp.Diff(map[types.InstanceType]int{ec2test.TypeCompute: 2, ec2test.TypeLarge: 3}, byType); diff != "" {
		t.Errorf("machines (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]int{"InsufficientInstanceCapacity": 1, "InvalidSubnetID.NotFound": 1}, errs); diff != "" {
		t.Errorf("errors (-want +got):\n%s", diff)
	}
}

func TestAFleetOfWhichNothingCanBeMadeIsAnAnswerAllTheSame(t *testing.T) {
	d := start(t)
	d.Free(0)
	in := d.fleet("a", 5, override(ec2test.TypeLarge, ec2test.SubnetA, 1))
	for range 2 { // its token is known, too
		byType, errs := d.made(in)
		if len(byType) != 0 || errs["InsufficientInstanceCapacity"] != 1 {
			t.Errorf("got %v, %v", byType, errs)
		}
		d.Free(9)
	}
}

func TestUnitsOfAFleetAreMachinesByTheirWeight(t *testing.T) {
	d := start(t)
	heavy := override(ec2test.TypeXLarge, ec2test.SubnetA, 1)
	heavy.WeightedCapacity = new(2.0)
	byType, _ := d.made(d.fleet("a", 5, heavy))
	if diff := cmp.Diff(map[types.InstanceType]int{ec2test.TypeXLarge: 3}, byType); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestAFleetPartsItsUnitsByMarket(t *testing.T) {
	d := start(t)
	in := d.fleet("a", 5, override(ec2test.TypeLarge, ec2test.SubnetA, 1))
	in.TargetCapacitySpecification.OnDemandTargetCapacity = new(int32(2))
	in.TargetCapacitySpecification.DefaultTargetCapacityType = types.DefaultTargetCapacityTypeSpot
	d.made(in)
	got := map[ec2test.Market]int{}
	for _, m := range d.Machines() {
		got[m.Market]++
	}
	if diff := cmp.Diff(map[ec2test.Market]int{ec2test.OnDemand: 2, ec2test.Spot: 3}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestWhatNoFleetCanBeMadeOfIsRefused(t *testing.T) {
	d := start(t)
	one := override(ec2test.TypeLarge, ec2test.SubnetA, 1)
	for want, change := range map[string]func(*ec2.CreateFleetInput){
		"InvalidParameterValue":              func(in *ec2.CreateFleetInput) { in.Type = types.FleetTypeMaintain },
		"InvalidTargetCapacitySpecification": func(in *ec2.CreateFleetInput) { in.TargetCapacitySpecification.SpotTargetCapacity = new(int32(6)) },
		"InvalidLaunchTemplateName.NotFoundException": func(in *ec2.CreateFleetInput) {
			in.LaunchTemplateConfigs[0].LaunchTemplateSpecification.LaunchTemplateName = new("none")
		},
		"InvalidLaunchTemplateId.VersionNotFound": func(in *ec2.CreateFleetInput) {
			in.LaunchTemplateConfigs[0].LaunchTemplateSpecification.Version = new("9")
		},
	} {
		in := d.fleet("a", 5, one)
		change(in)
		_, err := d.CreateFleet(t.Context(), in)
		d.refused(err, want, http.StatusBadRequest)
	}
	_, err := d.CreateLaunchTemplate(t.Context(), &ec2.CreateLaunchTemplateInput{LaunchTemplateName: new("lt"), LaunchTemplateData: &types.RequestLaunchTemplateData{}})
	d.refused(err, "InvalidLaunchTemplateName.AlreadyExistsException", http.StatusBadRequest)
	first := d.fleet("a", 1, one)
	d.made(first)
	_, err = d.CreateFleet(t.Context(), d.fleet("a", 2, one))
	d.refused(err, "IdempotentParameterMismatch", http.StatusBadRequest)
	if d.Made() != 1 {
		t.Errorf("%d were made", d.Made())
	}
}

func TestAnswersAreLostCutAndRefusedAsOftenAsTold(t *testing.T) {
	d := start(t)
	for name, trouble := range map[string]ec2test.Trouble{"lost": {Lose: true, Times: 1}, "cut": {Cut: true, Times: 1}} {
		d.Trouble(trouble)
		if _, err := d.RunInstances(t.Context(), wanted(name, 1, 2)); err == nil {
			t.Errorf("%s: it was answered", name)
		}
		d.run(wanted(name, 1, 2))
	}
	if d.Made() != 4 {
		t.Errorf("%d were made, want 4: those whose answer did not come, too", d.Made())
	}
}
