package sfn

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	awssfn "github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

// healthCheckInput is the input of health_check for one provider.
type healthCheckInput struct {
	Functions dueFunction `json:"functions"`
	Due       dueProvider `json:"due"`
}

type dueFunction struct {
	Due string `json:"due"`
}

type dueProvider struct {
	ProviderName string `json:"provider_name"`
}

// check is what health_check says of one provider.
type check struct {
	Recorded bool `json:"recorded"`
}

// ProbeNow checks a provider's health, and returns when it is recorded. The
// function due knows the provider's kind. A check that takes longer than the
// time-out may be recorded yet.
func (f *Flows) ProbeNow(ctx context.Context, provider, _ string) error {
	ctx, cancel := context.WithTimeout(ctx, f.opt.ProbeTimeout)
	defer cancel()
	output, err := f.healthCheck(ctx, provider)
	if err == nil {
		err = recorded(output)
	}
	if err != nil {
		return fmt.Errorf("checking provider %q: %w", provider, err)
	}
	return nil
}

func (f *Flows) healthCheck(ctx context.Context, provider string) (output string, err error) {
	machine, err := arn("health_check, type EXPRESS", f.opt.HealthCheck)
	if err != nil {
		return "", err
	}
	in, err := json.Marshal(healthCheckInput{dueFunction{f.opt.Due}, dueProvider{provider}})
	if err != nil {
		return "", fmt.Errorf("writing the workflow's input: %w", err)
	}
	out, err := f.syncs.StartSyncExecution(ctx, &awssfn.StartSyncExecutionInput{StateMachineArn: machine, Input: awssdk.String(string(in))})
	if err != nil {
		return "", err //nolint:wrapcheck // the SDK says what it was doing
	}
	if out.Status != types.SyncExecutionStatusSucceeded {
		return "", fmt.Errorf("the workflow ended %s: %s", out.Status, awssdk.ToString(out.Error))
	}
	return awssdk.ToString(out.Output), nil
}

// recorded reads the output of health_check: that a check was made, and that
// none went missing.
func recorded(output string) error {
	var checks []check
	if err := json.Unmarshal([]byte(output), &checks); err != nil {
		return fmt.Errorf("reading the workflow's output: %w", err)
	}
	for _, c := range checks {
		if !c.Recorded {
			return errors.New("nothing was recorded")
		}
	}
	if len(checks) == 0 {
		return errors.New("no function checks it")
	}
	return nil
}
