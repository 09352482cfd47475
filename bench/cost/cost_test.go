package main

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/openhostfactory/ohfp/shared/catalog/counts"
)

// near forgives what floating point loses.
var near = cmpopts.EquateApprox(0, 1e-9)

func equal(t *testing.T, name string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got, near); diff != "" {
		t.Errorf("%s: want -, got +:\n%s", name, diff)
	}
}

// round are prices with which one can reckon in one's head, and assumptions.
func round() (prices, assumptions) {
	p := prices{
		HTTPCalls: 1, RESTCalls: 4, Invocations: 2, GBSecond: 0.00001, Transitions: 10, Executions: 3, ExpressGBSec: 0.0001,
		WriteUnits: 0.5, ReadUnits: 0.25, Ticks: 7, LogGB: 5,
	}
	a := assumptions{
		Work: 100 * time.Millisecond, Driver: 700 * time.Millisecond, State: 50 * time.Millisecond,
		MemoryMB: 1024, Other: 2048, LogBytes: 1000, Checked: 1, Ticks: 1000, Every: 10,
	}
	return p, a
}

func TestCost(t *testing.T) {
	p, _ := round()
	u := usage{
		HTTPCalls: 1, RESTCalls: 2, Ticks: 1, Invocations: 3, GBSeconds: 0.5, Transitions: 4, Executions: 1, ExpressGBSec: 0.02,
		WriteUnits: 10, ReadUnits: 6, LogGB: 1e-6,
	}
	equal(t, "a million", bill{
		Door: 1 + 2*4 + 7, Functions: 3*2 + 1e6*0.5*0.00001, Workflow: 4*10 + 3 + 1e6*0.02*0.0001, Writes: 5, Reads: 1.5, Logs: 5,
	}, cost(u, p, 1e6))
	equal(t, "two", bill{Door: 32e-6, Functions: 22e-6, Workflow: 90e-6, Writes: 10e-6, Reads: 3e-6, Logs: 10e-6}, cost(u, p, 2))
	equal(t, "the sum", 16.0+11+45+5+1.5+5, cost(u, p, 1e6).total())
}

func TestUses(t *testing.T) {
	_, a := round()
	start := counts.Create(0).Steps[0].Function
	write := counts.Call{Action: "PutItem", Rows: []counts.Row{{KB: 3}}}
	read := counts.Call{Action: "GetItem", Rows: []counts.Row{{KB: 5}}}
	steps := []counts.Step{{Function: start, Calls: []counts.Call{read}}, {Function: "x", Driver: true, Calls: []counts.Call{write}}}
	for name, c := range map[string]struct {
		of   counts.Operation
		want usage
	}{
		"a request without a workflow": {
			counts.Operation{Steps: steps[:1]},
			usage{Invocations: 1, GBSeconds: 0.1, ReadUnits: 2, LogGB: 1e-6},
		},
		// The workflow takes 800 ms and 50 ms for its state; who started it
		// waits for that.
		"a request that waits for an Express execution": {
			counts.Operation{Flow: counts.Express, States: []string{"A"}, Steps: steps},
			usage{Invocations: 2, Executions: 1, ExpressGBSec: 0.9 * 64 / 1024, GBSeconds: 0.1 + 0.85 + 0.8, ReadUnits: 2, WriteUnits: 3, LogGB: 2e-6},
		},
		// It is looked at after 40, 100, 190, 325, 527.5, 831.25 and
		// 1,286.875 ms: seven times, the last one of which sees its end.
		"a request that waits for a Standard execution": {
			counts.Operation{Flow: counts.Standard, States: []string{"A"}, Steps: steps, Awaited: true},
			usage{Invocations: 2, Transitions: 1, GBSeconds: 0.1 + 1.286875 + 0.8, ReadUnits: 2 + 7, WriteUnits: 3, LogGB: 2e-6},
		},
		"a workflow that nobody waits for": {
			counts.Operation{Flow: counts.Standard, States: []string{"A", "B"}, Steps: steps[1:]},
			usage{Invocations: 1, Transitions: 2, GBSeconds: 0.8, WriteUnits: 3, LogGB: 1e-6},
		},
	} {
		equal(t, name, c.want, uses(c.of, a, 1024))
	}
	half := uses(counts.Operation{Steps: steps[:1]}, a, 512)
	equal(t, "half the memory", 0.05, half.GBSeconds)
}

func TestLooks(t *testing.T) {
	for _, c := range []struct {
		takes, over time.Duration
		n           int
	}{
		{0, 0, 0},
		{time.Millisecond, 40 * time.Millisecond, 1},
		{40 * time.Millisecond, 40 * time.Millisecond, 1},
		{41 * time.Millisecond, 100 * time.Millisecond, 2},
		// the ninth pause is the first of a second: 1.287 + 0.683 + 1 + …
		{25 * time.Second, 25_970 * time.Millisecond, 32},
	} {
		n, over := looks(c.takes)
		if n != c.n || (over-c.over).Abs() > time.Millisecond {
			t.Errorf("%v: want %d looks until %v, got %d until %v", c.takes, c.n, c.over, n, over)
		}
	}
}

// With the prices of the list: two invocations at $0.20, one transition at
// $25, 54 write units at $0.625 and 9.5 + 7 read units at $0.125 for a
// million. The functions run 30 + 1,286.875 and 1,030 ms in an eighth of a GB.
func TestACreationCosts(t *testing.T) {
	r := calculate(listPrices(), assumed())
	want := bill{
		Door: 1, Functions: 0.40 + 2346.875*1000*0.125*0.0000133334, Workflow: 25,
		Writes: 33.75, Reads: 2.0625, Logs: 1,
	}
	equal(t, "the bill", want, r.Requests[0].Bill)
	equal(t, "the sum", 67.123977891, math.Round(r.Requests[0].Total*1e9)/1e9)
}

func TestTheTextbookHasItsCounts(t *testing.T) {
	r := calculate(listPrices(), assumed()).Textbook
	got := []float64{float64(r.Invocations), float64(r.Transitions), float64(r.Written), r.WriteUnits, r.Bill.Door, r.Bill.Workflow, r.Bill.Writes}
	equal(t, "counts and bill", []float64{3, 9, 12, 12, 3.5, 225, 7.5}, got)
	ours := calculate(listPrices(), assumed()).Requests[0]
	if r.Bill.Functions < ours.Bill.Functions {
		t.Errorf("with a function and eight states more it takes %g, ours %g", r.Bill.Functions, ours.Bill.Functions)
	}
}

func TestTheScheduleTicksAllMonth(t *testing.T) {
	p, a := round()
	s := calculate(p, a).Schedule
	// 1,000 ticks: the reconciler's, 900 at which no check is due, 100 at
	// which one is. They take 0.3, 0.2 and 1.1 s, as Express bills them, of a
	// sixteenth of a GB; an execution costs 3 for a million, a tick 7.
	var door, workflow []float64
	for _, r := range s {
		door, workflow = append(door, r.Bill.Door), append(workflow, r.Bill.Workflow)
	}
	equal(t, "ticks", []float64{0.007, 0.0063, 0.0007}, door)
	equal(t, "workflows", []float64{
		1000 * (3e-6 + 0.3/16*0.0001), 900 * (3e-6 + 0.2/16*0.0001), 100 * (3e-6 + 1.1/16*0.0001),
	}, workflow)
}

func TestRun(t *testing.T) {
	for name, c := range map[string]struct {
		args   []string
		status int
		out    []string
	}{
		"prints a table":                 {nil, 0, []string{"US dollars per million requests", "create with one failover", "as in a textbook", "Assumed, not measured"}},
		"refuses a format that is none":  {[]string{"-format", "xml"}, 2, nil},
		"refuses arguments":              {[]string{"now"}, 2, nil},
		"refuses flags that it has not":  {[]string{"-now"}, 2, nil},
		"prints JSON with its own units": {[]string{"-format", "json"}, 0, []string{`"work_ms": 30`, `"list_prices_as_of"`, `"usd_total"`}},
	} {
		t.Run(name, func(t *testing.T) {
			var out, complaints bytes.Buffer
			if got := run(c.args, &out, &complaints); got != c.status {
				t.Errorf("status %d: %s", got, complaints.String())
			}
			for _, want := range c.out {
				if !strings.Contains(out.String(), want) {
					t.Errorf("%q is missing in\n%s", want, out.String())
				}
			}
			if (complaints.Len() > 0) != (c.status != 0) || (out.Len() > 0) != (c.status == 0) {
				t.Errorf("out %q, complaints %q", out.String(), complaints.String())
			}
		})
	}
}

func TestJSON_can_be_read_again(t *testing.T) {
	var out bytes.Buffer
	want := calculate(listPrices(), assumed())
	if err := writeJSON(&out, want); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Requests []row `json:"requests"`
		Textbook row   `json:"textbook"`
	}
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	equal(t, "requests", want.Requests, got.Requests)
	equal(t, "textbook", want.Textbook, got.Textbook)
}
