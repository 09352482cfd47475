package plan

import (
	_ "embed"
	"strings"
	"time"

	"github.com/openhostfactory/ohfp/shared/op"
	"github.com/openhostfactory/ohfp/shared/store/schema"
)

// Queues for what could not be delivered, by their part of the name.
const (
	lateTicks = "late-ticks"    // of the schedule
	Untold    = "untold-events" // rows of the outbox
	unheard   = "lost-notices"  // what a provider said of a machine
)

// keptInQueue is the most that SQS keeps anything.
const keptInQueue = 14 * 24 * time.Hour

// Queue keeps what could not be delivered, for somebody to look at.
type Queue struct {
	Part, Name, ARN string
	From            string   // the service that puts it there
	Rules           []string // ARNs: whose targets failed; the others have roles that may
	Kept            time.Duration
}

func queues(n namer) []Queue {
	var all []Queue
	for _, q := range [][2]string{{lateTicks, schedulerService}, {Untold, pipesService}, {unheard, eventsService}} {
		all = append(all, Queue{Part: q[0], Name: n.name(q[0]), ARN: n.queue(q[0]), From: q[1], Kept: keptInQueue})
	}
	all[len(all)-1].Rules = []string{
		n.at.arn("events", "rule/"+ruleName(n.name(notices), Account)),
		n.at.arn("events", "rule/"+n.whole()+"/"+ruleName(n.name(notices), Forwarded)),
	}
	return all
}

const (
	eventsService = "events.amazonaws.com"
	pipesService  = "pipes.amazonaws.com"
)

// Bus is where events of the broker are told, and where other accounts say what
// happens to machines.
type Bus struct {
	Name, ARN    string
	Organization string   // whose accounts may put events there; "": Accounts
	Accounts     []string // beside the stage's own
	ArchiveDays  int
	Notices      Notices
}

// Notices are the events of EC2 about machines. They come on the account's own
// bus, and from other accounts on the broker's.
type Notices struct {
	Name        string
	Folder      string // of the function that takes them
	Function    string // ARN
	Source      string
	DetailTypes []string
	Queue       string // ARN
}

// The buses on which notices come.
const (
	Account   = "Account"   // the account's own
	Forwarded = "Forwarded" // the broker's, from other accounts
)

const notices = "notices"

// RuleName is the name of the rule on one of the buses.
func (n Notices) RuleName(where string) string { return ruleName(n.Name, where) }

func ruleName(name, where string) string { return name + "-" + strings.ToLower(where) }

// archiveDays is how long events can be told again: as long as their rows are
// kept.
const archiveDays = 7

func bus(c Config, n namer) Bus {
	return Bus{
		Name: n.whole(), ARN: n.bus(), Organization: c.Organization, Accounts: c.ProviderAccounts, ArchiveDays: archiveDays,
		Notices: Notices{
			Name: n.name(notices), Folder: op.Kebab(noting), Function: n.function(op.Kebab(noting)), Source: "aws.ec2", Queue: n.queue(unheard),
			DetailTypes: []string{
				"EC2 Instance State-change Notification",
				"EC2 Spot Instance Interruption Warning",
				"EC2 Instance Rebalance Recommendation",
			},
		},
	}
}

// Outbox hands the rows of events from the table's stream to the workflow that
// tells them.
type Outbox struct {
	Name    string
	Filter  string
	Machine string // ARN
	Queue   string // ARN
	Batch   int
	Retries int
	MaxAge  time.Duration
	Role    Role
}

// outbox may read the stream, whose name only the deployment knows: the stack
// adds that right.
func outbox(c Config, n namer) Outbox {
	o := Outbox{
		Name: n.name("outbox"), Machine: n.machine(Teller), Queue: n.queue(Untold), Batch: 10, Retries: 20, MaxAge: 12 * time.Hour,
		Filter: text(map[string]any{
			"eventName": []string{"INSERT"},
			"dynamodb": map[string]any{"Keys": map[string]any{
				schema.Table().PartitionKey: map[string]any{"S": []any{map[string]string{"prefix": eventPrefix()}}},
			}},
		}),
	}
	o.Role = Role{Name: n.role("outbox"), Principal: pipesService, Statements: append([]Statement{
		{Sid: "Tell", Actions: []string{"states:StartSyncExecution"}, Resources: []string{o.Machine}},
		{Sid: "Keep", Actions: []string{"sqs:SendMessage"}, Resources: []string{o.Queue}},
	}, keyStatements(c, n)...)}
	return o
}

// eventPrefix begins the partitions of events.
func eventPrefix() string { return strings.TrimSuffix(schema.EventPK(0), "0") }

const tellTimeout = time.Minute

//go:embed tell.asl.json
var tellDefinition string

// telling is the definition of the workflow that tells, for a bus. It is no
// definition of the broker's: only AWS knows a bus, and what it shapes is not a
// decision.
func telling(bus string) string { return strings.Replace(tellDefinition, `"BUS"`, `"`+bus+`"`, 1) }
