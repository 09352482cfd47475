package aws

import (
	"context"
	"errors"
	"regexp"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers/config"
)

// maxFilterValues is how many values EC2 takes in one filter.
const maxFilterValues = 200

// Status asks EC2 for machines by their ids, as a filter: an id that it does
// not know spoils no other. A machine that it does not show is PENDING while it
// is young by the broker's records, else LOST. REFUSED when those are needed
// and cannot be read.
func (d *Driver) Status(ctx context.Context, ids []string) ([]broker.Machine, error) {
	api, err := d.api(ctx)
	if err != nil {
		return nil, err
	}
	seen := map[string]*types.Instance{}
	for some := range slices.Chunk(instanceIDs(ids), maxFilterValues) {
		found, err := d.instances(ctx, api, []types.Filter{filter("instance-id", some...)})
		if err != nil {
			return nil, err
		}
		for i := range found {
			seen[*found[i].InstanceId] = &found[i]
		}
	}
	young, err := d.young(ctx, ids, func(id string) bool { return seen[id] != nil })
	if err != nil {
		return nil, err
	}
	machines := make([]broker.Machine, len(ids))
	for i, id := range ids {
		if in := seen[id]; in != nil {
			machines[i] = d.machine(in, nil)
			continue
		}
		machines[i] = broker.Machine{ID: id, Provider: d.name, Status: broker.MachineLost, Message: "EC2 does not know it", UpdatedAt: d.o.Now()}
		if young[id] {
			machines[i].Status, machines[i].Message = broker.MachinePending, "EC2 does not show it yet"
		}
	}
	return machines, nil
}

var instanceID = regexp.MustCompile(`i-[0-9a-f]{8,17}`)

// instanceIDs are those of ids that EC2 can know; others it would refuse
// together with all beside them.
func instanceIDs(ids []string) []string {
	var some []string
	for _, id := range ids {
		if instanceID.FindString(id) == id && id != "" {
			some = append(some, id)
		}
	}
	return some
}

// young returns which machines that EC2 does not know it may only not show yet.
func (d *Driver) young(ctx context.Context, ids []string, known func(id string) bool) (map[string]bool, error) {
	absent := slices.DeleteFunc(instanceIDs(ids), known)
	if len(absent) == 0 {
		return nil, nil //nolint:nilnil // nothing is asked
	}
	records, err := d.o.Machines.Machines(ctx, absent)
	if err != nil {
		return nil, unread(ctx, err)
	}
	young := map[string]bool{}
	for i := range records {
		r := &records[i]
		young[r.ID] = r.Provider == d.name && !r.Status.Final() && d.o.Now().Sub(r.LaunchTime) < config.Lag("aws")
	}
	return young, nil
}

// unread is a look-up in the broker's own records that failed: it says nothing
// about EC2.
func unread(ctx context.Context, err error) *fault.ProviderError {
	p := &fault.ProviderError{Class: fault.Refused, Code: "records", Message: "the broker's record of machines cannot be read", Err: err}
	if errors.Is(ctx.Err(), context.Canceled) {
		p.Class = fault.Cancelled
	}
	return p
}

// statusOf is the state of an instance. What shuts down never comes back.
func statusOf(in *types.Instance) (broker.MachineStatus, string) {
	var state types.InstanceStateName
	if in.State != nil {
		state = in.State.Name
	}
	switch state {
	case types.InstanceStateNameRunning:
		return broker.MachineRunning, ""
	case types.InstanceStateNameStopping:
		return broker.MachineStopping, ended(in)
	case types.InstanceStateNameStopped:
		return broker.MachineStopped, ended(in)
	case types.InstanceStateNameShuttingDown, types.InstanceStateNameTerminated:
		if reclaimed(in) {
			return broker.MachineLost, ended(in)
		}
		return broker.MachineTerminated, ended(in)
	case types.InstanceStateNamePending:
	}
	return broker.MachinePending, ""
}

// reclaimed reports whether AWS ended a machine that nobody returned.
func reclaimed(in *types.Instance) bool {
	return in.StateReason != nil && (str(in.StateReason.Code) == "Server.SpotInstanceTermination" || str(in.StateReason.Code) == "Server.SpotInstanceShutdown")
}

// ended says why a machine ended.
func ended(in *types.Instance) string {
	if in.StateReason != nil && str(in.StateReason.Message) != "" {
		return str(in.StateReason.Message)
	}
	return "EC2 has ended it"
}
