package grafana_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/host/openmetrics"
	"github.com/openhostfactory/ohfp/shared/metrics"
	"github.com/openhostfactory/ohfp/shared/store/storetest"
)

// fleet is a store in which each provider has a machine.
type fleet struct{ *storetest.Memory }

func (fleet) OwnedMachines(context.Context, string, int) ([]broker.Machine, error) {
	return []broker.Machine{{ID: "m", PricePerHour: new(float64)}}, nil
}

// told is what an exporter tells that has something of everything: the labels of
// each metric, and the values of each label.
func told(t *testing.T) (labels map[string][]string, values map[string]map[string]bool) {
	t.Helper()
	now := func() time.Time { return time.Date(2026, 3, 1, 12, 0, 30, 0, time.UTC) }
	m := fleet{storetest.NewMemory(now)}
	e, err := openmetrics.New(openmetrics.Options{Registry: m, Open: m, Machines: m, Now: now, Version: "1"})
	if err != nil {
		t.Fatal(err)
	}
	steps := []error{
		second(m.PutProvider(t.Context(), broker.Registration{Name: "a"})),
		second(m.RecordHealth(t.Context(), "a", broker.Health{State: broker.Healthy, CheckedAt: now()})),
		m.PutDigest(t.Context(), "a", broker.Digest{At: now(), Measured: map[string]broker.Measured{broker.ClassRead: {At: now()}}}),
	}
	events := []metrics.Event{{Machines: 2}, {Machines: 1, Class: fault.Capacity}}
	for _, class := range fault.Classes() {
		events = append(events, metrics.Event{Class: class})
	}
	for _, v := range events {
		v.Ended, v.Operation = now(), broker.CreateInstances
		row := v.Delta()
		steps = append(steps, e.Counting(m).AddMetric(t.Context(), row.Stored("a")))
	}
	for _, err := range steps {
		if err != nil {
			t.Fatal(err)
		}
	}
	e.Stepped(&broker.Step{Tells: []broker.Event{broker.FailoverEvent(&broker.Operation{}, &broker.Attempt{Provider: "a"}, &broker.Attempt{Provider: "b"})}})
	_, body, err := e.Write(http.Header{})
	if err != nil {
		t.Fatal(err)
	}
	return parse(string(body))
}

func second[T any](_ T, err error) error { return err }

var (
	sample = regexp.MustCompile(`(?m)^(ohfp_[a-z_]+)(?:\{(.*)\})? `)
	pair   = regexp.MustCompile(`([a-z_]+)(=~|!~|!=|=)"([^"]*)"`)
)

func parse(text string) (labels map[string][]string, values map[string]map[string]bool) {
	labels, values = map[string][]string{}, map[string]map[string]bool{}
	for _, line := range sample.FindAllStringSubmatch(text, -1) {
		names := []string{"job", "instance"} // which Prometheus adds
		for _, p := range pair.FindAllStringSubmatch(line[2], -1) {
			names = append(names, p[1])
			if values[p[1]] == nil {
				values[p[1]] = map[string]bool{}
			}
			values[p[1]][p[3]] = true
		}
		labels[line[1]] = names
	}
	return labels, values
}

var (
	selector = regexp.MustCompile(`\b(ohfp_[a-z_]+)(?:\{([^}]*)\})?`)
	grouping = regexp.MustCompile(`\b(?:by|without) \(([a-z_, ]*)\)`)
	legend   = regexp.MustCompile(`\{\{([a-z_]+)\}\}`)
)

func TestTheProvidersDashboard_asks_for_what_is_told(t *testing.T) {
	d := load(t, "openmetrics.json")
	labels, values := told(t)
	for _, q := range d.targets() {
		var there []string
		for _, s := range selector.FindAllStringSubmatch(q.Expr, -1) {
			if labels[s[1]] == nil {
				t.Errorf("%s is not told", s[1])
			}
			there = append(there, labels[s[1]]...)
			for _, wrong := range unmatched(s[2], labels[s[1]], values) {
				t.Errorf("%s: %s", s[1], wrong)
			}
		}
		if len(there) == 0 {
			t.Errorf("%s asks for nothing of the broker", q.Expr)
		}
		kept := grouping.FindStringSubmatch(q.Expr)
		for _, l := range strings.Split(first(kept), ", ") {
			if l != "" && !slices.Contains(there, l) {
				t.Errorf("%s groups by %s, which is not told", q.Expr, l)
			}
		}
		for _, l := range legend.FindAllStringSubmatch(q.LegendFormat, -1) {
			if !slices.Contains(strings.Split(first(kept), ", "), l[1]) {
				t.Errorf("%s: the legend names %s, which it does not keep", q.Expr, l[1])
			}
		}
	}
}

func first(groups []string) string {
	if len(groups) < 2 {
		return ""
	}
	return groups[1]
}

// unmatched says which matchers of a selector match nothing that is told.
func unmatched(matchers string, labels []string, values map[string]map[string]bool) (wrong []string) {
	for _, m := range pair.FindAllStringSubmatch(matchers, -1) {
		name, value := m[1], m[3]
		switch {
		case !slices.Contains(labels, name):
			wrong = append(wrong, "it has no label "+name)
		case strings.HasPrefix(value, "$"):
			if value != "$"+name {
				wrong = append(wrong, fmt.Sprintf("%s is matched with %s", name, value))
			}
		default:
			for one := range strings.SplitSeq(value, "|") {
				if !values[name][one] {
					wrong = append(wrong, fmt.Sprintf("%s is never %s", name, one))
				}
			}
		}
	}
	return wrong
}

func TestTheProvidersDashboard_has_everything_that_is_told(t *testing.T) {
	var all strings.Builder
	for _, q := range load(t, "openmetrics.json").targets() {
		all.WriteString(q.Expr + "\n")
	}
	labels, _ := told(t)
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		if strings.HasSuffix(name, "_sum") || strings.HasSuffix(name, "_count") || name == "ohfp_build_info" {
			continue // beside the buckets of a histogram; one that names brokers
		}
		if !strings.Contains(all.String(), name) {
			t.Errorf("no panel shows %s", name)
		}
	}
}

func TestTheProvidersDashboard_finds_its_variables_in_what_is_told(t *testing.T) {
	d := load(t, "openmetrics.json")
	labels, _ := told(t)
	asked := regexp.MustCompile(`^label_values\((ohfp_[a-z_]+)(?:\{([^}]*)\})?, ([a-z_]+)\)$`)
	for _, v := range d.Templating.List {
		if v.Type != "query" {
			continue
		}
		q, ok := v.Query.(map[string]any)
		if !ok {
			t.Fatalf("%s: %v", v.Name, v.Query)
		}
		m := asked.FindStringSubmatch(fmt.Sprint(q["query"]))
		if m == nil || m[3] != v.Name || !slices.Contains(labels[m[1]], v.Name) {
			t.Errorf("%s: %v", v.Name, q["query"])
			continue
		}
		for _, wrong := range unmatched(m[2], labels[m[1]], nil) {
			t.Errorf("%s: %s", v.Name, wrong)
		}
	}
}
