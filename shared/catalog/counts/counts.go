package counts

import "math"

// Flow is how the workflow of a request runs.
type Flow string

// The ways. A Standard execution is billed by the state, an Express one by
// the request and its time.
const (
	None     Flow = ""
	Standard Flow = "Standard"
	Express  Flow = "Express"
)

// Operation is a request, or a tick of the schedule, with all that it makes
// AWS do.
type Operation struct {
	Name    string
	Flow    Flow
	States  []string // of the workflow, as they are entered
	Steps   []Step   // as they begin
	Awaited bool     // the first step waits for the workflow and looks at the ledger meanwhile
}

// Step is one invocation of a function.
type Step struct {
	Function string
	Calls    []Call // of DynamoDB, in order
	Driver   bool   // a provider is called
}

// Call is one call of DynamoDB.
type Call struct {
	For    string // what it is for
	Action string // GetItem
	Rows   []Row
	Weak   bool // a read that may be a little old
	Pool   bool // made by the driver of a static pool; the driver of a cloud makes none
}

// Row is what a call reads or writes, by its key as package schema writes it:
// an item, or, of a query, a partition.
type Row struct {
	Key     string
	KB      int // size, rounded up; of a query that of all that it finds. 0: nothing is found
	Indexed int // writes of an index that come with it
}

// Totals are what an operation amounts to.
type Totals struct {
	Invocations  int
	Transitions  int // states entered; 0 unless the flow is Standard
	Executions   int
	Reads        int // calls of DynamoDB that read
	Writes       int // calls that write
	Written      int // items
	Transactions int // calls among Writes

	ReadUnits  float64 // as on demand: 4 KB read strongly, or twice that
	WriteUnits float64 // 1 KB written; twice in a transaction
}

// Totals adds an operation up.
func (o Operation) Totals() Totals {
	t := Totals{Invocations: len(o.Steps)}
	if o.Flow != None {
		t.Executions = 1
	}
	if o.Flow == Standard {
		t.Transitions = len(o.States)
	}
	for _, s := range o.Steps {
		for _, c := range s.Calls {
			t.add(c)
		}
	}
	return t
}

func (t *Totals) add(c Call) {
	if !c.writes() {
		t.Reads++
		t.ReadUnits += c.Units()
		return
	}
	t.Writes++
	t.Written += len(c.Rows)
	t.WriteUnits += c.Units()
	if c.Action == transactWrite {
		t.Transactions++
	}
}

// AtCloud is the operation at a provider whose driver keeps nothing in the
// broker's table.
func (o Operation) AtCloud() Operation {
	steps := make([]Step, len(o.Steps))
	for i, s := range o.Steps {
		steps[i] = Step{Function: s.Function, Driver: s.Driver}
		for _, c := range s.Calls {
			if !c.Pool {
				steps[i].Calls = append(steps[i].Calls, c)
			}
		}
	}
	o.Steps = steps
	return o
}

// The actions of DynamoDB that are used.
const (
	getItem       = "GetItem"
	batchGet      = "BatchGetItem"
	query         = "Query"
	putItem       = "PutItem"
	updateItem    = "UpdateItem"
	transactWrite = "TransactWriteItems"
)

func (c Call) writes() bool {
	return c.Action == putItem || c.Action == updateItem || c.Action == transactWrite
}

// Units is what AWS bills for the call (Developer Guide, "DynamoDB on-demand
// capacity mode"): a write unit for each KB of an item and of its entries in
// indexes, twice that in a transaction; a read unit for each 4 KB of an item,
// or of all that a query finds, half of it when it may be old; at least that
// of the smallest item.
func (c Call) Units() float64 {
	if c.writes() {
		return c.writeUnits()
	}
	n := 0.0
	for _, r := range c.Rows {
		n += math.Max(1, math.Ceil(float64(r.KB)/4))
	}
	if c.Weak {
		n /= 2
	}
	return n
}

func (c Call) writeUnits() float64 {
	n := 0
	for _, r := range c.Rows {
		n += max(1, r.KB) * (1 + r.Indexed)
	}
	if c.Action == transactWrite {
		n *= 2
	}
	return float64(n)
}

// Starts reports whether the first step starts the workflow, rather than being
// a part of it.
func (o Operation) Starts() bool {
	return o.Flow != None && len(o.Steps) > 0 && o.Steps[0].Function == execute
}
