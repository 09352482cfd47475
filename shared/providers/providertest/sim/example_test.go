package sim_test

import (
	"context"
	"fmt"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers/providertest/sim"
)

// The first answer is lost after its effect; the same token makes nothing more.
func Example() {
	p := sim.New(sim.Options{Name: "cloud", Free: 10, Now: func() time.Time { return time.Unix(0, 0) }})
	p.Script(sim.Create, sim.Step{Effect: true, Err: &fault.ProviderError{Class: fault.Server, Sent: true, Code: "reset"}})
	spec := broker.CreateSpec{Token: "t", Count: 2}
	_, err := p.Create(context.Background(), spec)
	fmt.Println(err, p.Exist())
	r, err := p.Create(context.Background(), spec)
	fmt.Println(len(r.Machines), err, p.Exist())
	// Output:
	// SERVER reset [cloud-1 cloud-2]
	// 2 <nil> [cloud-1 cloud-2]
}
