package fulfilment_test

import (
	"fmt"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fulfilment"
)

// A wish for three machines: the first provider makes two and has no more, so
// one is asked for at the second.
func ExampleSettle() {
	op := broker.Operation{
		ID: "op", Type: broker.CreateInstances, Status: broker.OpRunning, Wanted: 3,
		Candidates: []broker.Candidate{{Provider: "pool-a"}, {Provider: "pool-b"}},
		Deadline:   time.Unix(25, 0),
	}
	rules := fulfilment.Rules{
		Budget: func(*broker.Operation) (driver, task time.Duration) { return 5 * time.Second, 7 * time.Second },
		Lag:    func(string) time.Duration { return 0 },
	}
	attempts := fulfilment.First(&op, time.Unix(0, 0))
	attempts[0] = fulfilment.Sending(attempts[0], time.Unix(0, 0), time.Unix(5, 0))
	attempts[0] = fulfilment.Creation(broker.Attempt{State: broker.Intent}, attempts[0], fulfilment.Made{Machines: make([]broker.Machine, 2)}, time.Unix(1, 0))

	d := fulfilment.Settle(broker.Ledger{Operation: op, Attempts: attempts}, fulfilment.Report{Attempt: 1, Run: 1, Error: "Ohfp.Partial"}, rules, time.Unix(1, 0))
	fmt.Println(d.Verdict, d.Action, d.Attempt.Provider, d.Attempt.Count)
	// Output: NEXT create pool-b 1
}
