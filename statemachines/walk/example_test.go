package walk_test

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/openhostfactory/ohfp/statemachines/walk"
)

func ExampleMachine_Run() {
	machine, err := walk.Load("greet.asl.json", []byte(`{
		"StartAt": "Greet",
		"States": {
			"Greet": {
				"Type": "Task",
				"Resource": "arn:aws:states:::lambda:invoke",
				"Parameters": {"FunctionName.$": "$.function", "Payload": {"name.$": "$.who"}},
				"TimeoutSeconds": 5,
				"ResultSelector": {"said.$": "$.Payload.text"},
				"End": true
			}
		}
	}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	greet := func(_ context.Context, function string, payload json.RawMessage) (json.RawMessage, error) {
		fmt.Println(function, string(payload))
		return json.RawMessage(`{"text": "Good morning", "mood": "fine"}`), nil
	}
	out, err := machine.Run(context.Background(),
		walk.Execution{Name: "first", Input: json.RawMessage(`{"function": "greeter", "who": "Ada"}`), Timeout: time.Minute},
		walk.Env{Invoker: walk.InvokerFunc(greet), Clock: bubbleClock{}})
	fmt.Println(string(out), err)
	// Output:
	// greeter {"name":"Ada"}
	// {"said":"Good morning"} <nil>
}

// A definition outside the subset does not load, and says where.
func ExampleLoad() {
	_, err := walk.Load("bad.asl.json", []byte(`{
		"StartAt": "Pause",
		"TimeoutSeconds": 30,
		"States": {"Pause": {"Type": "Wait", "Timestamp": "2030-01-01T00:00:00Z", "Next": "Gone"}}
	}`))
	fmt.Println(err)
	// Output:
	// bad.asl.json: state Pause: field SecondsPath: is missing
	// bad.asl.json: state Pause: field Timestamp: is not in the subset
	// bad.asl.json: field TimeoutSeconds: is not in the subset
}
