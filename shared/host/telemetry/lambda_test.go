package telemetry_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/host/telemetry"
)

func env(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

func TestALinesMembersAreThoseThatLambdaReads(t *testing.T) {
	var out bytes.Buffer
	log := telemetry.Lambda(&out, env("AWS_LAMBDA_LOG_FORMAT", "JSON")).With("operation", "probe")
	log.InfoContext(telemetry.WithRequest(t.Context(), "inv-1"), "done", "session_token", canary, "n", 3)
	var got map[string]any
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	stamp, _ := got["timestamp"].(string)
	if _, err := time.Parse("2006-01-02T15:04:05.000Z", stamp); err != nil {
		t.Errorf("timestamp = %q: %v", stamp, err)
	}
	delete(got, "timestamp")
	want := map[string]any{
		"level": "INFO", "message": "done", "operation": "probe", "session_token": "[redacted]",
		"n": 3.0, "function_request_id": "inv-1",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestTheLevelIsTheOneThatLambdaWasGiven(t *testing.T) {
	tests := map[string]slog.Level{ // the lowest that is written
		"": slog.LevelInfo, "TRACE": slog.LevelDebug - 4, "DEBUG": slog.LevelDebug, "INFO": slog.LevelInfo,
		"WARN": slog.LevelWarn, "ERROR": slog.LevelError, "FATAL": slog.LevelError + 4, "loud": slog.LevelInfo,
	}
	for given, lowest := range tests {
		t.Run(given, func(t *testing.T) {
			log := telemetry.Lambda(&bytes.Buffer{}, env("AWS_LAMBDA_LOG_LEVEL", given))
			if !log.Enabled(t.Context(), lowest) || log.Enabled(t.Context(), lowest-1) {
				t.Errorf("%v written: %v, below it: %v", lowest, log.Enabled(t.Context(), lowest), log.Enabled(t.Context(), lowest-1))
			}
		})
	}
}

func TestAnUnknownLevelIsToldOnce(t *testing.T) {
	var out bytes.Buffer
	telemetry.Lambda(&out, env("AWS_LAMBDA_LOG_LEVEL", "loud")).Info("hello")
	if got := strings.Count(out.String(), "AWS_LAMBDA_LOG_LEVEL"); got != 1 {
		t.Errorf("the variable is named %d times:\n%s", got, out.String())
	}
}

func TestTextIsWrittenOnDemand(t *testing.T) {
	var out bytes.Buffer
	telemetry.Lambda(&out, env("AWS_LAMBDA_LOG_FORMAT", "Text")).Info("hello", "n", 1)
	if !strings.Contains(out.String(), "level=INFO message=hello n=1\n") {
		t.Errorf("got %q", out.String())
	}
}

func fixed() time.Time { return time.UnixMilli(1_700_000_000_123) }

func TestMetricsAreALineOfTheEmbeddedFormat(t *testing.T) {
	var out bytes.Buffer
	m := telemetry.LambdaMetrics(&out, env("POWERTOOLS_METRICS_NAMESPACE", "Broker"), fixed)
	if err := m.Put("probe", telemetry.Metric{Name: "Duration", Unit: telemetry.Milliseconds, Value: 1.5}, telemetry.Metric{Name: "Failed", Unit: telemetry.Count, Value: 1}); err != nil {
		t.Fatal(err)
	}
	want := `{"Duration":1.5,"Failed":1,"_aws":{"Timestamp":1700000000123,"CloudWatchMetrics":[{"Namespace":"Broker",` +
		`"Dimensions":[["service","operation"]],"Metrics":[{"Name":"Duration","Unit":"Milliseconds"},{"Name":"Failed","Unit":"Count"}]}]},` +
		`"operation":"probe","service":"ohfp"}` + "\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestMetricsAreOffUnlessANamespaceIsGiven(t *testing.T) {
	m := telemetry.LambdaMetrics(failing{}, env("POWERTOOLS_SERVICE_NAME", "x"), fixed)
	if m != nil || m.Put("probe", telemetry.Metric{Name: "n"}) != nil {
		t.Error("metrics are written though nobody asked for them")
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errFull }

var errFull = errors.New("full")

func TestMetricsThatCannotBeWrittenAreAnError(t *testing.T) {
	m := telemetry.LambdaMetrics(failing{}, env("POWERTOOLS_METRICS_NAMESPACE", "Broker"), fixed)
	if err := m.Put("probe", telemetry.Metric{Name: "n", Value: 1}); !errors.Is(err, errFull) {
		t.Errorf("err = %v", err)
	}
	if err := m.Put("probe", telemetry.Metric{Name: "n", Value: math.NaN()}); err == nil || errors.Is(err, errFull) {
		t.Errorf("err = %v, want one of encoding", err)
	}
}
