package dynamo_test

import (
	"context"
	"net"
	"net/http"
	"sync"
	"syscall"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// trouble is what befalls one attempt of a call.
type trouble string

const (
	none        trouble = ""
	throttle    trouble = "throttled"              // nothing happened
	refused     trouble = "connection refused"     // nothing happened
	cancelled   trouble = "transaction in the way" // nothing happened
	brokenAfter trouble = "500 after commit"       // it happened
	lost        trouble = "answer lost"            // it happened
	unprocessed trouble = "items left unprocessed" // half of a batch happened
)

// troubles decides what befalls each attempt, by the name of the operation.
type troubles struct {
	mu       sync.Mutex
	next     func(name string) trouble
	attempts []string // names of the operations that were tried
	met      map[trouble]int
}

// on puts the troubles between a client's retryer and the wire.
func (f *troubles) on(o *ddb.Options) {
	o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
		return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("troubles", f.attempt), middleware.Before)
	})
}

// set decides anew, and forgets what was tried.
func (f *troubles) set(next func(name string) trouble) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.next, f.attempts, f.met = next, nil, map[trouble]int{}
}

func (f *troubles) draw(name string) trouble {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.attempts = append(f.attempts, name)
	if f.next == nil {
		return none
	}
	t := fitting(name, f.next(name))
	f.met[t]++
	return t
}

// fitting keeps troubles to the operations that can have them.
func fitting(name string, t trouble) trouble {
	switch {
	case t == unprocessed && name != "BatchGetItem":
		return throttle
	case t == cancelled && name != "TransactWriteItems":
		return throttle
	}
	return t
}

func (f *troubles) attempt(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (out middleware.DeserializeOutput, md middleware.Metadata, err error) {
	t := f.draw(awsmiddleware.GetOperationName(ctx))
	if err := t.before(); err != nil {
		return out, md, err
	}
	if out, md, err = next.HandleDeserialize(ctx, in); err != nil {
		return out, md, err
	}
	if batch, ok := out.Result.(*ddb.BatchGetItemOutput); ok && t == unprocessed {
		leaveHalf(batch)
	}
	return out, md, t.after()
}

func (t trouble) before() error {
	switch t {
	case throttle:
		return &types.ProvisionedThroughputExceededException{Message: awssdk.String("injected")}
	case refused:
		return &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	case cancelled:
		return &types.TransactionCanceledException{CancellationReasons: []types.CancellationReason{
			{Code: awssdk.String("None")}, {Code: awssdk.String("TransactionConflict")},
		}}
	default:
		return nil
	}
}

func (t trouble) after() error {
	switch t {
	case brokenAfter:
		return &smithyhttp.ResponseError{
			Response: &smithyhttp.Response{Response: &http.Response{StatusCode: http.StatusInternalServerError}},
			Err:      &smithy.GenericAPIError{Code: "InternalServerError", Message: "injected"},
		}
	case lost:
		return &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}
	default:
		return nil
	}
}

// leaveHalf turns half of what a batch found into what it did not look at.
func leaveHalf(out *ddb.BatchGetItemOutput) {
	for name, items := range out.Responses {
		keep := len(items) / 2
		var left []map[string]types.AttributeValue
		for _, it := range items[keep:] {
			left = append(left, map[string]types.AttributeValue{"pk": it["pk"], "sk": it["sk"]})
		}
		if len(left) == 0 {
			continue
		}
		out.Responses[name] = items[:keep]
		out.UnprocessedKeys = map[string]types.KeysAndAttributes{name: {Keys: left, ConsistentRead: awssdk.Bool(true)}}
	}
}

// first befalls the first attempt at an operation of that name, once.
func first(name string, t trouble) func(string) trouble {
	done := false
	return func(n string) trouble {
		if n != name || done {
			return none
		}
		done = true
		return t
	}
}

func always(t trouble) func(string) trouble { return func(string) trouble { return t } }
