package openmetrics_test

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/metrics"
	"github.com/openhostfactory/ohfp/shared/store/storetest"
)

var name = regexp.MustCompile(`\bohfp_[a-z_]+`)

// everything is what an exporter tells that has something of everything.
func everything(t *testing.T) string {
	t.Helper()
	m := &fleet{Memory: storetest.NewMemory(now), machines: map[string][]broker.Machine{"a": {{ID: "m", PricePerHour: new(float64)}}}}
	if _, err := m.PutProvider(t.Context(), broker.Registration{Name: "a"}); err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{
		second(m.RecordHealth(t.Context(), "a", broker.Health{State: broker.Healthy, CheckedAt: now()})),
		m.PutDigest(t.Context(), "a", broker.Digest{At: now(), Measured: map[string]broker.Measured{broker.ClassRead: {At: now()}}}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	x := exporter(t, m, now)
	for _, v := range []metrics.Event{{Ended: now(), Operation: "X", Machines: 1}, {Ended: now(), Operation: "X", Class: fault.Throttle}} {
		row := v.Delta()
		if err := x.Counting(m).AddMetric(t.Context(), row.Stored("a")); err != nil {
			t.Fatal(err)
		}
	}
	x.Stepped(&broker.Step{Tells: []broker.Event{broker.FailoverEvent(&broker.Operation{}, &broker.Attempt{Provider: "a"}, &broker.Attempt{Provider: "b"})}})
	_, body, err := x.Write(http.Header{})
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", file))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestRules_ask_for_what_is_told(t *testing.T) {
	var file struct {
		Groups []struct {
			Name  string
			Rules []struct {
				Alert, Expr, For    string
				Labels, Annotations map[string]string
			}
		}
	}
	if err := yaml.UnmarshalWithOptions(read(t, "prometheus-rules.yaml"), &file, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	all, alerts := everything(t), 0
	for _, g := range file.Groups {
		for _, r := range g.Rules {
			alerts++
			for _, n := range name.FindAllString(r.Expr, -1) {
				if !strings.Contains(all, "\n"+n+"{") && !strings.Contains(all, "\n"+n+" ") {
					t.Errorf("%s asks for %s, which is not told", r.Alert, n)
				}
			}
			for _, class := range regexp.MustCompile(`class!?~?="([A-Z_|]+)"`).FindAllStringSubmatch(r.Expr, -1) {
				for one := range strings.SplitSeq(class[1], "|") {
					if fault.Class(one).Rule().ASL == "" {
						t.Errorf("%s names %s, which is no class", r.Alert, one)
					}
				}
			}
			if r.Annotations["summary"] == "" || r.Annotations["description"] == "" || r.Labels["severity"] == "" {
				t.Errorf("%s does not say what it is about", r.Alert)
			}
		}
	}
	if alerts < 8 {
		t.Errorf("%d alerts", alerts)
	}
}

func TestThePageAboutMonitoring_names_what_is_told(t *testing.T) {
	page, all := string(read(t, "monitoring.md")), everything(t)
	for _, line := range regexp.MustCompile(`(?m)^# TYPE (ohfp_[a-z_]+) (\w+)$`).FindAllStringSubmatch(all, -1) {
		want := line[1]
		if line[2] == "counter" {
			want += "_total"
		}
		if !strings.Contains(page, "`"+want+"`") {
			t.Errorf("%s is not on the page", want)
		}
	}
	for _, n := range regexp.MustCompile("`(ohfp_[a-z_]+)`").FindAllStringSubmatch(page, -1) {
		if !strings.Contains(all, "\n"+n[1]) {
			t.Errorf("%s is on the page and not told", n[1])
		}
	}
}
