package sfn_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	awssfn "github.com/aws/aws-sdk-go-v2/service/sfn"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/flow/sfn"
)

// closed is a ledger in which every operation has ended.
type closed struct{ broker.OperationReader }

func (closed) Ledger(_ context.Context, id string) (broker.Ledger, error) {
	return broker.Ledger{Operation: broker.Operation{ID: id, Status: broker.OpSucceeded}}, nil
}

// A mutation is started under its name, and its end is seen in the ledger.
func Example() {
	states := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var call struct{ StateMachineArn, Name string }
		if err := json.NewDecoder(r.Body).Decode(&call); err != nil {
			fmt.Println(err)
		}
		fmt.Println(r.Header.Get("X-Amz-Target"), call.StateMachineArn, call.Name)
		fmt.Fprint(w, `{"executionArn": "arn", "startDate": 0}`)
	}))
	defer states.Close()
	ctx := context.Background()
	flows, err := sfn.New(sfn.Options{
		ExecuteStandard: "arn:aws:states:us-east-1:123456789012:stateMachine:execute", Ledger: closed{}, Log: slog.New(slog.DiscardHandler),
		Client: awssfn.New(awssfn.Options{Region: "us-east-1", BaseEndpoint: &states.URL, Credentials: awssdk.AnonymousCredentials{}}),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(flows.StartOperation(ctx, broker.Execution{Name: "op-1", OperationID: "op-1", Awaited: true, Input: json.RawMessage(`{}`)}))
	fmt.Println(flows.WaitOperation(ctx, "op-1"))
	// Output:
	// AWSStepFunctions.StartExecution arn:aws:states:us-east-1:123456789012:stateMachine:execute op-1
	// <nil>
	// <nil>
}
