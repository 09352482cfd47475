package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/selection"
)

func TestExplain_has_words_for_every_rule(t *testing.T) {
	for r := selection.LowerTier; r <= selection.SuccessTooLow; r++ {
		if ruleMeans[r.String()] == "" || eligible[r.String()] != r.Eligible() {
			t.Errorf("%s: %q, eligible: %v", r, ruleMeans[r.String()], eligible[r.String()])
		}
	}
	if got, want := len(ruleMeans), int(selection.SuccessTooLow)+1; got != want {
		t.Errorf("%d rules have words, there are %d", got, want)
	}
}

const selectionAnswer = `{"selected_strategy":"pool-a","selection_reason":"pool-a has the best priority, 0","confidence_score":0.98,"policy":"FIRST_AVAILABLE","snapshot_version":"4c1f",
 "alternatives":["pool-b"],"warnings":["exclude_strategies: \"x\" is not registered"],"candidates":[
 {"provider_name":"pool-a","rank":1,"data_age_ms":3200},
 {"provider_name":"pool-b","rank":2,"rule":"lower_tier","data_age_ms":250},
 {"provider_name":"cloud","rule":"driver_absent","value":"aws","detail":"this broker has no driver for providers of this kind"},
 {"provider_name":"slow","rule":"max_response_time_ms","value":"5200","threshold":"3000","data_age_ms":7200000},
 {"provider_name":"spare","rule":"lower_tier","data_age_ms":180000,"detail":"no\u001b[31m calls"}]}`

const explainedSelection = `why: pool-a has the best priority, 0
policy FIRST_AVAILABLE, confidence 0.98, snapshot 4c1f
warning: exclude_strategies: "x" is not registered

PROVIDER  RANK      RULE                  VALUE  THRESHOLD  DATA AGE  NOTE
pool-a    1                                                 3 s
pool-b    2         lower_tier                              250 ms
cloud     refused   driver_absent         aws                         this broker has no driver for providers of this kind
slow      refused   max_response_time_ms  5200   3000       2 h       it answers more slowly, in ms
spare     eligible  lower_tier                              3 min     no[31m calls
`

func explains(t *testing.T, b *fakeBroker, args ...string) result {
	t.Helper()
	return shell{real: true, env: map[string]string{"OHFP_ENDPOINT": b.URL}}.run(t, args...)
}

func TestExplain_is_a_table_of_text(t *testing.T) {
	ask := []string{"selectProviderStrategy", "--operation-type", "CREATE_INSTANCES", "--explain"}
	r := explains(t, newBroker(t, reply{status: 200, body: selectionAnswer}), ask...)
	if d := cmp.Diff(explainedSelection, r.stdout); r.exit != 0 || d != "" {
		t.Errorf("exit %d\n%s", r.exit, d)
	}
	if r := explains(t, newBroker(t, reply{status: 200, body: selectionAnswer}), append(ask, "--format", "json")...); !strings.HasPrefix(r.stdout, "{") {
		t.Errorf("%+v", r)
	}
}

func TestExplain_reads_the_decision_of_an_execution(t *testing.T) {
	const operation = `"operation_id":"op-1","selection":{"policy":"RANDOM","reason":"drawn","ranked":["a"]},"attempts":[{"provider_name":"a","outcome":"CONFIRMED","count":2,"machines":1,"duration_ms":12,"message":"one is full"}]`
	decision := reply{status: 200, body: `{"operation_id":"op-1","status":"SUCCEEDED","decision":{"policy":"RANDOM","ticket":7,"snapshot_version":"4c","verdicts":[{"provider_name":"a","rank":1},{"provider_name":"b","rule":"excluded"}]}}`}
	for name, c := range map[string]struct {
		answer reply
		exit   int
		head   string
	}{
		"that succeeded": {reply{status: 200, body: `{"status":"SUCCEEDED",` + operation + `}`}, 0, "operation op-1 SUCCEEDED\n"},
		"that failed":    {reply{status: 502, body: `{"code":"provider_failed","detail":"all failed","status":502,` + operation + `}`}, 1, "provider_failed: all failed\noperation op-1\n"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBroker(t, c.answer, decision)
			r := explains(t, b, "executeProviderOperation", "--operation-type", "HEALTH_CHECK", "--explain")
			want := c.head + `why: drawn
policy RANDOM, ticket 7, snapshot 4c

PROVIDER  RANK     RULE      NOTE
a         1
b         refused  excluded  named by exclude_strategies

ATTEMPT  PROVIDER  OUTCOME    MACHINES  TOOK   NOTE
1        a         CONFIRMED  1 of 2    12 ms  one is full
`
			if d := cmp.Diff(want, r.stdout); r.exit != c.exit || d != "" {
				t.Errorf("exit %d\n%s", r.exit, d)
			}
			if got := b.calls()[1].body; got != `{"operation_id":"op-1","include_decision":true}` {
				t.Errorf("asked %s", got)
			}
		})
	}
}

func TestExplain_keeps_an_answer_whose_decision_cannot_be_read(t *testing.T) {
	b := newBroker(t, reply{status: 200, body: `{"operation_id":"op-1","status":"SUCCEEDED","attempts":[]}`}, reply{status: 503, body: `{"code":"store_unavailable","detail":"no disk"}`})
	r := explains(t, b, "executeProviderOperation", "--operation-type", "HEALTH_CHECK", "--explain")
	if want := "operation op-1 SUCCEEDED\nwarning: the decision could not be read: no disk\n"; r.exit != 0 || r.stdout != want {
		t.Errorf("%+v", r)
	}
}

func TestExplain_tells_why_nobody_was_chosen(t *testing.T) {
	b := newBroker(t, reply{status: 503, body: `{"code":"no_provider_available","detail":"no provider is eligible (a: draining)","candidates":[{"provider_name":"a","rule":"draining"}]}`})
	r := explains(t, b, "executeProviderOperation", "--operation-type", "HEALTH_CHECK", "--explain")
	want := "no_provider_available: no provider is eligible (a: draining)\n\nPROVIDER  RANK     RULE      NOTE\na         refused  draining  being taken out\n"
	if r.exit != 1 || r.stdout != want || len(b.calls()) != 1 {
		t.Errorf("%+v", r)
	}
}

func TestExplain_asks_getOperation_for_the_decision(t *testing.T) {
	b := newBroker(t, reply{status: 200, body: `{"operation_id":"op-1","status":"SUCCEEDED"}`})
	explains(t, b, "getOperation", "--operation-id", "op-1", "--explain")
	if got := b.calls()[0].body; !strings.Contains(got, `"include_decision":true`) {
		t.Errorf("asked %s", got)
	}
	if r := explains(t, b, "getOperation", "--data", `{"operation_id":"op-1","include_decision":false}`, "--explain"); r.exit != 2 {
		t.Errorf("%+v", r)
	}
}
