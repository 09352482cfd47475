package main

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/openhostfactory/ohfp/shared/catalog/counts"
)

// machines of a request that is about machines.
const machines = 2

// report is all that is printed.
type report struct {
	Region      string      `json:"region"`
	AsOf        string      `json:"list_prices_as_of"`
	Prices      prices      `json:"prices_usd"`
	Assumptions assumptions `json:"assumptions"`
	Requests    []row       `json:"requests"`         // per million
	Textbook    row         `json:"textbook"`         // per million
	Schedule    []row       `json:"schedule_a_month"` // whether anybody asks for anything or not
}

// row is an operation with its counts and its bill.
type row struct {
	Name        string  `json:"name"`
	Invocations int     `json:"lambda_invocations"`
	Transitions int     `json:"standard_transitions"`
	Executions  int     `json:"express_executions"`
	Written     int     `json:"items_written"`
	WriteUnits  float64 `json:"write_units"`
	ReadUnits   float64 `json:"read_units"` // those of the looks of a caller who waits included
	Bill        bill    `json:"usd"`
	Total       float64 `json:"usd_total"`
	Other       float64 `json:"usd_total_with_the_other_memory"`
}

func calculate(p prices, a assumptions) report {
	r := report{Region: region, AsOf: asOf, Prices: p, Assumptions: a}
	api := func(u *usage) { u.HTTPCalls = 1 }
	for _, o := range []counts.Operation{
		counts.Create(machines).AtCloud(), counts.CreateWithKey(machines).AtCloud(), counts.Failover(machines).AtCloud(),
		counts.Terminate(machines).AtCloud(), counts.Status(machines).AtCloud(), counts.HealthCheck().AtCloud(),
		counts.Select(), counts.SelectKept(), counts.SelectTurn(), counts.Poll(), counts.PollRequest(), counts.Reclaims(),
	} {
		r.Requests = append(r.Requests, rowOf(o, p, a, times{million, api}))
	}
	pool := rowOf(counts.Create(machines), p, a, times{million, api})
	pool.Name += ", at a static pool"
	r.Requests = append(r.Requests, pool)
	r.Textbook = rowOf(textbook(), p, a, times{million, func(u *usage) { u.RESTCalls = 1 }})
	r.Schedule = schedule(p, a)
	return r
}

// schedule is what a month costs in which nobody asks for anything.
func schedule(p prices, a assumptions) []row {
	tick := func(u *usage) { u.Ticks = 1 }
	checks := a.Ticks / a.Every
	idle := rowOf(counts.Checks(0), p, a, times{float64(a.Ticks - checks), tick})
	idle.Name += ", none due"
	return []row{
		rowOf(counts.Reconcile(a.Checked), p, a, times{float64(a.Ticks), tick}), idle,
		rowOf(counts.Checks(a.Checked).AtCloud(), p, a, times{float64(checks), tick}),
	}
}

// times is how often an operation happens, and by which door it comes in.
type times struct {
	n    float64
	door func(*usage)
}

func rowOf(o counts.Operation, p prices, a assumptions, by times) row {
	t, u, other := o.Totals(), uses(o, a, a.MemoryMB), uses(o, a, a.Other)
	by.door(&u)
	by.door(&other)
	b := cost(u, p, by.n)
	return row{
		Name: o.Name, Invocations: t.Invocations, Transitions: t.Transitions, Executions: int(u.Executions),
		Written: t.Written, WriteUnits: u.WriteUnits, ReadUnits: u.ReadUnits,
		Bill: b, Total: b.total(), Other: cost(other, p, by.n).total(),
	}
}

func writeJSON(w io.Writer, r report) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	if err := e.Encode(r); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}

func writeTable(w io.Writer, r report) error {
	a := r.Assumptions
	requests := r.table(fmt.Sprintf("US dollars per million requests, for %d machines where it is about machines", machines))
	for _, one := range r.Requests {
		requests.AppendRow(one.cells())
	}
	requests.AppendSeparator()
	requests.AppendRow(r.Textbook.cells())
	month := r.table(fmt.Sprintf("US dollars a month of 30 days for the schedule, %d providers checked every %d minutes", a.Checked, a.Every))
	for _, one := range r.Schedule {
		month.AppendRow(one.cells())
	}
	_, err := fmt.Fprintf(w, "%s\n\n%s\n\n%s", requests.Render(), month.Render(), r.notes())
	if err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}

func (r *report) table(title string) table.Writer {
	t := table.NewWriter()
	t.SetTitle(title)
	t.SetStyle(table.StyleRounded)
	t.Style().Format.Header = text.FormatDefault
	header := table.Row{
		"", "Lambdas", "transitions", "Express", "items", "WRU", "RRU", "door", "Lambda", "Step Fn", "writes", "reads", "logs",
		fmt.Sprintf("total, %d MB", r.Assumptions.MemoryMB), fmt.Sprintf("%d MB", r.Assumptions.Other),
	}
	t.AppendHeader(header)
	figures := make([]table.ColumnConfig, len(header)-1)
	for i := range figures {
		figures[i] = table.ColumnConfig{Number: i + 2, Align: text.AlignRight, AlignHeader: text.AlignRight}
	}
	t.SetColumnConfigs(figures)
	return t
}

func (r *row) cells() table.Row {
	return table.Row{
		r.Name, r.Invocations, r.Transitions, r.Executions, r.Written, r.WriteUnits, r.ReadUnits,
		usd(r.Bill.Door), usd(r.Bill.Functions), usd(r.Bill.Workflow), usd(r.Bill.Writes), usd(r.Bill.Reads), usd(r.Bill.Logs),
		usd(r.Total), usd(r.Other),
	}
}

func usd(v float64) string { return fmt.Sprintf("%.2f", v) }

// notes says what the figures are and are not.
func (r *report) notes() string {
	a := r.Assumptions
	return fmt.Sprintf(`The textbook's creation costs %.1f times ours.
Counts are asserted by tests, warm and with nobody else at work; the textbook's are not, nobody has built it.
List prices of %s as of %s, first tier, no free tier: check them before you rely on them.
Assumed, not measured: %v of work in a function, %v in a provider, %v for each state, %d bytes of log for an invocation;
the function that is asked waits for the workflow and looks at the ledger meanwhile.
A transition is a state that is entered. Not in it: storage, backups, data transfer, alarms, traces.
`, r.Textbook.Total/r.Requests[0].Total, r.Region, r.AsOf, a.Work, a.Driver, a.State, a.LogBytes)
}
