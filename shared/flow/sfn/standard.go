package sfn

import (
	"context"
	"errors"
	"fmt"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	awssfn "github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// startStandard may be sent any number of times: Step Functions answers a
// repetition with the execution that runs, or with ExecutionAlreadyExists when
// it has run, for 90 days (StartExecution, "Errors").
func (f *Flows) startStandard(ctx context.Context, e broker.Execution) error {
	machine, err := arn("execute_with_failover, type STANDARD", f.opt.ExecuteStandard)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, f.opt.StartTimeout)
	defer cancel()
	_, err = f.starts.StartExecution(ctx, &awssfn.StartExecutionInput{
		StateMachineArn: machine, Name: awssdk.String(e.Name), Input: awssdk.String(string(e.Input)),
	})
	if _, exists := errors.AsType[*types.ExecutionAlreadyExists](err); exists || err == nil {
		return nil
	}
	return fmt.Errorf("starting execution %s: %w", e.Name, err)
}
