package promql_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/promql/parser"
	"go.yaml.in/yaml/v2"
)

func read(t *testing.T, file string) []byte {
	t.Helper()
	text, err := os.ReadFile("../../docs/" + file)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// dashboard returns the queries of one, by panel, with Grafana's variables of
// time put in.
func dashboard(t *testing.T) map[string]string {
	t.Helper()
	var d struct {
		Panels []struct {
			Title   string
			Targets []struct{ RefID, Expr string }
		}
	}
	if err := json.Unmarshal(read(t, "grafana/openmetrics.json"), &d); err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, p := range d.Panels {
		for _, q := range p.Targets {
			all["panel "+p.Title+" "+q.RefID] = strings.NewReplacer("$__rate_interval", "5m", "$__range", "6h").Replace(q.Expr)
		}
	}
	return all
}

func rules(t *testing.T) map[string]string {
	t.Helper()
	var f struct {
		Groups []struct {
			Rules []struct{ Alert, Expr string }
		}
	}
	if err := yaml.Unmarshal(read(t, "prometheus-rules.yaml"), &f); err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, g := range f.Groups {
		for _, r := range g.Rules {
			all["alert "+r.Alert] = r.Expr
		}
	}
	return all
}

func TestQueriesParse(t *testing.T) {
	for _, from := range []map[string]string{dashboard(t), rules(t)} {
		if len(from) < 10 {
			t.Errorf("%d queries", len(from))
		}
		for name, q := range from {
			if _, err := parser.ParseExpr(q); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}
