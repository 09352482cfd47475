package lambdahost_test

import (
	"strings"
	"testing"
)

// A name that begins with "Ohfp." tells the ledger that the worker has recorded
// what happened, Ohfp.Internal alone does not. So no error but a step's own
// [fault.Task] may have such a name.
func TestAStateMachineSeesOfAnErrorWhatTheStepSays(t *testing.T) {
	tests := []struct {
		name, payload, want, message string
	}{
		{"a task's error keeps its name", `{"animal":"tiger"}`, "Ohfp.Capacity", "the tiger ate it all"},
		{"a provider's error that no step recorded is internal", `{"animal":"crow"}`, "Ohfp.Internal", "inv-1"},
		{"what nobody foresaw is internal", `{"animal":"ghost"}`, "Ohfp.Internal", "inv-1"},
		{"so is a panic", `{"animal":"lion"}`, "Ohfp.Internal", "inv-1"},
		{"a payload of another shape says what is wrong", `{"Records":[]}`, "Ohfp.Internal", "invalid_request: Records"},
		{"so does what is not an object", `[1]`, "Ohfp.Internal", "invalid_request"},
		{"and what is not JSON", `{`, "Ohfp.Internal", "invalid_request"},
		{"and what is not UTF-8", "{\"animal\":\"\xff\"}", "Ohfp.Internal", "UTF-8"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			h, _ := hosting(step)
			_, err := h.Invoke(inLambda(t), []byte(tc.payload))
			e := typedError(t, err)
			if e.Type != tc.want || !strings.Contains(e.Message, tc.message) {
				t.Errorf("%s: %s", e.Type, e.Message)
			}
			if strings.Contains(e.Message, secretCause) || len(e.StackTrace) > 0 {
				t.Errorf("internal text left: %+v", e)
			}
		})
	}
}

func TestAFailedStepIsLoggedOnceWithItsCause(t *testing.T) {
	h, log := hosting(step)
	_, err := h.Invoke(inLambda(t), []byte(`{"animal":"ghost"}`))
	if e := typedError(t, err); strings.Contains(e.Message, secretCause) {
		t.Errorf("the cause left: %s", e.Message)
	}
	if got := strings.Count(log.String(), secretCause); got != 1 {
		t.Errorf("the cause is in the log %d times:\n%s", got, log)
	}
}

func TestATasksErrorIsNoFailureInTheLog(t *testing.T) {
	h, log := hosting(step)
	_, err := h.Invoke(inLambda(t), []byte(`{"animal":"tiger"}`))
	if e := typedError(t, err); e.Type != "Ohfp.Capacity" {
		t.Errorf("type = %q", e.Type)
	}
	if strings.Contains(log.String(), "ERROR") || !strings.Contains(log.String(), `"error_type":"Ohfp.Capacity"`) {
		t.Errorf("%s", log)
	}
}

func TestACommandAnswersRequestsOnly(t *testing.T) {
	h, _ := hosting(feed)
	for _, payload := range []string{`{"animal":"bear"}`, `{"version":"2.0","requestContext":{"http":{}}}`, `{"requestContext":3}`, `null`} {
		_, err := h.Invoke(inLambda(t), []byte(payload))
		if e := typedError(t, err); e.Type != "Ohfp.Internal" || !strings.Contains(e.Message, "API Gateway") {
			t.Errorf("%s: %+v", payload, e)
		}
	}
}

func TestAStepHasNoRoute(t *testing.T) {
	h, _ := hosting(step)
	if a := ask(t, h, "POST", "/v1/commands/step", `{"animal":"bear"}`); a.StatusCode != 404 {
		t.Errorf("%d %s", a.StatusCode, a.Body)
	}
}

func TestAnAnswerThatIsTooLargeForAStepIsAnError(t *testing.T) {
	h := quiet(hoard)
	_, err := h.Invoke(inLambda(t), []byte(`{}`))
	if e := typedError(t, err); !strings.Contains(e.Message, "6291456") {
		t.Errorf("%+v", e)
	}
}

func TestWhateverFailsAStepIsLoggedOnceAsAnError(t *testing.T) {
	for _, payload := range []string{`{"animal":"ghost"}`, `{"animal":"lion"}`, `{"animal":"crow"}`, `{"Records":[]}`, `[1]`, "{\"animal\":\"\xff\"}"} {
		h, log := hosting(step)
		if _, err := h.Invoke(inLambda(t), []byte(payload)); err == nil {
			t.Errorf("%s: it did not fail", payload)
		}
		if got := strings.Count(log.String(), `"level":"ERROR"`); got != 1 {
			t.Errorf("%s: %d errors in the log:\n%s", payload, got, log)
		}
	}
}
