package statesapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/openhostfactory/ohfp/shared/flow/local"
	"github.com/openhostfactory/ohfp/shared/host/statesapi"
	"github.com/openhostfactory/ohfp/statemachines"
)

// A machine of one operation's workflow, whose only function has nothing to
// say against the wish.
func Example() {
	runner, err := local.New(local.Options{
		Clock: local.SystemClock{}, Log: slog.New(slog.DiscardHandler),
		Invoker: local.Functions{"attempt-pool": func(context.Context, json.RawMessage) (json.RawMessage, error) { return json.RawMessage(`{}`), nil }},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	server, err := statesapi.New(statesapi.Options{Runner: runner, Machines: map[string]statesapi.Machine{
		"execute": {Definition: statemachines.ExecuteWithFailover, Type: statesapi.Express, Timeout: 27 * time.Second},
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	call := httptest.NewRequestWithContext(context.Background(), http.MethodPost, "/", strings.NewReader(
		`{"stateMachineArn": "`+server.ARN("execute")+`", "name": "op-1",
			"input": "{\"current\": {\"function\": \"attempt-pool\", \"timeout_seconds\": 7}}"}`))
	call.Header.Set("X-Amz-Target", "AWSStepFunctions.StartSyncExecution")
	answer := httptest.NewRecorder()
	server.ServeHTTP(answer, call)
	var said struct{ Status, Output string }
	err = json.Unmarshal(answer.Body.Bytes(), &said)
	fmt.Println(answer.Code, said.Status, said.Output, err)
	// Output: 200 SUCCEEDED {"decision":"DONE"} <nil>
}
