package inprocess_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"

	"github.com/openhostfactory/ohfp/shared/inprocess"
	"github.com/openhostfactory/ohfp/shared/op"
	"github.com/openhostfactory/ohfp/shared/providers"
	"github.com/openhostfactory/ohfp/shared/providers/static"
	"github.com/openhostfactory/ohfp/shared/store/storetest"
)

// A broker whose store is memory and whose only provider is a pool of one host.
func Example() {
	store := storetest.NewMemory(time.Now)
	pools, err := static.New(static.Options{Leases: store, Machines: store, Now: time.Now})
	if err != nil {
		fmt.Println(err)
		return
	}
	drivers, err := providers.NewSet(pools)
	if err != nil {
		fmt.Println(err)
		return
	}
	b, err := inprocess.New(inprocess.Options{
		Store: store, Drivers: drivers, Kinds: drivers.Kinds(), Environment: "example",
		Now: time.Now, NewID: func() string { return uuid.Must(uuid.NewV7()).String() }, Jitter: rand.Float64,
		Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	ask(b, "registerProviderStrategy", `{"strategy_name": "rack", "provider_type": "static", "strategy_config":
		{"hosts": [{"name": "h1", "address": "192.0.2.1", "attributes": {"ncpus": 8}}], "check": {"kind": "none"}}}`)
	ask(b, "registerTemplate", `{"template_id": "web", "attributes": {"ncpus": 1}}`)
	made := ask(b, "executeProviderOperation", `{"operation_type": "CREATE_INSTANCES", "parameters": {"template_id": "web", "count": 1}}`)
	fmt.Println(made.Status, made.Result.Machines)
	fmt.Println("stopped:", b.Runner.Stop(context.Background()))
	// Output:
	// SUCCEEDED [{h1}]
	// stopped: <nil>
}

type answer struct {
	Status string `json:"status"`
	Result struct {
		Machines []struct {
			Name string `json:"name"`
		} `json:"machines"`
	} `json:"result"`
}

// ask carries an operation out as a door does.
func ask(b *inprocess.Broker, operation, body string) (a answer) {
	for _, e := range b.Endpoints {
		if e.Spec.Name != operation {
			continue
		}
		told, err := e.Serve(context.Background(), op.Call{Principal: "ada", Role: op.Admin}, []byte(body))
		if err == nil {
			err = json.Unmarshal(told.Body, &a)
		}
		if err != nil {
			fmt.Println(operation, err)
		}
	}
	return a
}
