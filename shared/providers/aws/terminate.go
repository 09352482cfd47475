package aws

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
)

// verdict is what became of one id.
type verdict struct {
	ended   bool
	message string
}

// Terminate ends machines. EC2 refuses a whole call for one id that it does not
// know, or may not end: what its answer names is taken out and the rest asked
// for again. An error is returned when nothing could be ended at all.
func (d *Driver) Terminate(ctx context.Context, ids []string) ([]broker.MachineResult, error) {
	api, err := d.api(ctx)
	if err != nil {
		return nil, err
	}
	t := &termination{driver: d, api: api, verdicts: map[string]verdict{}}
	for some := range slices.Chunk(instanceIDs(ids), maxMachines) {
		if err := t.end(ctx, some); err != nil && t.done == 0 {
			return nil, err
		} else if err != nil {
			t.all(some, verdict{false, fault.AsProvider(err).Message})
		}
	}
	if err := t.settle(ctx); err != nil {
		return nil, err
	}
	results := make([]broker.MachineResult, len(ids))
	for i, id := range ids {
		v, known := t.verdicts[id]
		if !known {
			v = verdict{true, "it is no id of EC2"}
		}
		results[i] = broker.MachineResult{MachineID: id, Provider: d.name, Terminated: v.ended, Message: v.message}
	}
	return results, nil
}

// termination gathers what became of ids.
type termination struct {
	driver   *Driver
	api      *client
	verdicts map[string]verdict
	unknown  []string // that EC2 does not know
	done     int      // ids that are settled
}

func (t *termination) all(ids []string, v verdict) {
	for _, id := range ids {
		if _, known := t.verdicts[id]; !known {
			t.verdicts[id] = v
		}
	}
}

// end ends ids, leaving out those that EC2 complains of.
func (t *termination) end(ctx context.Context, ids []string) error {
	for len(ids) > 0 {
		_, err := call(ctx, t.api.TerminateInstances, &ec2.TerminateInstancesInput{InstanceIds: ids})
		if err == nil {
			t.all(ids, verdict{ended: true})
			t.done += len(ids)
			return nil
		}
		bad := t.blamed(err, ids)
		if len(bad) == 0 {
			return err
		}
		ids = slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return slices.Contains(bad, id) })
		t.done += len(bad)
	}
	return nil
}

// blamed settles the ids that an answer complains of, and returns them.
func (t *termination) blamed(err error, ids []string) []string {
	p := fault.AsProvider(err)
	named := slices.DeleteFunc(instanceID.FindAllString(vendorText(p), -1), func(id string) bool { return !slices.Contains(ids, id) })
	switch {
	case strings.HasPrefix(p.Code, "InvalidInstanceID."):
		t.unknown = append(t.unknown, named...)
	case p.Code == "OperationNotPermitted":
		t.all(named, verdict{false, p.Message})
	default:
		return nil
	}
	return named
}

// settle decides about the ids that EC2 does not know: gone, or not shown yet.
func (t *termination) settle(ctx context.Context) error {
	young, err := t.driver.young(ctx, t.unknown, func(string) bool { return false })
	if err != nil {
		return err
	}
	for _, id := range t.unknown {
		t.verdicts[id] = verdict{true, "EC2 does not know it any more"}
		if young[id] {
			t.verdicts[id] = verdict{false, "EC2 does not show it yet: ask again in two minutes"}
		}
	}
	return nil
}
