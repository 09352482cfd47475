package main

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"time"

	"github.com/openhostfactory/ohfp/examples/site"
	"github.com/openhostfactory/ohfp/shared/providers/aws/ec2test"
)

const cloudPolls = 200

// cloudPoll has a whole broker make machines of a double, and counts what polls
// of them ask of it.
func cloudPoll(ctx context.Context, r *report, bin string) (err error) {
	dir, err := os.MkdirTemp("", "ohfp-bench-")
	if err != nil {
		return fmt.Errorf("making a directory: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	c := ec2test.New(ec2test.Options{Now: time.Now})
	door := httptest.NewServer(c)
	defer door.Close()
	t, err := openTarget(ctx, bin, &site.Broker{Dir: filepath.Join(dir, "data"), Env: []string{
		"AWS_ACCESS_KEY_ID=" + ec2test.KeyID, "AWS_SECRET_ACCESS_KEY=of-the-double", "AWS_EC2_METADATA_DISABLED=true",
	}}, 1)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.broker.Kill()) }()
	if err := errors.Join(
		t.call(ctx, "/v1/commands/registerTemplate", object{"template_id": "web", "image": ec2test.Image, "machine_types": []string{ec2test.TypeLarge}}, nil),
		t.call(ctx, "/v1/commands/registerProviderStrategy", object{
			"strategy_name": "west", "provider_type": "aws",
			"strategy_config": object{"region": c.Region(), "endpoint_url": door.URL, "subnets": []string{ec2test.SubnetA}},
		}, nil),
	); err != nil {
		return err
	}
	operation, _, err := t.createSome(ctx, "west", 5)
	if err != nil {
		return err
	}
	before := len(c.Calls(""))
	for range cloudPolls {
		if err := t.call(ctx, "/v1/queries/getOperation?operation_id="+operation, nil, nil); err != nil {
			return err
		}
	}
	r.add("EC2: calls per poll", fmt.Sprintf("%d of %d polls", len(c.Calls(""))-before, cloudPolls), "0", "by the whole broker")
	return nil
}
