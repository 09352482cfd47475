package telemetry

import (
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"time"
)

// The variables of the Powertools conventions.
const (
	metricsNamespace = "POWERTOOLS_METRICS_NAMESPACE"
	metricsService   = "POWERTOOLS_SERVICE_NAME"
	defaultService   = "ohfp"
)

// Unit is a unit of CloudWatch metrics.
type Unit string

// The units that are used.
const (
	Count        Unit = "Count"
	Milliseconds Unit = "Milliseconds"
)

// Metric is one value.
type Metric struct {
	Name  string
	Unit  Unit
	Value float64
}

// Metrics writes metrics in CloudWatch's embedded metric format: a line of
// JSON in the log that CloudWatch reads as metrics. The dimensions are service
// and operation and no others, for each combination is billed. A nil *Metrics
// writes nothing. It is safe for concurrent use.
type Metrics struct {
	mu                 sync.Mutex
	w                  io.Writer
	namespace, service string
	now                func() time.Time
}

// LambdaMetrics returns what POWERTOOLS_METRICS_NAMESPACE and
// POWERTOOLS_SERVICE_NAME ask for; nil when no namespace is given.
func LambdaMetrics(w io.Writer, getenv func(string) string, now func() time.Time) *Metrics {
	m := &Metrics{w: w, namespace: getenv(metricsNamespace), service: getenv(metricsService), now: now}
	if m.namespace == "" {
		return nil
	}
	if m.service == "" {
		m.service = defaultService
	}
	return m
}

// The format's own members, as CloudWatch names them.
type (
	emfDefinition struct {
		Name string
		Unit Unit
	}
	emfDirective struct {
		Namespace  string
		Dimensions [][]string
		Metrics    []emfDefinition
	}
	emfMetadata struct {
		Timestamp         int64 // ms since 1970
		CloudWatchMetrics []emfDirective
	}
)

// Put writes the values of one event of an operation, in one write. The names
// service, operation and _aws are taken.
func (m *Metrics) Put(operation string, metrics ...Metric) error {
	if m == nil || len(metrics) == 0 {
		return nil
	}
	line := map[string]any{"service": m.service, "operation": operation}
	defs := make([]emfDefinition, len(metrics))
	for i, x := range metrics {
		defs[i], line[x.Name] = emfDefinition{x.Name, x.Unit}, x.Value
	}
	line["_aws"] = emfMetadata{m.now().UnixMilli(), []emfDirective{{m.namespace, [][]string{{"service", "operation"}}, defs}}}
	text, err := json.Marshal(line)
	if err != nil { // NaN and infinity have no JSON
		return fmt.Errorf("encoding metrics of %s: %w", operation, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, err := m.w.Write(append(text, '\n')); err != nil {
		return fmt.Errorf("writing metrics of %s: %w", operation, err)
	}
	return nil
}
