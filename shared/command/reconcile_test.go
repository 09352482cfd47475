package command

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fulfilment"
)

// listing is a ledger whose list of what is due is older than the ledger.
type listing struct {
	port
	dueAt time.Time
	steps int
}

func (*listing) OpenOperations(context.Context, time.Time, int) ([]broker.Operation, error) {
	return []broker.Operation{{ID: "op", Status: broker.OpRunning}}, nil
}

func (l *listing) Ledger(context.Context, string) (broker.Ledger, error) {
	o := broker.Operation{ID: "op", Type: broker.CreateInstances, Status: broker.OpRunning, Wanted: 1, DueAt: l.dueAt, Deadline: l.dueAt.Add(time.Hour)}
	o.Candidates = []broker.Candidate{{Provider: "a", Kind: "static", Spec: &broker.CreateSpec{}}}
	return broker.Ledger{Operation: o, Attempts: fulfilment.First(&o, l.dueAt)}, nil
}

func (l *listing) TakeStep(context.Context, broker.Step) error {
	l.steps++
	return errors.New("noted")
}

// bare is a shelf without templates.
type bare struct{ templates }

type templates = Templates

func (bare) Templates(context.Context, broker.Page) ([]broker.Template, string, error) {
	return nil, "", nil
}

type idle struct{ Flows }

func (idle) Running(string) bool { return false }

// TestReconcile_resumes_what_the_ledger_says_is_due: the list may be old, or
// another broker may have resumed the operation a moment ago. Resumed again,
// it would take the work out of that one's hands.
func TestReconcile_resumes_what_the_ledger_says_is_due(t *testing.T) {
	s := shelf{}
	now := s.service().Now()
	for name, c := range map[string]struct {
		due       time.Duration
		abandoned bool
		steps     int
	}{
		"due now":                         {0, false, 1},
		"due a moment ago":                {-time.Second, false, 1},
		"not due any more":                {time.Second, false, 0},
		"not due, and known as abandoned": {time.Second, true, 1},
	} {
		t.Run(name, func(t *testing.T) {
			l := &listing{dueAt: now.Add(c.due)}
			service := s.service()
			service.Templates = bare{}
			service.Ledger, service.Flows, service.Log = l, idle{}, slog.New(slog.DiscardHandler)
			service.Lag = func(string) time.Duration { return 0 }
			if _, err := service.reconcile(t.Context(), ReconcileInput{Abandoned: c.abandoned}); err != nil {
				t.Fatal(err)
			}
			if l.steps != c.steps {
				t.Errorf("want %d steps, got %d", c.steps, l.steps)
			}
		})
	}
}
