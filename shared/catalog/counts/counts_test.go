package counts_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/catalog/counts"
	"github.com/openhostfactory/ohfp/statemachines"
)

// interval is how often a provider is checked.
const interval = 5 * time.Minute

// aged is longer than a process keeps a snapshot.
const aged = 3 * time.Second

// asserted is one operation of the list and how to bring it about. before
// makes the processes warm, and what the operation needs.
type asserted struct {
	counts.Operation
	before, do func(*site)
	at         time.Duration // after what was before
	pools      int           // 0: two
}

func assertions() []asserted {
	var ids []string
	two := func(s *site) { ids = s.create(2, "") }
	end := func(s *site) { s.about("TERMINATE_INSTANCES", ids) }
	warm := func(s *site) { two(s); end(s) }
	full := func(s *site) { warm(s); s.create(4, `, "strategy_override": "pool-a"`) }
	status := func(s *site) { s.about("GET_INSTANCE_STATUS", ids) }
	health := func(s *site) {
		s.ask("execute-provider-operation", `{"operation_type": "HEALTH_CHECK", "strategy_override": "pool-a"}`)
	}
	selects := func(s *site) { s.ask("select-provider-strategy", `{"operation_type": "CREATE_INSTANCES"}`) }
	turn := func(s *site) {
		s.ask("select-provider-strategy", `{"operation_type": "CREATE_INSTANCES", "selection_policy": "ROUND_ROBIN"}`)
	}
	var request string
	requests := func(s *site) { request = s.request(2) }
	poll := func(s *site) { s.ask("get-request-status", fmt.Sprintf(`{"request_id": %q}`, request)) }
	hundred := strings.TrimSuffix(strings.Repeat(`{"name": "nobody"},`, 100), ",")
	reclaims := func(s *site) { s.ask("get-return-requests", `{"machines": [`+hundred+`]}`) }
	reconcile := func(s *site) { s.run(statemachines.Reconcile, `{"functions": {"reconcile": "reconcile"}}`) }
	checks := func(s *site) { s.run(statemachines.HealthCheck, `{"functions": {"due": "due"}, "due": {}}`) }
	checked := func(s *site) { checks(s); s.pass(interval); checks(s) } // the first one is news
	return []asserted{
		{counts.Create(2), warm, two, aged, 0},
		{counts.Create(1), warm, func(s *site) { s.create(1, "") }, aged, 0},
		{counts.CreateWithKey(2), warm, func(s *site) { s.create(2, "", key("k")) }, aged, 0},
		{counts.Failover(2), full, two, aged, 0},
		{counts.Terminate(2), func(s *site) { warm(s); two(s) }, end, aged, 0},
		{counts.Status(2), func(s *site) { two(s); status(s) }, status, aged, 0},
		{counts.HealthCheck(), func(s *site) { health(s); health(s) }, health, aged, 0},
		{counts.Select(), selects, selects, aged, 0},
		{counts.SelectKept(), selects, selects, 0, 0},
		{counts.SelectTurn(), turn, turn, 0, 0},
		{counts.Poll(), two, func(s *site) { s.ask("get-operation", `{"operation_id": "01980000-0000-7000-8000-000000000001"}`) }, aged, 0},
		{counts.PollRequest(), func(s *site) { requests(s); poll(s) }, poll, aged, 0},
		{counts.Reclaims(), two, reclaims, aged, 0},
		{counts.Reconcile(2), reconcile, reconcile, time.Minute, 0},
		{counts.Checks(1), checked, checks, interval, 1},
		{counts.Checks(0), checked, checks, aged, 0},
	}
}

func TestOperations_ask_of_AWS_what_the_list_says(t *testing.T) {
	for _, a := range assertions() {
		t.Run(a.Name, func(t *testing.T) {
			s := newSite(t, cmp.Or(a.pools, 2))
			a.before(s)
			s.pass(a.at)
			s.take()
			a.do(s)
			s.holds(a.Operation)
		})
	}
}

// holds compares what was done with the list.
func (s *site) holds(want counts.Operation) {
	s.Helper()
	invocations, states := s.take()
	if diff := gocmp.Diff(told(want), seen(invocations)); diff != "" {
		s.Errorf("want -, got +:\n%s", diff)
	}
	var entered []int
	if want.Flow != counts.None {
		entered = []int{len(want.States)}
	}
	if diff := gocmp.Diff(entered, states); diff != "" {
		s.Errorf("states entered by executions: want -, got +:\n%s", diff)
	}
}

// told writes the list as seen writes what was done.
func told(o counts.Operation) []string {
	var lines []string
	for _, step := range o.Steps {
		lines = append(lines, step.Function)
		for _, c := range step.Calls {
			lines = append(lines, fmt.Sprintf("  %s: %g", c, c.Units()))
		}
	}
	return lines
}

func seen(invocations []invocation) []string {
	var lines []string
	for _, i := range invocations {
		lines = append(lines, i.function)
		for _, c := range i.calls {
			var keys []string
			for _, k := range slices.Concat(c.Reads, c.Writes) {
				keys = append(keys, counts.Pattern(k))
			}
			state := ""
			if c.Refused || c.Failed {
				state = " refused"
			}
			lines = append(lines, fmt.Sprintf("  %s %s: %g%s", c.Action, strings.Join(keys, " "), c.ReadUnits+c.WriteUnits, state))
		}
	}
	return lines
}

func TestPattern_leaves_what_is_in_no_list(t *testing.T) {
	for key, want := range map[string]string{
		"OP#1/META": "OP#<operation>/META", "OP#1/": "OP#<operation>/", "OP#1/OUT#0001#000": "OP#1/OUT#0001#000",
		"META/BROKER": "META/BROKER", "LIVE/P#a#mutate": "LIVE/P#<provider>#<class>", "index list: L#OP#2026-03-01": "index list: L#OP#2026-03-01",
	} {
		if got := counts.Pattern(key); got != want {
			t.Errorf("%s: want %s, got %s", key, want, got)
		}
	}
}
