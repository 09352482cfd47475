package aws

import (
	"context"
	"fmt"
	"strings"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/providers/config"
)

// fleet asks for machines of several types, subnets or ways to pay.
func (d *Driver) fleet(ctx context.Context, api *client, w *wish) (launched, error) {
	spec, err := d.launchTemplate(ctx, api, w)
	if err != nil {
		return launched{}, err
	}
	out, err := call(ctx, api.CreateFleet, d.fleetInput(w, spec))
	if ours := w.extra.LaunchTemplate == nil; ours && coded(err, "InvalidLaunchTemplate") {
		// Somebody has deleted what this driver made: nothing came of the call.
		d.forget(*spec.LaunchTemplateName)
		if spec, err = d.launchTemplate(ctx, api, w); err != nil {
			return launched{}, err
		}
		out, err = call(ctx, api.CreateFleet, d.fleetInput(w, spec))
	}
	if err != nil {
		return launched{}, err
	}
	return d.answered(out, w), nil
}

// answered reads a fleet's answer: machines, and for each choice that had too
// few the reason.
func (d *Driver) answered(out *ec2.CreateFleetOutput, w *wish) launched {
	var l launched
	for i := range out.Instances {
		in := &out.Instances[i]
		for _, id := range in.InstanceIds {
			l.machines = append(l.machines, d.unseen(id, in, w.spec))
		}
	}
	has := w.spec.Worth(l.machines)
	if has < w.spec.Count {
		l.shortfall = reasons(out.Errors)
	}
	if has < w.spec.Count && len(l.shortfall) == 0 {
		l.shortfall = []error{short("UnfulfillableCapacity", fmt.Sprintf("the fleet has %d of %d %s", has, w.spec.Count, w.counted()))}
	}
	return l
}

// unseen is a machine of which only the fleet's answer is known.
func (d *Driver) unseen(id string, in *types.CreateFleetInstance, spec *broker.CreateSpec) broker.Machine {
	m := broker.Machine{
		ID: id, Name: id, Provider: d.name, Status: broker.MachinePending, InstanceType: string(in.InstanceType), Zone: str(in.AvailabilityZone),
		OperationID: spec.OperationID, Attempt: spec.Attempt, LaunchTime: d.o.Now(), UpdatedAt: d.o.Now(), Account: d.owner(),
	}
	d.priced(&m)
	return m
}

// reasons are the errors of a fleet, one for each code, with the choices that
// it befell.
func reasons(errs []types.CreateFleetError) []error {
	var codes []string
	first := map[string]*types.CreateFleetError{}
	where := map[string][]string{}
	for i := range errs {
		e := &errs[i]
		code := str(e.ErrorCode)
		if first[code] == nil {
			first[code] = e
			codes = append(codes, code)
		}
		where[code] = append(where[code], choiceOf(e))
	}
	var all []error
	for _, c := range codes {
		p := short(c, strings.TrimSuffix(str(first[c].ErrorMessage), "."))
		p.Message += "; for " + list(where[c])
		all = append(all, p)
	}
	return all
}

func choiceOf(e *types.CreateFleetError) string {
	what := string(e.Lifecycle)
	if e.LaunchTemplateAndOverrides != nil && e.LaunchTemplateAndOverrides.Overrides != nil {
		o := e.LaunchTemplateAndOverrides.Overrides
		what = strings.TrimSpace(fmt.Sprintf("%s %s", what, o.InstanceType))
		if s := str(o.SubnetId); s != "" {
			what += " in " + s
		}
	}
	return what
}

// maxListed is how many choices an error names.
const maxListed = 4

func list(what []string) string {
	if len(what) > maxListed {
		return strings.Join(what[:maxListed], ", ") + fmt.Sprintf(" and %d more", len(what)-maxListed)
	}
	return strings.Join(what, ", ")
}

// fleetInput is the same for the same wish: a replay must repeat its
// parameters.
func (d *Driver) fleetInput(w *wish, spec *types.FleetLaunchTemplateSpecificationRequest) *ec2.CreateFleetInput {
	capacity := &types.TargetCapacitySpecificationRequest{
		TotalTargetCapacity: new(int32(w.spec.Count)), OnDemandTargetCapacity: new(int32(w.onDem)), SpotTargetCapacity: new(int32(w.spot)), //nolint:gosec // at most 1,000
		DefaultTargetCapacityType: types.DefaultTargetCapacityTypeOnDemand,
	}
	in := &ec2.CreateFleetInput{
		Type: types.FleetTypeInstant, ClientToken: &w.spec.Token, TargetCapacitySpecification: capacity,
		LaunchTemplateConfigs: []types.FleetLaunchTemplateConfigRequest{{LaunchTemplateSpecification: spec, Overrides: w.fleetOverrides()}},
		TagSpecifications:     d.tagged(w.tags(), types.ResourceTypeFleet, types.ResourceTypeInstance, types.ResourceTypeVolume),
	}
	if w.spot > 0 {
		capacity.DefaultTargetCapacityType = types.DefaultTargetCapacityTypeSpot
		in.SpotOptions = &types.SpotOptionsRequest{
			AllocationStrategy: w.spotStrategy(), InstanceInterruptionBehavior: types.SpotInstanceInterruptionBehaviorTerminate,
		}
	}
	if w.onDem > 0 {
		in.OnDemandOptions = &types.OnDemandOptionsRequest{AllocationStrategy: w.onDemandStrategy()}
	}
	return in
}

func (w *wish) spotStrategy() types.SpotAllocationStrategy {
	switch w.extra.AllocationStrategy {
	case "":
		return types.SpotAllocationStrategyPriceCapacityOptimized
	case "prioritized":
		return types.SpotAllocationStrategyCapacityOptimizedPrioritized
	}
	return types.SpotAllocationStrategy(w.extra.AllocationStrategy)
}

// onDemandStrategy is the template's order of machine types, unless it asks for
// the lowest price or leaves the types to EC2.
func (w *wish) onDemandStrategy() types.FleetOnDemandAllocationStrategy {
	if w.extra.ByPrice() {
		return types.FleetOnDemandAllocationStrategyLowestPrice
	}
	return types.FleetOnDemandAllocationStrategyPrioritized
}

func (w *wish) fleetOverrides() []types.FleetLaunchTemplateOverridesRequest {
	ordered := w.onDem > 0 && w.onDemandStrategy() == types.FleetOnDemandAllocationStrategyPrioritized ||
		w.spot > 0 && w.spotStrategy() == types.SpotAllocationStrategyCapacityOptimizedPrioritized
	var all []types.FleetLaunchTemplateOverridesRequest
	for _, c := range w.overrides() {
		o := types.FleetLaunchTemplateOverridesRequest{InstanceType: types.InstanceType(c.kind), SubnetId: text(c.subnet)}
		if ordered && c.kind != "" {
			o.Priority = awssdk.Float64(float64(c.rank))
		}
		if w.spec.InUnits {
			o.WeightedCapacity = awssdk.Float64(float64(w.template.UnitsOf(c.kind)))
		}
		if w.spot > 0 {
			o.MaxPrice = price(w.extra.SpotMaxPrice)
		}
		if w.extra.LaunchTemplate != nil {
			o.ImageId = text(w.template.Image)
		}
		o.InstanceRequirements = required(w.extra.Requirements)
		all = append(all, o)
	}
	return all
}

// required is what a machine type must have, in the place of its name.
func required(r *config.Requirements) *types.InstanceRequirementsRequest {
	if r == nil {
		return nil
	}
	return &types.InstanceRequirementsRequest{
		VCpuCount:             &types.VCpuCountRangeRequest{Min: whole(r.VCPUMin), Max: whole(r.VCPUMax)},
		MemoryMiB:             &types.MemoryMiBRequest{Min: whole(r.MemoryMiBMin), Max: whole(r.MemoryMiBMax)},
		ExcludedInstanceTypes: r.ExcludedTypes,
	}
}

// whole is a bound; 0 is none.
func whole(n int) *int32 {
	if n == 0 {
		return nil
	}
	return new(int32(n)) //nolint:gosec // the schema bounds it
}
