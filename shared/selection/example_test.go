package selection_test

import (
	"fmt"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/selection"
)

func Example() {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	pool := func(name string, priority int) broker.ProviderView {
		return broker.ProviderView{
			Name: name, Kind: "static", Enabled: true, Weight: 100, Priority: priority,
			Health: broker.Health{State: broker.Healthy, CheckedAt: now},
		}
	}
	stored := broker.Snapshot{
		TakenAt: now, Config: broker.DefaultConfig(),
		Providers: []broker.ProviderView{pool("pool-a", 0), pool("pool-b", 0), pool("spare", 1), pool("old", 0)},
	}

	query := selection.Compile(&stored).Prepare(selection.Request{
		Operation: broker.CreateInstances,
		Criteria:  broker.Criteria{ExcludeStrategies: []string{"old"}},
		Drivers:   map[string][]broker.OperationType{"static": nil},
	})
	var result selection.Result
	selection.Filter(&result, selection.Input{Query: query, Policy: broker.RoundRobin, Now: now})
	if result.Scope() != "" {
		result.Rank(1) // the number that the scope's counter gave
	}

	fmt.Println(result.Reason())
	for _, v := range result.Verdicts() {
		fmt.Printf("%d %s %q\n", v.Rank, v.Provider, v.Rule)
	}
	// Output:
	// pool-b by ROUND_ROBIN among 2 equals of priority 0, ticket 1
	// 1 pool-b ""
	// 2 pool-a ""
	// 3 spare "lower_tier"
	// 0 old "excluded"
}
