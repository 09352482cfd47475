package static_test

import (
	"context"
	"fmt"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/providers/providertest/statictest"
	"github.com/openhostfactory/ohfp/shared/providers/static"
)

// A pool of two hosts fills a wish of three as far as it can.
func Example() {
	ctx := context.Background()
	opener, err := static.New(static.Options{Leases: &statictest.Book{}, Machines: &statictest.Records{}, Now: time.Now})
	if err != nil {
		fmt.Println(err)
		return
	}
	pool, err := opener.Open(broker.Registration{Name: "hall-1", Kind: "static", Config: []byte(`{
		"hosts": [{"name": "node-1", "address": "10.0.0.1"}, {"name": "node-2", "address": "10.0.0.2"}],
		"check": {"kind": "none"}
	}`)})
	if err != nil {
		fmt.Println(err)
		return
	}
	got, err := pool.Create(ctx, broker.CreateSpec{OperationID: "op-1", Attempt: 1, Token: "6ba7b811-9dad-11d1-80b4-00c04fd430c8", Count: 3})
	for _, m := range got.Machines {
		fmt.Println(m.Name, m.PrivateIP, m.Status)
	}
	fmt.Println(got.Shortfall, err)
	// Output:
	// node-1 10.0.0.1 RUNNING
	// node-2 10.0.0.2 RUNNING
	// [CAPACITY pool_exhausted: 2 of 3: 2 of 2 matching hosts are leased] <nil>
}
