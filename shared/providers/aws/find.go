package aws

import (
	"context"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// Find looks up the machines of an attempt by their tags; those that have ended
// are not among them.
func (d *Driver) Find(ctx context.Context, spec broker.CreateSpec) ([]broker.Machine, error) {
	api, err := d.api(ctx)
	if err != nil {
		return nil, err
	}
	found, err := d.instances(ctx, api, byAttempt(&spec))
	if err != nil {
		return nil, err
	}
	var all []broker.Machine
	for i := range found {
		all = append(all, d.machine(&found[i], &spec))
	}
	return alive(all), nil
}

func filter(name string, values ...string) types.Filter {
	return types.Filter{Name: &name, Values: values}
}

// byAttempt asks for what an attempt of this broker made.
func byAttempt(spec *broker.CreateSpec) []types.Filter {
	return []types.Filter{
		filter("tag:"+TagBroker, spec.BrokerID),
		filter("tag:"+TagOperation, spec.OperationID),
		filter("tag:"+TagAttempt, strconv.Itoa(spec.Attempt)),
	}
}

// pageSize is the most that EC2 puts on a page.
const pageSize = 1000

// instances returns all instances that pass the filters.
func (d *Driver) instances(ctx context.Context, api *client, filters []types.Filter) ([]types.Instance, error) {
	in := &ec2.DescribeInstancesInput{Filters: filters, MaxResults: new(int32(pageSize))}
	var all []types.Instance
	for {
		out, err := call(ctx, api.DescribeInstances, in)
		if err != nil {
			return nil, err
		}
		for _, r := range out.Reservations {
			d.ownedBy(r.OwnerId)
			all = append(all, r.Instances...)
		}
		if str(out.NextToken) == "" {
			break
		}
		in.NextToken = out.NextToken
	}
	return slices.DeleteFunc(all, func(i types.Instance) bool { return i.InstanceId == nil }), nil
}
