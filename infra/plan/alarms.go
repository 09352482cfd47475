package plan

import (
	"slices"
	"strings"
	"time"
)

// Alarm says that somebody has to look, and where it stands what to do.
type Alarm struct {
	Part, Name string
	Says       string
	Runbook    string // heading in docs/operations.md
	Namespace  string
	Metric     string
	Dimensions map[string]string
	Statistic  string
	Threshold  float64
	Below      bool // it is about too little, and silence is too little
	Every      time.Duration
	Periods    int
}

// alarms are about what the broker cannot mend by itself. Failures of providers
// are none: they have events, and the broker goes elsewhere.
func alarms(p Plan, n namer) []Alarm {
	all := slices.Concat(functionAlarms(p.Functions), workflowAlarms(n), queueAlarms(p.Queues), tableAlarms(p.Table), []Alarm{
		apiAlarm(p.Config, n),
		{
			Part: "throttled", Says: "Lambda refused to start functions of this account.", Runbook: "functions-throttled",
			Namespace: lambdaMetrics, Metric: "Throttles", Threshold: 1, Periods: 3,
		},
		{
			Part: "outbox-fails", Says: "Events are not told.", Runbook: "events-not-told",
			Namespace: "AWS/EventBridge/Pipes", Metric: "ExecutionFailed", Dimensions: map[string]string{"PipeName": p.Outbox.Name}, Threshold: 1, Periods: 3,
		},
	})
	for i := range all {
		all[i].Name = n.name(all[i].Part)
		if all[i].Statistic == "" {
			all[i].Statistic = "Sum"
		}
		if all[i].Every == 0 {
			all[i].Every = 5 * time.Minute
		}
		if all[i].Periods == 0 {
			all[i].Periods = 1
		}
	}
	return all
}

const (
	lambdaMetrics = "AWS/Lambda"
	statesMetrics = "AWS/States"
	tableMetrics  = "AWS/DynamoDB"
	queueMetrics  = "AWS/SQS"
)

// OwnMetrics is the namespace of what is counted in the logs.
const OwnMetrics = "ohfp"

func functionAlarms(functions []Function) []Alarm {
	var all []Alarm
	for _, f := range functions {
		a := Alarm{
			Part: f.Folder + "-fails", Says: f.Folder + " failed in a way it should not.", Runbook: "a-function-fails",
			Namespace: lambdaMetrics, Metric: "Errors", Dimensions: map[string]string{"FunctionName": f.Name}, Threshold: 1,
		}
		if f.CountsLines() {
			a.Namespace, a.Metric, a.Dimensions = OwnMetrics, f.ErrorLines(), nil
		}
		all = append(all, a)
	}
	return all
}

// CountsLines reports whether errors of the function are counted in its log, as
// lines at level ERROR: its failures have names that a workflow understands, and
// Lambda would count those as errors too.
func (f Function) CountsLines() bool { return f.Cone == Clouds }

// ErrorLines is the metric of those lines.
func (f Function) ErrorLines() string { return f.Name + "-error-lines" }

// APIID stands for the id of the HTTP API, which only its deployment knows.
const APIID = "(the id of the API)"

func apiAlarm(c Config, n namer) Alarm {
	a := Alarm{
		Part: "api-fails", Says: "The API answers with statuses from 500 on.", Runbook: "the-api-fails",
		Namespace: "AWS/ApiGateway", Metric: "5xx", Dimensions: map[string]string{"ApiId": APIID}, Threshold: 5,
	}
	if c.PrivateVPC != "" {
		a.Metric, a.Dimensions = "5XXError", map[string]string{"ApiName": n.whole()}
	}
	return a
}

// workflowAlarms leave ExecutionsFailed of operations out: one that ends
// without its wish ends so.
func workflowAlarms(n namer) []Alarm {
	of := func(part string) map[string]string { return map[string]string{"StateMachineArn": n.machine(part)} }
	all := []Alarm{{
		Part: "no-tick", Says: "The schedule does not run: nothing is checked and nothing is resumed.", Runbook: "the-schedule-does-not-run",
		Namespace: statesMetrics, Metric: "ExecutionsSucceeded", Dimensions: of(reconcile), Threshold: 1, Below: true, Periods: 2,
	}}
	for _, part := range []string{executeStandard, executeExpress} {
		all = append(all, Alarm{
			Part: part + "-timed-out", Says: "An operation's workflow reached its time-out: nobody settled it.", Runbook: "a-workflow-timed-out",
			Namespace: statesMetrics, Metric: "ExecutionsTimedOut", Dimensions: of(part), Threshold: 1,
		})
	}
	return append(all, Alarm{
		Part: "health-check-fails", Says: "Rounds of health checks fail.", Runbook: "the-schedule-does-not-run",
		Namespace: statesMetrics, Metric: "ExecutionsFailed", Dimensions: of(healthCheck), Threshold: 1, Periods: 3,
	})
}

func queueAlarms(queues []Queue) []Alarm {
	var all []Alarm
	for _, q := range queues {
		all = append(all, Alarm{
			Part: q.Part, Says: "Something could not be delivered and lies in " + q.Name + ".", Runbook: "a-queue-is-not-empty",
			Namespace: queueMetrics, Metric: "ApproximateNumberOfMessagesVisible", Dimensions: map[string]string{"QueueName": q.Name},
			Statistic: "Maximum", Threshold: 1,
		})
	}
	return all
}

func tableAlarms(t Table) []Alarm {
	var all []Alarm
	for _, what := range []string{"Read", "Write"} {
		all = append(all, Alarm{
			Part: "table-" + strings.ToLower(what) + "-throttled", Says: "DynamoDB throttles the table.", Runbook: "the-table-is-throttled",
			Namespace: tableMetrics, Metric: what + "ThrottleEvents", Dimensions: map[string]string{"TableName": t.Name}, Threshold: 10, Periods: 3,
		})
	}
	return all
}
