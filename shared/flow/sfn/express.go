package sfn

import (
	"context"
	"log/slog"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	awssfn "github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// express is a synchronous execution that this process waits for.
type express struct {
	done   chan struct{}      // closed when it has been answered, or given up
	forget context.CancelFunc // nobody needs it any more
}

// beginExpress sends e once and does not wait. Step Functions keeps no names
// of Express executions: sent twice, e runs twice, and when the answer is lost
// nobody can tell whether it ran. That is why only what reads goes this way.
func (f *Flows) beginExpress(ctx context.Context, e broker.Execution) error {
	machine, err := arn("execute_with_failover, type EXPRESS", f.opt.ExecuteExpress)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, f.opt.ExpressTimeout)
	x := &express{done: make(chan struct{}), forget: cancel}
	f.keep(e.OperationID, x)
	context.AfterFunc(ctx, func() { f.drop(e.OperationID, x) })
	go func() {
		defer close(x.done)
		f.runExpress(ctx, e, machine)
	}()
	return nil
}

// runExpress reports what went wrong. It is nobody's error: the caller learns
// from the ledger how his operation stands, and one that stands still is
// resumed by the reconciler.
func (f *Flows) runExpress(ctx context.Context, e broker.Execution, machine *string) {
	out, err := f.syncs.StartSyncExecution(ctx, &awssfn.StartSyncExecutionInput{
		StateMachineArn: machine, Name: awssdk.String(e.Name), Input: awssdk.String(string(e.Input)),
	})
	about := []slog.Attr{slog.String("execution", e.Name), slog.String("operation_id", e.OperationID)}
	switch {
	case err == nil && out.Status == types.SyncExecutionStatusSucceeded:
	case err == nil: // its cause may quote what a function was given: not logged
		f.opt.Log.LogAttrs(ctx, slog.LevelWarn, "an execution did not succeed",
			append(about, slog.String("status", string(out.Status)), slog.String("error", awssdk.ToString(out.Error)))...)
	case ctx.Err() != nil:
		f.opt.Log.LogAttrs(ctx, slog.LevelInfo, "an execution was left before its end", append(about, slog.String("reason", ctx.Err().Error()))...)
	default:
		f.opt.Log.LogAttrs(ctx, slog.LevelError, "running an execution failed; the operation will be resumed", append(about, slog.String("error", err.Error()))...)
	}
}

func (f *Flows) keep(operation string, x *express) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.express[operation] = x
}

func (f *Flows) drop(operation string, x *express) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.express[operation] == x {
		delete(f.express, operation)
	}
}

func (f *Flows) begun(operation string) *express {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.express[operation]
}
