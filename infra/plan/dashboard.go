package plan

import "fmt"

// Widget is a graph of a dashboard.
type Widget struct {
	Title string
	Stat  string
	Lines [][]any // as CloudWatch takes them
}

// Dashboard is what somebody on call looks at first, from the door to the table.
// apiID is the id of an HTTP API.
func (p Plan) Dashboard(apiID string) map[string]any {
	var widgets []any
	for i, w := range p.widgets(apiID) {
		widgets = append(widgets, map[string]any{
			"type": "metric", "x": 8 * (i % 3), "y": 6 * (i / 3), "width": 8, "height": 6,
			"properties": map[string]any{
				"title": w.Title, "stat": w.Stat, "period": 60, "region": p.Place.Region, "view": "timeSeries", "metrics": w.Lines,
			},
		})
	}
	return map[string]any{"widgets": widgets}
}

func (p Plan) widgets(apiID string) []Widget {
	all := p.doorWidgets(apiID)
	all = append(all,
		Widget{"Functions: p99 of their time, ms", "p99", p.search("Duration", "p99")},
		Widget{"Functions: errors (of attempts those that workflows understand, too)", "Sum", p.search("Errors", "Sum")},
		Widget{"Functions: throttles", "Sum", p.search("Throttles", "Sum")},
		Widget{"Operations: workflows", "Sum", p.machineLines(executeStandard, "ExecutionsStarted", "ExecutionsSucceeded", "ExecutionsFailed", "ExecutionsTimedOut")},
		Widget{"Operations that read: workflows", "Sum", p.machineLines(executeExpress, "ExecutionsStarted", "ExecutionsSucceeded", "ExecutionsFailed", "ExecutionsTimedOut")},
		Widget{"Schedule: rounds that ended well", "Sum", append(p.machineLines(reconcile, "ExecutionsSucceeded"), p.machineLines(healthCheck, "ExecutionsSucceeded")...)},
		Widget{"Table: units", "Sum", p.tableLines("ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits")},
		Widget{"Table: throttled, conflicts", "Sum", p.tableLines("ReadThrottleEvents", "WriteThrottleEvents", "TransactionConflict")},
		Widget{"What could not be delivered", "Maximum", p.queueLines()},
	)
	return all
}

func (p Plan) doorWidgets(apiID string) []Widget {
	dimension, value, refused, failed := "ApiId", apiID, "4xx", "5xx"
	if p.API.Private() {
		dimension, value, refused, failed = "ApiName", p.API.Name, "4XXError", "5XXError"
	}
	of := func(metrics ...string) [][]any { return lines("AWS/ApiGateway", metrics, dimension, value) }
	return []Widget{
		{"API: requests", "Sum", of("Count")},
		{"API: refused, failed", "Sum", of(refused, failed)},
		{"API: p99 of latency, ms", "p99", of("Latency")},
	}
}

// search finds a metric of each function of the stage, also of functions to
// come.
func (p Plan) search(metric, stat string) [][]any {
	query := fmt.Sprintf(`SEARCH('{AWS/Lambda,FunctionName} MetricName="%s" "ohfp-%s"', '%s', 60)`, metric, p.Config.Stage, stat)
	return [][]any{{map[string]string{"expression": query}}}
}

func (p Plan) machineLines(part string, metrics ...string) [][]any {
	for _, m := range p.Machines {
		if m.Part == part {
			return lines("AWS/States", metrics, "StateMachineArn", m.ARN)
		}
	}
	return nil
}

func (p Plan) tableLines(metrics ...string) [][]any {
	return lines("AWS/DynamoDB", metrics, "TableName", p.Table.Name)
}

func (p Plan) queueLines() [][]any {
	var all [][]any
	for _, q := range p.Queues {
		all = append(all, lines("AWS/SQS", []string{"ApproximateNumberOfMessagesVisible"}, "QueueName", q.Name)...)
	}
	return all
}

func lines(namespace string, metrics []string, dimension, value string) [][]any {
	var all [][]any
	for _, m := range metrics {
		all = append(all, []any{namespace, m, dimension, value})
	}
	return all
}
