package aws

import (
	"context"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// warning is how long EC2 leaves a spot machine after it was marked.
const warning = 2 * time.Minute

// Watch asks EC2 for machines by their ids, some hundreds at a time. Of spot
// machines that run it also asks which are marked to be taken; without the
// permission for that they are known to be taken when they are gone.
func (d *Driver) Watch(ctx context.Context, ids []string) ([]broker.Machine, error) {
	api, err := d.api(ctx)
	if err != nil {
		return nil, err
	}
	var machines []broker.Machine
	for some := range slices.Chunk(instanceIDs(ids), maxFilterValues) {
		found, err := d.instances(ctx, api, []types.Filter{filter("instance-id", some...)})
		if err != nil {
			return nil, err
		}
		marked, err := d.marked(ctx, api, found)
		if err != nil {
			return nil, err
		}
		for i := range found {
			m := d.machine(&found[i], nil)
			if at, taken := marked[m.ID]; taken && m.Status == broker.MachineRunning {
				m.Status, m.ReclaimAt, m.Message = broker.MachineStopping, at, "EC2 takes it back: its spot request is marked"
			}
			machines = append(machines, m)
		}
	}
	return machines, nil
}

func runningSpot(found []types.Instance) (ids []string) {
	for i := range found {
		in := &found[i]
		if in.InstanceLifecycle == types.InstanceLifecycleTypeSpot && in.State != nil && in.State.Name == types.InstanceStateNameRunning {
			ids = append(ids, *in.InstanceId)
		}
	}
	return ids
}

// marked are the spot machines that EC2 is about to take, and when it does.
func (d *Driver) marked(ctx context.Context, api *client, found []types.Instance) (map[string]time.Time, error) {
	spot := runningSpot(found)
	marked := map[string]time.Time{}
	if len(spot) == 0 {
		return marked, nil
	}
	out, err := call(ctx, api.DescribeSpotInstanceRequests, &ec2.DescribeSpotInstanceRequestsInput{
		Filters: []types.Filter{filter("instance-id", spot...), filter("status-code", "marked-for-termination", "marked-for-stop")},
	})
	if coded(err, "UnauthorizedOperation") {
		return marked, nil
	}
	if err != nil {
		return nil, err
	}
	for i := range out.SpotInstanceRequests {
		if r := &out.SpotInstanceRequests[i]; r.Status != nil && r.Status.UpdateTime != nil {
			marked[str(r.InstanceId)] = r.Status.UpdateTime.Add(warning)
		}
	}
	return marked, nil
}
