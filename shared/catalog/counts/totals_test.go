package counts_test

import (
	"fmt"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/catalog/counts"
)

// The totals are worked out by hand from the sequence in docs/architecture.md,
// "What a request costs": at a cloud, where the driver keeps nothing in the
// table. Rows are of 1 KB but for those of 2 KB: the operation of a creation,
// and an attempt with its result.
func TestTotals_are_those_of_the_sequence(t *testing.T) {
	const (
		claimed = 3         // operation, decision, first attempt
		called  = 1 + 1 + 1 // permit, SENT, end
		minute  = 1         // the counters
		ended   = 2         // attempt, operation
		machine = 3         // the machine, who owns it, its name
		event   = 1

		claimUnits  = 2 * (2*(1+2) + 1 + 1)
		closeUnits  = 2 * (2 + 2*(1+2))
		eventUnits  = 2
		machineUnit = 2 * (machine + 1) // and its entry in the list
	)
	for _, c := range []struct {
		of   counts.Operation
		want counts.Totals
	}{
		{counts.Create(2), counts.Totals{
			Invocations: 2, Transitions: 1, Executions: 1,
			Writes: 5 + minute, Transactions: 2, Written: minute + claimed + called + ended + event + 2*machine, WriteUnits: minute + claimUnits + eventUnits + 3 + closeUnits + 2*machineUnit,
			Reads: 9, ReadUnits: 9.5,
		}},
		{counts.Create(1), counts.Totals{
			Invocations: 2, Transitions: 1, Executions: 1,
			Writes: 5 + minute, Transactions: 2, Written: minute + claimed + called + ended + event + machine, WriteUnits: minute + claimUnits + eventUnits + 3 + closeUnits + machineUnit,
			Reads: 9, ReadUnits: 8.5,
		}},
		{counts.CreateWithKey(2), counts.Totals{ // and the key, looked for and stored
			Invocations: 2, Transitions: 1, Executions: 1,
			Writes: 5 + minute, Transactions: 2, Written: minute + claimed + 1 + called + ended + event + 2*machine, WriteUnits: minute + claimUnits + eventUnits + 2 + 3 + closeUnits + 2*machineUnit,
			Reads: 10, ReadUnits: 10.5,
		}},
		{counts.Failover(2), counts.Totals{ // and an attempt without effect, what it found, and a step
			Invocations: 4, Transitions: 4, Executions: 1,
			Writes: 5 + 4 + 1 + 1 + 2*minute, Transactions: 4, Written: 2*minute + claimed + called + ended + event + 2*machine + called + 1 + 1 + 2 + event,
			WriteUnits: 2*minute + claimUnits + 2*eventUnits + 3 + closeUnits + 2*machineUnit + 3 + 1 + 2 + 2*(2*(1+3)+1),
			Reads:      9 + 3 + 1 + 1, ReadUnits: 9.5 + 1 + 3 + 1 + 1, // the answer is above 4 KB
		}},
		{counts.Terminate(2), counts.Totals{
			Invocations: 2, Transitions: 1, Executions: 1,
			Writes: 5 + minute, Transactions: 2, Written: minute + claimed + called + ended + event + 2*machine, WriteUnits: minute + 2*5 + 3 + 2*3 + eventUnits + 2*2*(machine+2),
			Reads: 4 + 5, ReadUnits: 2 + 1 + 0.5 + 1 + 1 + 1 + 1 + 2 + 2,
		}},
		{counts.Status(2), counts.Totals{ // no SENT, for nothing is sent that changes anything
			Invocations: 2, Executions: 1,
			Writes: 4 + minute, Transactions: 2, Written: minute + claimed + 2 + ended, WriteUnits: minute + 2*5 + 2 + 2*(2+3),
			Reads: 4 + 4, ReadUnits: 2 + 1 + 0.5 + 1 + 1 + 1 + 1 + 2,
		}},
		{counts.HealthCheck(), counts.Totals{ // no breaker; the health
			Invocations: 2, Executions: 1,
			Writes: 3 + minute, Transactions: 2, Written: minute + claimed + 1 + ended, WriteUnits: minute + 2*5 + 1 + 2*4,
			Reads: 3 + 3, ReadUnits: 1 + 0.5 + 1 + 1 + 1 + 1,
		}},
		{counts.Select(), counts.Totals{Invocations: 1, Reads: 2, ReadUnits: 1.5}},
		{counts.SelectKept(), counts.Totals{Invocations: 1}},
		{counts.SelectTurn(), counts.Totals{Invocations: 1, Writes: 1, Written: 1, WriteUnits: 1}},
		{counts.Poll(), counts.Totals{Invocations: 1, Reads: 1, ReadUnits: 1}},
		{counts.PollRequest(), counts.Totals{Invocations: 1, Reads: 1, ReadUnits: 1}},
		{counts.Reclaims(), counts.Totals{Invocations: 1, Reads: 1, ReadUnits: 1}},
		{counts.Reconcile(2), counts.Totals{Invocations: 1, Executions: 1, Reads: 10 + 2*2, ReadUnits: 8*0.5 + 2 + 2*2}},
		{counts.Checks(0), counts.Totals{Invocations: 1, Executions: 1, Reads: 2, ReadUnits: 2}},
		{counts.Checks(3), counts.Totals{Invocations: 4, Executions: 1, Reads: 2 + 3*3, ReadUnits: 2 + 3*3, Writes: 6, Written: 6, WriteUnits: 6}},
	} {
		if diff := gocmp.Diff(c.want, c.of.AtCloud().Totals()); diff != "" {
			t.Errorf("%s: want -, got +:\n%s", c.of.Name, diff)
		}
	}
}

// A static pool keeps the lease of every host in the table.
func TestAtCloud_leaves_the_leases_of_a_pool_out(t *testing.T) {
	for n := range 5 {
		o := counts.Create(n)
		pool, cloud := o.Totals(), o.AtCloud().Totals()
		if got := pool.Written - cloud.Written; got != n {
			t.Errorf("%d machines: %d leases", n, got)
		}
		if got := pool.Reads - cloud.Reads; got != 2 {
			t.Errorf("%d machines: the pool reads %d times more", n, got)
		}
		if again := o.Totals(); again != pool {
			t.Errorf("the operation was changed: %+v", again)
		}
	}
}

func TestUnits(t *testing.T) {
	for _, c := range []struct {
		name string
		call counts.Call
		want float64
	}{
		{"a small item read", counts.Call{Action: "GetItem", Rows: []counts.Row{{KB: 1}}}, 1},
		{"nothing found", counts.Call{Action: "GetItem", Rows: []counts.Row{{}}}, 1},
		{"5 KB found", counts.Call{Action: "Query", Rows: []counts.Row{{KB: 5}}}, 2},
		{"5 KB found that may be old", counts.Call{Action: "Query", Weak: true, Rows: []counts.Row{{KB: 5}}}, 1},
		{"a batch", counts.Call{Action: "BatchGetItem", Rows: []counts.Row{{KB: 1}, {}, {KB: 9}}}, 5},
		{"a small item written", counts.Call{Action: "PutItem", Rows: []counts.Row{{KB: 1}}}, 1},
		{"3 KB written with two entries of indexes", counts.Call{Action: "PutItem", Rows: []counts.Row{{KB: 3, Indexed: 2}}}, 9},
		{"an item of no size", counts.Call{Action: "UpdateItem", Rows: []counts.Row{{}}}, 1},
		{"a transaction", counts.Call{Action: "TransactWriteItems", Rows: []counts.Row{{KB: 1}, {KB: 2, Indexed: 1}}}, 10},
	} {
		if got := c.call.Units(); got != c.want {
			t.Errorf("%s: want %g, got %g", c.name, c.want, got)
		}
	}
}

func ExampleCreate() {
	for _, s := range counts.Create(1).AtCloud().Steps {
		fmt.Println(s.Function)
		for _, c := range s.Calls {
			fmt.Printf("  %-18s %s\n", c.Action, c.For)
		}
	}
	// Output:
	// execute-provider-operation
	//   GetItem            the template
	//   Query              the registry
	//   Query              the breakers, as a hint
	//   GetItem            the broker's id, for tags
	//   TransactWriteItems claim with INTENT
	//   Query              the answer
	// attempt-static
	//   Query              the ledger
	//   GetItem            the configuration
	//   UpdateItem         permit and call in flight
	//   GetItem            the registration, after the call counts as in flight
	//   PutItem            SENT, before the call
	//   UpdateItem         end of the call, for the breaker
	//   BatchGetItem       whether a machine is recorded already
	//   TransactWriteItems outcome, machines and close
	//   UpdateItem         the counters of the minute
}
