package op_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/op"
)

func TestProblem_renders_each_member_in_order(t *testing.T) {
	err := &fault.Error{
		Code: fault.NoProviderAvailable, Detail: "a < b", Fields: []fault.Field{{Field: "zones[0]", Message: "unknown"}},
		RetryAfter: 1500 * time.Millisecond, OperationID: "op-1", Err: errors.New("secret"),
		Extra: map[string]any{"candidates": []string{"x"}, "attempts": 2, "status": 200, "code": "mine"},
	}
	status, got := op.Problem(err, "/v1/commands/x", "r1")
	want := `{"type":"https://openhostfactory.github.io/ohfp/problems/no_provider_available","title":"No provider available",` +
		`"status":503,"detail":"a < b","instance":"/v1/commands/x","code":"no_provider_available",` +
		`"errors":[{"field":"zones[0]","message":"unknown"}],"operation_id":"op-1","retry_after_seconds":2,"attempts":2,"candidates":["x"]}`
	if diff := cmp.Diff(want, string(got)); diff != "" || status != 503 {
		t.Errorf("%d %s", status, diff)
	}
}

func TestProblem_lets_nothing_internal_out(t *testing.T) {
	for name, err := range map[string]error{
		"a foreign error": errors.New("secret"),
		"an internal one": &fault.Error{Code: fault.Internal, Detail: "secret", Extra: map[string]any{"x": "secret"}, Fields: []fault.Field{{Field: "secret"}}},
		"an unknown code": &fault.Error{Code: "secret", Detail: "secret"},
		"no error":        nil,
	} {
		status, body := op.Problem(err, "/v1/x", "req-7")
		if status != 500 || strings.Contains(string(body), "secret") || !strings.Contains(string(body), "request id req-7") ||
			!strings.Contains(string(body), `"code":"internal"`) {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
}

func TestProblem_says_the_title_when_there_is_no_detail(t *testing.T) {
	_, body := op.Problem(&fault.Error{Code: fault.Frozen}, "", "r")
	if !strings.Contains(string(body), `"detail":"The broker is frozen."`) || strings.Contains(string(body), "instance") {
		t.Errorf("got %s", body)
	}
}

func TestProblem_does_without_an_extra_member_that_cannot_be_encoded(t *testing.T) {
	status, body := op.Problem(&fault.Error{Code: fault.Conflict, Detail: "d", Extra: map[string]any{"f": func() {}}}, "/i", "r")
	want := `{"type":"https://openhostfactory.github.io/ohfp/problems/conflict","title":"In conflict with the current state","status":409,"detail":"d","instance":"/i","code":"conflict"}`
	if status != 409 || string(body) != want {
		t.Errorf("got %d %s", status, body)
	}
}
