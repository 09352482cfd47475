package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// List returns the machines that this broker made through this registration and
// that have not ended, each with its operation, attempt and launch time. Other
// registrations of the same account and region list their own.
func (d *Driver) List(ctx context.Context, brokerID string) ([]broker.Machine, error) {
	api, err := d.api(ctx)
	if err != nil {
		return nil, err
	}
	found, err := d.instances(ctx, api, []types.Filter{
		filter("tag:"+TagBroker, brokerID), filter("tag:"+TagProvider, d.name),
		filter("instance-state-name", "pending", "running", "stopping", "stopped"),
	})
	if err != nil {
		return nil, err
	}
	machines := make([]broker.Machine, len(found))
	for i := range found {
		machines[i] = d.machine(&found[i], nil)
	}
	return machines, nil
}
