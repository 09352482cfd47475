package catalog_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/host/telemetry"
	"github.com/openhostfactory/ohfp/shared/op"
	"github.com/openhostfactory/ohfp/shared/trace"
)

// told sends a request with somebody listening, and returns what was told: the
// messages with how often, and the lines.
func (s *site) told(name, body string, with ...func(*op.Call)) (map[string]int, string) {
	s.Helper()
	r := trace.New(time.Now, telemetry.Redact)
	c := op.Call{Principal: "ada", Role: op.Admin, RequestID: "r"}
	for _, f := range with {
		f(&c)
	}
	if _, err := s.serve[name].Serve(trace.With(s.Context(), r), c, []byte(body)); err != nil {
		s.Logf("%s: %v", name, err)
	}
	seen, all := map[string]int{}, ""
	for _, l := range r.Close() {
		seen[decode[struct {
			Msg string `json:"msg"`
		}](s, l).Msg]++
		all += string(l) + "\n"
	}
	return seen, all
}

func TestOneOperationTellsItsSnapshotVerdictsTicketAndCalls(t *testing.T) {
	inSite(t, map[string]int{"a": 1, "b": 5}, func(s *site) {
		seen, lines := s.told("executeProviderOperation", create(2, `, "selection_policy": "ROUND_ROBIN"`))
		for what, least := range map[string]int{
			"snapshot": 1, "provider": 2, "verdict": 2, "ticket": 1, "decision": 1, "store call": 10, "driver call": 2, "attempt": 2, "operation": 1,
		} {
			if seen[what] < least {
				s.Errorf("%d lines of %q, want %d or more", seen[what], what, least)
			}
		}
		for _, want := range []string{
			`"msg":"verdict","provider":"a","rank":1`, `"call":"ClaimOperation"`, `"call":"MarkSent"`, `"call":"ApplyLive"`,
			`"scope":"ROUND_ROBIN`, `"msg":"driver call","provider":"a","action":"create"`, `"class":"CAPACITY"`, `"status":"SUCCEEDED"`,
		} {
			if !strings.Contains(lines, want) {
				s.Errorf("%s is not told:\n%s", want, lines)
			}
		}
	})
}

func TestARefusalTellsItsVerdicts(t *testing.T) {
	inSite(t, map[string]int{"a": 1}, func(s *site) {
		seen, lines := s.told("executeProviderOperation", create(1, `, "selection_criteria": {"zones": ["nowhere"]}`))
		if seen["verdict"] != 1 || !strings.Contains(lines, `"rule":"zones"`) {
			s.Errorf("got %s", lines)
		}
	})
}

// TestNothingThatAUserGaveIsTold plants a word in all that a request, a
// template and a registration hold for machines and people only.
func TestNothingThatAUserGaveIsTold(t *testing.T) {
	inSite(t, map[string]int{"a": 5}, func(s *site) {
		const canary = "canary7f3a"
		s.ok(s.call("registerProviderStrategy", strings.Replace(registration("a"), `"provider_type"`,
			`"version": 1, "tags": {"note": "`+canary+`"}, "provider_type"`, 1)))
		s.ok(s.call("registerTemplate", `{"template_id": "secret", "attributes": {"ncpus": 1}, "user_data": "`+canary+`", "tags": {"k": "`+canary+`"}}`))
		body := `{"operation_type": "CREATE_INSTANCES", "selection_policy": "STICKY", "context": {"affinity_key": "` + canary + `", "note": "` + canary + `"},
			"parameters": {"template_id": "secret", "count": 1, "user_data": "` + canary + `", "tags": {"k": "` + canary + `"}}}`
		seen, lines := s.told("executeProviderOperation", body, key(canary))
		if seen["store call"] == 0 || seen["operation"] == 0 {
			s.Fatalf("nothing was told:\n%s", lines)
		}
		if strings.Contains(lines, canary) {
			s.Errorf("it was told:\n%s", lines)
		}
	})
}

func TestAWorkflowThatOutlivesItsAnswerTellsNothingMore(t *testing.T) {
	inSite(t, map[string]int{"a": 5}, func(s *site) {
		r := trace.New(time.Now, nil)
		c := op.Call{Principal: "ada", Role: op.Admin, RequestID: "r", Async: true}
		if _, err := s.serve["executeProviderOperation"].Serve(trace.With(s.Context(), r), c, json.RawMessage(create(1, ""))); err != nil {
			s.Fatal(err)
		}
		n := len(r.Close())
		pass(time.Minute)
		s.equal(n, len(r.Close()))
		s.truth(1)
	})
}
