package grafana_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/host/lambdahost"
	"github.com/openhostfactory/ohfp/shared/host/telemetry"
	"github.com/openhostfactory/ohfp/shared/op"
	"github.com/openhostfactory/ohfp/shared/providers/config"
	"github.com/openhostfactory/ohfp/shared/query"
)

// published is what services of AWS tell CloudWatch, by namespace and dimension,
// as their guides list it.
func published() map[string][]string {
	return map[string][]string{
		"AWS/Lambda,FunctionName":    {"Invocations", "Duration", "Errors", "Throttles", "ConcurrentExecutions"},
		"AWS/States,StateMachineArn": {"ExecutionsStarted", "ExecutionsSucceeded", "ExecutionsFailed", "ExecutionsTimedOut"},
		"AWS/DynamoDB,TableName":     {"ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits", "ReadThrottleEvents", "WriteThrottleEvents"},
		"AWS/SQS,QueueName":          {"ApproximateNumberOfMessagesVisible"},
	}
}

// embedded is what a function writes for CloudWatch when it is asked to: the
// names of dimensions and metrics, with the namespace before them.
func embedded(t *testing.T) (key string, names []string) {
	t.Helper()
	var out bytes.Buffer
	env := map[string]string{"POWERTOOLS_METRICS_NAMESPACE": "$namespace"}
	host := lambdahost.New(lambdahost.Config{
		Operation: query.ListAvailableProviders, Log: telemetry.New(&bytes.Buffer{}, 0), Now: time.Now,
		Open:    func(context.Context) (op.Endpoint, error) { return op.Endpoint{}, errors.New("away") },
		Metrics: telemetry.LambdaMetrics(&out, func(name string) string { return env[name] }, time.Now),
	})
	if _, err := host.Invoke(t.Context(), []byte("{}")); err == nil {
		t.Fatal("want an error, got none")
	}
	var line struct {
		AWS struct {
			CloudWatchMetrics []struct {
				Namespace  string
				Dimensions [][]string
				Metrics    []struct{ Name string }
			}
		} `json:"_aws"`
	}
	if err := json.Unmarshal(out.Bytes(), &line); err != nil || len(line.AWS.CloudWatchMetrics) != 1 {
		t.Fatalf("%s: %v", &out, err)
	}
	m := line.AWS.CloudWatchMetrics[0]
	for _, one := range m.Metrics {
		names = append(names, one.Name)
	}
	return strings.Join(append([]string{m.Namespace}, m.Dimensions[0]...), ","), names
}

var search = regexp.MustCompile(`^SEARCH\('\{([^}]+)\} MetricName="(\w+)" (?:"ohfp-\$stage"|service="\$service")', '(Sum|Average|Maximum|p95)', \$__period_auto\)$`)

func TestTheAWSDashboard_asks_for_metrics_that_are_written(t *testing.T) {
	known := published()
	key, names := embedded(t)
	known[key] = names
	asked := map[string]bool{}
	for _, q := range load(t, "cloudwatch.json").targets() {
		if q.QueryMode != "Metrics" {
			continue
		}
		m := search.FindStringSubmatch(q.Expression)
		if m == nil || !slices.Contains(known[m[1]], m[2]) {
			t.Errorf("nobody writes %s", q.Expression)
			continue
		}
		asked[m[1]] = true
	}
	for where := range known {
		if !asked[where] {
			t.Errorf("nothing of %s is shown", where)
		}
	}
}

// lines are the log lines that the functions of workflows write: the message,
// and the names beside it. They are read from the source, where each is one call.
func lines(t *testing.T) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for _, room := range []string{"dispatch", "command"} {
		files, err := filepath.Glob(filepath.Join("..", "..", "shared", room, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no sources of %s: %v", room, err)
		}
		for _, file := range files {
			tree, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(tree, func(n ast.Node) bool {
				if message, names, ok := line(n); ok {
					all[message] = names
				}
				return true
			})
		}
	}
	return all
}

// line reads one call of a logger: Log.InfoContext(ctx, "message", "name", value, …).
func line(n ast.Node) (message string, names []string, ok bool) {
	call, is := n.(*ast.CallExpr)
	if !is || len(call.Args) < 2 {
		return "", nil, false
	}
	f, is := call.Fun.(*ast.SelectorExpr)
	if !is || !slices.Contains([]string{"InfoContext", "WarnContext"}, f.Sel.Name) { // what is on by default
		return "", nil, false
	}
	for i := 2; i < len(call.Args); i += 2 {
		names = append(names, text(call.Args[i]))
	}
	return text(call.Args[1]), names, true
}

func text(e ast.Expr) string {
	lit, ok := e.(*ast.BasicLit)
	if !ok {
		return ""
	}
	s, err := strconv.Unquote(lit.Value)
	if err != nil {
		return ""
	}
	return s
}

var (
	message = regexp.MustCompile(`filter message = "([^"]+)"`)
	quoted  = regexp.MustCompile(`"[^"]*"|/[^/]*/`)
	renamed = regexp.MustCompile(`\bas ([a-z0-9_]+)`)
	word    = regexp.MustCompile(`\b[a-z_][a-z0-9_]*\b`)
)

// syntax are the words of Logs Insights that the queries use.
func syntax() []string {
	return strings.Fields("fields filter stats sort limit by as and or not in like desc avg count pct sum bin strcontains timestamp message 5m m")
}

func TestTheAWSDashboard_reads_lines_that_are_logged(t *testing.T) {
	logged, looked := lines(t), 0
	for _, q := range load(t, "cloudwatch.json").targets() {
		if q.QueryMode != "Logs" {
			continue
		}
		looked++
		m := message.FindStringSubmatch(q.Expression)
		if m == nil || logged[m[1]] == nil {
			t.Errorf("nobody logs %s", q.Expression)
			continue
		}
		known := append(syntax(), logged[m[1]]...)
		for _, own := range renamed.FindAllStringSubmatch(q.Expression, -1) {
			known = append(known, own[1])
		}
		for _, name := range word.FindAllString(quoted.ReplaceAllString(q.Expression, ""), -1) {
			if !slices.Contains(known, name) {
				t.Errorf("the line %q has no %s: %s", m[1], name, q.Expression)
			}
		}
	}
	if looked < 8 {
		t.Errorf("%d queries of logs", looked)
	}
}

func TestTheAWSDashboard_reads_the_logs_of_functions_that_are_there(t *testing.T) {
	d := load(t, "cloudwatch.json")
	var kinds []string
	for _, k := range config.Kinds() {
		kinds = append(kinds, k.Name)
	}
	if got := d.variable("kind").Query; got != strings.Join(kinds, ", ") {
		t.Errorf("the kinds are %v, the dashboard has %v", kinds, got)
	}
	for _, q := range d.targets() {
		for _, group := range q.LogGroupNames {
			folder, ours := strings.CutPrefix(group, "/aws/lambda/ohfp-$stage-")
			for _, kind := range kinds {
				_, err := os.Stat(filepath.Join("..", "..", "functions", strings.Replace(folder, "$kind", kind, 1), "main.go"))
				if !ours || err != nil {
					t.Errorf("%s: %v", group, err)
				}
			}
		}
	}
}
