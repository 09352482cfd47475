package plan

import (
	"fmt"
	"strings"

	"github.com/openhostfactory/ohfp/shared/store/schema"
)

// Place is where a stage is put. CDK gives tokens for what only the deployment
// knows, tests give text: an ARN is made of either alike.
type Place struct{ Partition, Region, Account string }

func (p Place) arn(service, resource string) string {
	return fmt.Sprintf("arn:%s:%s:%s:%s:%s", p.Partition, service, p.Region, p.Account, resource)
}

// arnIn is an ARN of a service that knows no regions, of an account.
func (p Place) arnIn(account, service, resource string) string {
	return fmt.Sprintf("arn:%s:%s::%s:%s", p.Partition, service, account, resource)
}

// namer makes the names of one stage. Everything has a fixed name, so that a
// right can name what it is about before that is there, and no stack has to
// hand a name to another.
type namer struct {
	stage string
	at    Place
	table string // ARN of a table that was there before; "" for the stage's own
}

// name is ohfp-<stage>-<part>.
func (n namer) name(part string) string { return "ohfp-" + n.stage + "-" + part }

// role is the name of a role: roles are known in all regions of an account.
func (n namer) role(part string) string { return n.name(part) + "-" + n.at.Region }

func (n namer) function(folder string) string {
	return n.at.arn("lambda", "function:"+n.name(folder))
}

func (n namer) machine(part string) string { return n.at.arn("states", "stateMachine:"+n.name(part)) }
func (n namer) queue(part string) string   { return n.at.arn("sqs", n.name(part)) }
func (n namer) bus() string                { return n.at.arn("events", "event-bus/"+n.whole()) }

// whole is the name of what a stage has one of: table, bus, API.
func (n namer) whole() string { return "ohfp-" + n.stage }

func (n namer) tableARN() string {
	if n.table != "" {
		return n.table
	}
	return n.at.arn("dynamodb", "table/"+n.tableName())
}

func (n namer) tableName() string {
	if _, name, ok := strings.Cut(n.table, ":table/"); ok {
		return name
	}
	return n.whole()
}

// index is the ARN of an index of the table; of "" the table's own.
func (n namer) index(name string) string {
	if name == "" {
		return n.tableARN()
	}
	return n.tableARN() + "/index/" + name
}

// Names of log groups.
func functionLogs(name string) string { return "/aws/lambda/" + name }
func machineLogs(name string) string  { return "/aws/vendedlogs/states/" + name }

// Table is the table of the stage.
type Table struct {
	Name, ARN string
	Imported  bool // it was there before, and is not the stage's to make or delete
	Spec      schema.Spec
	Key       string // ARN of a KMS key; "": DynamoDB's own
}
