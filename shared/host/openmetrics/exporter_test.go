package openmetrics_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/host/openmetrics"
	"github.com/openhostfactory/ohfp/shared/metrics"
	"github.com/openhostfactory/ohfp/shared/store/storetest"
)

func now() time.Time { return time.Date(2026, 3, 1, 12, 0, 30, 0, time.UTC) }

// store is what an exporter reads.
type store interface {
	broker.ProviderReader
	broker.OpenReader
	broker.MachineReader
}

func exporter(t *testing.T, s store, now func() time.Time) *openmetrics.Exporter {
	t.Helper()
	e, err := openmetrics.New(openmetrics.Options{Registry: s, Open: s, Machines: s, Now: now, Version: "1.2.3"})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// told returns the samples of the broker's own metrics that begin so.
func told(t *testing.T, e *openmetrics.Exporter, names ...string) []string {
	t.Helper()
	media, body, err := e.Write(http.Header{})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(media, "application/openmetrics-text") || !strings.HasSuffix(string(body), "# EOF\n") {
		t.Errorf("it is no OpenMetrics: %s", media)
	}
	var lines []string
	for line := range strings.Lines(string(body)) {
		if slices.ContainsFunc(names, func(n string) bool { return strings.HasPrefix(line, n) }) {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines
}

// second is the error of a call that returns more.
func second(_ broker.Health, err error) error { return err }

func same(t *testing.T, want, got []string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want (-), got (+):\n%s", diff)
	}
}

func TestExporter_counts_what_is_written_to_the_store(t *testing.T) {
	m := storetest.NewMemory(now)
	e := exporter(t, m, now)
	w := e.Counting(m)
	for _, v := range []metrics.Event{
		{Operation: broker.CreateInstances, Ended: now(), Duration: 300 * time.Millisecond, Machines: 2},
		{Operation: broker.CreateInstances, Ended: now(), Duration: 3 * time.Second, Machines: 1, Class: fault.Capacity},
		{Operation: broker.CreateInstances, Ended: now(), Class: fault.Throttle},
		{Operation: broker.CreateInstances, Ended: now(), Class: fault.Throttle},
		{Operation: broker.GetInstanceStatus, Ended: now(), Class: fault.Server},
	} {
		row := v.Delta()
		if err := w.AddMetric(t.Context(), row.Stored("pool-a")); err != nil {
			t.Fatal(err)
		}
	}
	same(t, []string{
		`ohfp_attempts_total{class="",operation_type="CREATE_INSTANCES",outcome="partial",provider="pool-a"} 1.0`,
		`ohfp_attempts_total{class="",operation_type="CREATE_INSTANCES",outcome="succeeded",provider="pool-a"} 1.0`,
		`ohfp_attempts_total{class="SERVER",operation_type="GET_INSTANCE_STATUS",outcome="failed",provider="pool-a"} 1.0`,
		`ohfp_attempts_total{class="THROTTLE",operation_type="CREATE_INSTANCES",outcome="failed",provider="pool-a"} 2.0`,
		`ohfp_machines_created_total{provider="pool-a"} 3.0`,
		`ohfp_metrics_unwritten_total 0.0`,
		`ohfp_throttles_total{provider="pool-a"} 2.0`,
	}, told(t, e, "ohfp_attempts_total", "ohfp_machines", "ohfp_throttles", "ohfp_metrics"))
	same(t, []string{
		`ohfp_attempt_duration_seconds_bucket{operation_type="CREATE_INSTANCES",provider="pool-a",le="0.25"} 0`,
		`ohfp_attempt_duration_seconds_bucket{operation_type="CREATE_INSTANCES",provider="pool-a",le="0.5"} 1`,
		`ohfp_attempt_duration_seconds_sum{operation_type="CREATE_INSTANCES",provider="pool-a"} 3.3`,
		`ohfp_attempt_duration_seconds_count{operation_type="CREATE_INSTANCES",provider="pool-a"} 2`,
	}, told(t, e, `ohfp_attempt_duration_seconds_bucket{operation_type="CREATE_INSTANCES",provider="pool-a",le="0.25"`,
		`ohfp_attempt_duration_seconds_bucket{operation_type="CREATE_INSTANCES",provider="pool-a",le="0.5"`,
		"ohfp_attempt_duration_seconds_sum", "ohfp_attempt_duration_seconds_count"))
	rows, err := m.MetricRows(t.Context(), broker.MetricRange{Provider: "pool-a", Partition: "2026-03-01T12", First: "00", Below: "60"})
	if err != nil || len(rows) != 2 {
		t.Errorf("want two rows in the store, got %v, %v", rows, err)
	}
}

func TestExporter_tells_how_things_stand(t *testing.T) {
	m := storetest.NewMemory(now)
	if _, err := m.PutProvider(t.Context(), broker.Registration{Name: "pool-a"}); err != nil {
		t.Fatal(err)
	}
	key := broker.LiveKey{Provider: "pool-a", Class: broker.ClassMutate}
	for _, w := range []broker.LiveWrite{
		{Kind: broker.LiveBegin, Now: now(), Started: now()},
		{Kind: broker.LiveTrip, Now: now(), OpenUntil: now().Add(time.Minute)},
	} {
		if _, err := m.ApplyLive(t.Context(), key, w); err != nil {
			t.Fatal(err)
		}
	}
	for _, err := range []error{
		second(m.RecordHealth(t.Context(), "pool-a", broker.Health{State: broker.Degraded, CheckedAt: now()})),
		m.PutDigest(t.Context(), "pool-a", broker.Digest{At: now(), Measured: map[string]broker.Measured{broker.ClassRead: {At: now()}}}),
		m.ClaimOperation(t.Context(), broker.Claim{Operation: broker.Operation{ID: "op", Status: broker.OpRunning, DueAt: now().Add(time.Hour)}, Now: now()}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	same(t, []string{
		`ohfp_build_info{version="1.2.3"} 1.0`,
		`ohfp_open_operations 1.0`,
		`ohfp_provider_breaker_state{class="mutate",provider="pool-a",state="CLOSED"} 0.0`,
		`ohfp_provider_breaker_state{class="mutate",provider="pool-a",state="DISABLED"} 0.0`,
		`ohfp_provider_breaker_state{class="mutate",provider="pool-a",state="FORCED_OPEN"} 0.0`,
		`ohfp_provider_breaker_state{class="mutate",provider="pool-a",state="HALF_OPEN"} 0.0`,
		`ohfp_provider_breaker_state{class="mutate",provider="pool-a",state="OPEN"} 1.0`,
		`ohfp_provider_health_state{provider="pool-a",state="DEGRADED"} 1.0`,
		`ohfp_provider_health_state{provider="pool-a",state="HEALTHY"} 0.0`,
		`ohfp_provider_health_state{provider="pool-a",state="UNHEALTHY"} 0.0`,
		`ohfp_provider_health_state{provider="pool-a",state="UNKNOWN"} 0.0`,
		`ohfp_provider_in_flight{class="mutate",provider="pool-a"} 1.0`,
		`ohfp_provider_in_flight{class="read",provider="pool-a"} 0.0`,
		`ohfp_provider_last_check_timestamp_seconds{provider="pool-a"} 1.77236643e+09`,
		`ohfp_provider_last_used_timestamp_seconds{class="read",provider="pool-a"} 1.77236643e+09`,
		`ohfp_store_up 1.0`,
	}, told(t, e(t, m), "ohfp_build", "ohfp_open", `ohfp_provider_breaker_state{class="mutate"`, "ohfp_provider_h", "ohfp_provider_i", "ohfp_provider_l", "ohfp_store"))
}

func e(t *testing.T, m *storetest.Memory) *openmetrics.Exporter {
	t.Helper()
	return exporter(t, m, now)
}

func TestExporter_counts_failovers_that_were_stored(t *testing.T) {
	e := exporter(t, storetest.NewMemory(now), now)
	o := &broker.Operation{ID: "op", Type: broker.CreateInstances}
	full := &broker.Attempt{Provider: "pool-a", Class: fault.Capacity}
	for range 2 {
		e.Stepped(&broker.Step{Tells: []broker.Event{
			broker.CancellationEvent(o), broker.FailoverEvent(o, full, &broker.Attempt{N: 2, Provider: "pool-b"}),
		}})
	}
	e.Stepped(&broker.Step{})
	same(t, []string{
		`ohfp_failovers_total{class="CAPACITY",next_provider="pool-b",provider="pool-a"} 2.0`,
	}, told(t, e, "ohfp_failovers"))
}

// fleet is a store whose machines are those of a table.
type fleet struct {
	*storetest.Memory
	machines map[string][]broker.Machine
	reads    int
}

func (f *fleet) OwnedMachines(_ context.Context, provider string, _ int) ([]broker.Machine, error) {
	f.reads++
	return f.machines[provider], nil
}

func TestExporter_tells_what_machines_cost_and_counts_them_once_a_minute(t *testing.T) {
	clock, half, free := now(), 0.5, 0.0
	at := func() time.Time { return clock }
	f := &fleet{Memory: storetest.NewMemory(at), machines: map[string][]broker.Machine{
		"cloud": {{ID: "1", PricePerHour: &half}, {ID: "2"}},
		"hall":  {{ID: "3"}},
		"gift":  {{ID: "4", PricePerHour: &free}},
	}}
	quarter := 0.25
	for name, price := range map[string]*float64{"cloud": &quarter, "hall": nil, "gift": nil, "idle": &half} {
		if _, err := f.PutProvider(t.Context(), broker.Registration{Name: name, PricePerHour: price}); err != nil {
			t.Fatal(err)
		}
	}
	e := exporter(t, f, at)
	want := []string{
		`ohfp_provider_cost_per_hour{provider="cloud"} 0.75`,
		`ohfp_provider_cost_per_hour{provider="gift"} 0.0`, // not unknown
		`ohfp_provider_machines{provider="cloud"} 2.0`,
		`ohfp_provider_machines{provider="gift"} 1.0`,
		`ohfp_provider_machines{provider="hall"} 1.0`,
		`ohfp_provider_machines{provider="idle"} 0.0`,
	}
	same(t, want, told(t, e, "ohfp_provider_cost", "ohfp_provider_machines"))
	f.machines["idle"], clock = f.machines["gift"], clock.Add(59*time.Second)
	same(t, want, told(t, e, "ohfp_provider_cost", "ohfp_provider_machines"))
	if f.reads != 4 {
		t.Errorf("want one look at each of four providers, got %d", f.reads)
	}
	clock = clock.Add(time.Second)
	same(t, []string{`ohfp_provider_machines{provider="idle"} 1.0`}, told(t, e, `ohfp_provider_machines{provider="idle"`))
}

// away is a store that does not answer.
type away struct{ *storetest.Memory }

func (away) Snapshot(context.Context) (broker.Snapshot, error) {
	return broker.Snapshot{}, fault.New(fault.StoreUnavailable, "away")
}

func (away) AddMetric(context.Context, broker.MetricRow) error {
	return fault.New(fault.StoreUnavailable, "away")
}

func TestExporter_says_when_the_store_is_away_and_goes_on_counting(t *testing.T) {
	m := away{storetest.NewMemory(now)}
	e := exporter(t, m, now)
	row := metrics.Event{Operation: broker.CreateInstances, Ended: now()}.Delta()
	if err := e.Counting(m).AddMetric(t.Context(), row.Stored("pool-a")); !fault.Is(err, fault.StoreUnavailable) {
		t.Errorf("want the store's error, got %v", err)
	}
	same(t, []string{
		`ohfp_attempts_total{class="",operation_type="CREATE_INSTANCES",outcome="succeeded",provider="pool-a"} 1.0`,
		`ohfp_metrics_unwritten_total 1.0`,
		`ohfp_store_up 0.0`,
	}, told(t, e, "ohfp_attempts_total", "ohfp_metrics", "ohfp_store", "ohfp_open", "ohfp_provider"))
}

func TestExporter_writes_what_is_asked_for(t *testing.T) {
	m := storetest.NewMemory(now)
	for accept, want := range map[string]string{
		"":                             "application/openmetrics-text; version=1.0.0; charset=utf-8",
		"*/*":                          "application/openmetrics-text; version=1.0.0; charset=utf-8",
		"text/plain":                   "text/plain; version=0.0.4; charset=utf-8",
		"application/openmetrics-text": "application/openmetrics-text; version=0.0.1; charset=utf-8",
	} {
		media, body, err := e(t, m).Write(http.Header{"Accept": {accept}})
		if err != nil || !strings.HasPrefix(media, want) || !strings.Contains(string(body), "ohfp_store_up 1") {
			t.Errorf("%q: want %s, got %s, %v", accept, want, media, err)
		}
	}
}
