package show_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/cmd/ohfp/internal/show"
)

var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

const providers = `{"providers":[
 {"name":"pool-a","provider_type":"static","enabled":true,"priority":1,"weight":100,"zone":"rack-7","in_flight":0,"health":{"state":"HEALTHY","last_check_time":"2026-05-04T11:59:30.250Z"},"capabilities":{"instances":true,"a":1,"b":2,"c":3,"d":4,"e":5,"f":6}},
 {"name":"aws-west","provider_type":"aws","enabled":false,"priority":12,"weight":100,"health":{"state":"UNKNOWN","last_check_time":"0001-01-01T00:00:00Z"},"tags":{"team":"x"}}],
 "total_count":2,"query_filters":{"filter_healthy_only":false},"warnings":[]}`

const operation = `{"operation_id":"op-1","status":"PARTIAL","provider_name":"pool-a","operation_type":"CREATE_INSTANCES","created_at":"2026-05-03T10:00:00Z",
 "result":{"requested":5,"created":4,"machines":[{"machine_id":"m-1","name":"host-1","provider_name":"pool-a","status":"RUNNING","private_ip":"10.0.0.1"}]},
 "attempts":[{"attempt":1,"provider_name":"pool-a","outcome":"partial","machines":["m-1"],"message":"no\u001b[31m host \u202e left\nat all","duration_ms":12}]}`

const health = `{"providers":{"a":{"state":"HEALTHY","circuit_breaker":{"state":"CLOSED","open_until":null}},"b":{"state":"UNHEALTHY"}},"total_providers":2}`

const measured = `{"providers":{"a":{"provider_name":"a","total_operations":9,"success_rate":88.89,"p95_ms":12.5,"throttled":0,"machines":4,"in_flight":0,"series":[
 {"from":"2026-05-04T10:00:00Z","total_operations":0},{"from":"2026-05-04T11:00:00Z","total_operations":1},{"from":"2026-05-04T12:00:00Z","total_operations":8}]},
 "b":{"provider_name":"b","total_operations":0,"throttled":0,"machines":0,"in_flight":0,"series":[{"from":"2026-05-04T10:00:00Z","total_operations":0}]}},"total_providers":2,"time_range_hours":3}`

const failed = `{"title":"No provider available","attempts":[{"provider_name":"a","outcome":"NONE"}],"operation":{"attempts":[{"provider_name":"a","outcome":"NONE"}],"machines":[{"machine_id":"m"}]}}`

const problem = `{"type":"https://example.org/p","title":"The request is not valid","status":400,"detail":"strategy_name: required; a very long detail that goes on and on for more than the width of the terminal that it is shown on","code":"invalid_request","errors":[{"field":"strategy_name","message":"required"}]}`

func TestPrint_equals_the_reviewed_output(t *testing.T) {
	for name, c := range map[string]struct {
		document string
		options  show.Options
	}{
		"providers_table":  {providers, show.Options{Format: show.Table}},
		"providers_narrow": {providers, show.Options{Format: show.Table, Width: 60}},
		"providers_json":   {providers, show.Options{Format: show.JSON}},
		"providers_yaml":   {providers, show.Options{Format: show.YAML}},
		"operation_table":  {operation, show.Options{Format: show.Table, Width: 120}},
		"operation_color":  {operation, show.Options{Format: show.Table, Width: 120, Color: true}},
		"health_table":     {health, show.Options{Format: show.Table, Width: 100}},
		"metrics_table":    {measured, show.Options{Format: show.Table, Width: 120}},
		"failed_table":     {failed, show.Options{Format: show.Table, Width: 70}},
		"problem_table":    {problem, show.Options{Format: show.Table, Width: 70}},
		"list_table":       {`[{"a":1},{"b":"x"}]`, show.Options{Format: show.Table}},
		"scalar_table":     {`"x"`, show.Options{Format: show.Table}},
		"empty_table":      {`{}`, show.Options{Format: show.Table}},
		"strange_yaml":     {`{"b":"yes","a":"1","n":12345678901234567890,"f":1.50,"t":"2026-01-01T00:00:00Z","s":"- x\n#y","e":"","l":[],"o":{}}`, show.Options{Format: show.YAML}},
	} {
		t.Run(name, func(t *testing.T) {
			var b strings.Builder
			c.options.Now = noon
			if err := show.Print(&b, []byte(c.document), c.options); err != nil {
				t.Fatal(err)
			}
			golden(t, name, b.String())
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".txt")
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("review the change, then run with UPDATE_GOLDEN=1:\n%s", diff)
	}
}

func TestPrint_refuses_what_is_not_one_JSON_document(t *testing.T) {
	for _, format := range show.Formats() {
		for _, document := range []string{"", "<html>", "{} {}", `{"a":`, strings.Repeat("[", 200) + strings.Repeat("]", 200)} {
			if format == show.JSON && strings.HasPrefix(document, "[") {
				continue // deep, but JSON
			}
			var b strings.Builder
			if err := show.Print(&b, []byte(document), show.Options{Format: format, Now: noon}); err == nil || b.Len() > 0 {
				t.Errorf("%s: %.20q: wrote %q, %v", format, document, b.String(), err)
			}
		}
	}
}

func FuzzPrint(f *testing.F) {
	for _, seed := range []string{providers, operation, health, measured, problem, `[]`, `[[{}]]`, `{"":{"":1}}`, `"\u001b[2J"`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		var b strings.Builder
		if show.Print(&b, document, show.Options{Format: show.Table, Width: 80, Now: noon}) != nil {
			return
		}
		if i := strings.IndexFunc(b.String(), func(r rune) bool { return r < ' ' && r != '\n' || r == 0x7f }); i >= 0 {
			t.Fatalf("a control character reached the terminal: %q", b.String())
		}
	})
}

func TestASparklineAddsNeighboursUpUntilItFits(t *testing.T) {
	points := make([]string, 72)
	for i := range points {
		points[i] = `{"from":"2026-05-04T10:00:00Z","total_operations":1}`
	}
	points[71] = `{"from":"2026-05-04T10:00:00Z","total_operations":5}`
	points[2] = `{"from":"2026-05-04T10:00:00Z","total_operations":0}`
	var b strings.Builder
	if err := show.Print(&b, []byte(`{"series":[`+strings.Join(points, ",")+`]}`), show.Options{Format: show.Table, Now: noon}); err != nil {
		t.Fatal(err)
	}
	// 72 points are 24 steps of three: 2, then 3 each, and 7 at last.
	want := "series  ▃" + strings.Repeat("▄", 22) + "█\n"
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
}
