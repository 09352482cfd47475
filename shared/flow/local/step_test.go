package local_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/flow/local"
	"github.com/openhostfactory/ohfp/shared/op"
)

func endpoint(err error) op.Endpoint {
	return op.Endpoint{Spec: op.Spec{Name: "settle"}, Serve: func(_ context.Context, c op.Call, body []byte) (op.Answer, error) {
		return op.Answer{Status: 200, Body: fmt.Appendf(nil, `{"by": %q, "role": %d, "asked": %s}`, c.Principal, c.Role, body)}, err
	}}
}

func TestAStepIsAnOperationThatTheWorkflowCalls(t *testing.T) {
	step := local.Step(endpoint(nil), slog.New(slog.DiscardHandler))
	got, err := step(t.Context(), []byte(`{"run": 1}`))
	if want := fmt.Sprintf(`{"by": "workflow", "role": %d, "asked": {"run": 1}}`, op.Admin); err != nil || string(got) != want {
		t.Errorf("want %s, got %s, %v", want, got, err)
	}
}

func TestAStepsErrorKeepsItsNameOrIsOursAndLogged(t *testing.T) {
	stopped, stop := context.WithCancel(t.Context())
	stop()
	for name, c := range map[string]struct {
		ctx        context.Context
		err        error
		want, logs string
	}{
		"a word of the workflow":  {t.Context(), fmt.Errorf("recording: %w", &fault.Task{Name: fault.ASLPartial, Cause: "3 of 5"}), "Ohfp.Partial", ""},
		"any other":               {t.Context(), fault.New(fault.NotFound, "no such operation"), "Ohfp.Internal", "level=ERROR"},
		"one that a stop cut off": {stopped, context.Canceled, "Ohfp.Internal", "level=INFO"},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			out, err := local.Step(endpoint(c.err), slog.New(slog.NewTextHandler(&log, nil)))(c.ctx, []byte(`{}`))
			task, ok := errors.AsType[*fault.Task](err)
			if !ok || task.Name != c.want || out != nil {
				t.Fatalf("want %s alone, got %v and %s", c.want, err, out)
			}
			if !strings.Contains(log.String(), c.logs) || (c.logs == "") != (log.Len() == 0) {
				t.Errorf("want %q logged, got %q", c.logs, &log)
			}
			if c.logs != "" && strings.Contains(task.Cause, "no such operation") {
				t.Errorf("the cause tells the detail: %q", task.Cause)
			}
		})
	}
}
