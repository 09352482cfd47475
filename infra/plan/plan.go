package plan

import (
	"fmt"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/store/schema"
)

// Plan is a stage: what a deployment makes. Every list is in a fixed order.
type Plan struct {
	Config    Config
	Place     Place
	Table     Table
	API       API
	Functions []Function
	Machines  []Machine
	Ticks     []Tick
	Ticker    Role // of the schedule
	Bus       Bus
	Outbox    Outbox
	Queues    []Queue
	Callers   []Callers
	Alarms    []Alarm
}

// New plans a stage. Its error says which definition of a workflow or which row
// of the catalogue has no place in it: a mistake of ours.
func New(c Config, at Place) (Plan, error) {
	n := namer{stage: c.Stage, at: at, table: c.TableARN}
	p := Plan{
		Config: c, Place: at, API: api(c, n), Queues: queues(n),
		Table: Table{Name: n.tableName(), ARN: n.tableARN(), Imported: c.TableARN != "", Spec: schema.Table(), Key: c.Key},
	}
	var err error
	if p.Functions, err = functions(c, n); err != nil {
		return Plan{}, fmt.Errorf("planning the functions: %w", err)
	}
	if p.Machines, err = machines(c, n); err != nil {
		return Plan{}, fmt.Errorf("planning the workflows: %w", err)
	}
	p.Ticks, p.Ticker = ticks(n)
	p.Bus, p.Outbox = bus(c, n), outbox(c, n)
	p.API.Version = p.version()
	p.Callers = callers(n, p.Functions)
	p.Alarms = alarms(p, n)
	return p, nil
}

// Deadlines, each a little later than that of the layer within: an answer is
// always a sentence and never a cut connection. The handlers' own stand in the
// catalogue.
const (
	APITimeout     = 30 * time.Second // the most that an HTTP API waits
	PrivateTimeout = 29 * time.Second // the most that a REST API waits

	expressTimeout  = 27 * time.Second                  // of an execution that somebody waits for
	standardTimeout = time.Hour + broker.ExecutionGrace // of the longest operation, and what settling it may take
	tickTimeout     = 5 * time.Minute                   // of a round of the schedule: the most that Express knows
)

// Role is an IAM role of one principal.
type Role struct {
	Name       string
	Principal  string // who may take it: lambda.amazonaws.com
	Statements []Statement
}

// Statement allows actions on resources.
type Statement struct {
	Sid       string
	Actions   []string
	Resources []string
	Condition map[string]map[string][]string // operator, key, values
	Star      string                         // why a resource has a star; "" where none has
}
