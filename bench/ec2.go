package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers"
	"github.com/openhostfactory/ohfp/shared/providers/aws"
	"github.com/openhostfactory/ohfp/shared/providers/aws/ec2test"
)

// cloud is a double of EC2 with the driver before it.
type cloud struct {
	*ec2test.Cloud

	driver providers.Driver
	now    time.Time
	orders int
}

// records says that nothing is recorded: the driver asks only about machines
// that EC2 does not show.
type records struct{}

func (records) Machines(context.Context, []string) ([]broker.Machine, error) { return nil, nil }
func (records) OwnedMachines(context.Context, string, int) ([]broker.Machine, error) {
	return nil, nil
}

func newCloud(region string) (*cloud, func(), error) {
	c := &cloud{now: time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)}
	clock := func() time.Time { return c.now }
	c.Cloud = ec2test.New(ec2test.Options{Region: region, Now: clock})
	door := httptest.NewServer(c.Cloud)
	o, err := aws.New(aws.Options{Machines: records{}, Now: clock, Config: func(context.Context, string) (awssdk.Config, error) {
		return awssdk.Config{BaseEndpoint: &door.URL, Credentials: awssdk.CredentialsProviderFunc(func(context.Context) (awssdk.Credentials, error) {
			return awssdk.Credentials{AccessKeyID: ec2test.KeyID, SecretAccessKey: "of the double"}, nil
		})}, nil
	}})
	if err == nil {
		config := fmt.Sprintf(`{"region": %q, "subnets": [%q]}`, region, ec2test.SubnetA)
		c.driver, err = o.Open(broker.Registration{Name: region, Kind: "aws", Config: json.RawMessage(config)})
	}
	if err != nil {
		door.Close()
		return nil, nil, err
	}
	return c, door.Close, nil
}

// create asks for machines of types, an hour after the last time: the bucket of
// launches is full.
func (c *cloud) create(ctx context.Context, count int, types ...string) ([]broker.Machine, error) {
	c.orders++
	c.now = c.now.Add(time.Hour)
	id := fmt.Sprintf("op-%d", c.orders)
	r, err := c.driver.Create(ctx, broker.CreateSpec{
		BrokerID: "bench", OperationID: id, Attempt: 1, Token: "token-of-" + id, Count: count,
		Template: broker.ResolvedTemplate{ID: "web", Image: ec2test.Image, MachineTypes: types},
	})
	return r.Machines, err
}

func (c *cloud) creating() int { return len(c.Calls("RunInstances")) + len(c.Calls("CreateFleet")) }

const cloudRounds = 20

// clouds measures what the driver of EC2 asks for and takes, at a double that
// answers at once.
func clouds(ctx context.Context, r *report, bin string) error {
	progress("EC2: creates, failover and want of capacity at a double")
	west, endWest, err := newCloud("us-west-2")
	if err != nil {
		return err
	}
	defer endWest()
	east, endEast, err := newCloud("us-east-1")
	if err != nil {
		return err
	}
	defer endEast()
	if err := calls(ctx, r, west); err != nil {
		return err
	}
	if err := failover(ctx, r, west, east); err != nil {
		return err
	}
	return cloudPoll(ctx, r, bin)
}

// calls counts what a create asks of EC2.
func calls(ctx context.Context, r *report, c *cloud) error {
	made, err := c.create(ctx, 1000, ec2test.TypeLarge, ec2test.TypeCompute)
	if err != nil {
		return fmt.Errorf("creating: %w", err)
	}
	r.add("EC2: creating calls for 1,000 machines in one fleet", fmt.Sprintf("%d, and %d others the first time", c.creating(), len(c.Calls(""))-c.creating()), "1",
		fmt.Sprintf("%d machines", len(made)))
	return nil
}

// failover measures machines by way of a region that has none, and the time that
// its answer costs, beside a bare look-up at the same double.
func failover(ctx context.Context, r *report, west, east *cloud) error {
	west.Free(0)
	const count = 100
	var lost, whole, look []time.Duration
	for range cloudRounds {
		before := len(west.Calls(""))
		began := time.Now()
		if _, err := west.create(ctx, count, ec2test.TypeLarge); fault.AsProvider(err).Class != fault.Capacity {
			return errors.Join(errors.New("there was room where none was"), err)
		}
		lost = append(lost, time.Since(began))
		if n := len(west.Calls("")) - before; n != 1 {
			return fmt.Errorf("want of capacity took %d calls", n)
		}
		if _, err := east.create(ctx, count, ec2test.TypeLarge); err != nil {
			return fmt.Errorf("creating elsewhere: %w", err)
		}
		whole = append(whole, time.Since(began))
		began = time.Now()
		if _, err := west.driver.Health(ctx); err != nil {
			return fmt.Errorf("looking: %w", err)
		}
		look = append(look, time.Since(began)/time.Duration(max(1, len(west.Calls(""))-before-1)))
	}
	trip := quantile(look, 0.5)
	r.add("EC2: lost to a want of capacity", ms(quantile(lost, 0.5)), "one round trip, not 3 s", times(quantile(lost, 0.5), trip, "a look-up")+", 1 call")
	at := quantile(whole, 0.5)
	r.add("EC2: 100 machines through failover", ms(at)+fmt.Sprintf(", %.0f machines/s", count/at.Seconds()), "", times(at, trip, "a look-up"))
	return nil
}
