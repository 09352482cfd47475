package command

import (
	"context"
	"fmt"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/fulfilment"
	"github.com/openhostfactory/ohfp/shared/op"
)

// Reconcile finds what nobody is working on and puts it back to work.
var Reconcile = op.Define(op.Spec{
	Name: "reconcile", Kind: op.Schedule, Timeout: 60 * time.Second,
	Summary: "Resume operations whose workflow is gone, see to requests that have ended, sum up what was measured, and remove drained providers",
}, Service.reconcile)

// ReconcileInput says how much to look at.
type ReconcileInput struct {
	Abandoned bool `json:"abandoned,omitempty" doc:"Every open operation is known to be abandoned: a broker alone on its store has just started."`
}

// Reconciled says what was done.
type Reconciled struct {
	Resumed int  `json:"resumed"`
	Removed int  `json:"removed"`
	More    bool `json:"more"` // there may be more that is due
}

// How many operations one call resumes at most: a page of the schedule, and
// all that a process which has died can have had in its hands.
const reconcileBatch, reconcileAll = 100, 10_000

// everDue is so far ahead that every open operation is due by then.
const everDue = 100 * 365 * 24 * time.Hour

// reconcile only decides and starts workflows; what has to be done at a
// provider is done by their workers. One that cannot be resumed does not keep
// the others from it.
func (s Service) reconcile(ctx context.Context, in ReconcileInput) (Reconciled, error) {
	due, limit := s.Now(), reconcileBatch
	if in.Abandoned {
		due, limit = due.Add(everDue), reconcileAll
	}
	open, err := s.Ledger.OpenOperations(ctx, due, limit)
	if err != nil {
		return Reconciled{}, fmt.Errorf("reading open operations: %w", err)
	}
	rules := s.rules()
	rules.Dead = in.Abandoned
	var out Reconciled
	for i := range open {
		resumed, err := s.lookAfter(ctx, &open[i], rules)
		if err != nil {
			s.Log.ErrorContext(ctx, "resuming an operation failed", "operation_id", open[i].ID, "error", err)
			continue
		}
		if resumed {
			out.Resumed++
		}
	}
	out.More = len(open) == reconcileBatch && out.Resumed > 0 && !in.Abandoned
	return s.tidy(ctx, out)
}

// lookAfter does for an operation that is due what there is to do. It reports
// whether its workflow runs again.
func (s Service) lookAfter(ctx context.Context, o *broker.Operation, rules fulfilment.Rules) (bool, error) {
	if !o.Status.Open() {
		return false, s.tidyRequest(ctx, o.ID)
	}
	if err := s.takeBack(ctx, o); err != nil {
		return false, err
	}
	return s.resume(ctx, o.ID, rules)
}

// tidy does the rest of a tick, by what the registry says now.
func (s Service) tidy(ctx context.Context, out Reconciled) (Reconciled, error) {
	snap, err := s.Registry.FreshSnapshot(ctx)
	if err != nil {
		return out, fmt.Errorf("reading the registry: %w", err)
	}
	s.measure(ctx, &snap)
	out.Removed, err = s.removeDrained(ctx, &snap)
	return out, err
}

// resume takes an operation over from a workflow that is gone. Workers that
// may still live are fenced off by a new run. The list may have been a little
// old, and another broker may have resumed it since: the ledger says whether
// it is due.
func (s Service) resume(ctx context.Context, id string, rules fulfilment.Rules) (bool, error) {
	if s.Flows.Running(id) {
		return false, nil
	}
	d, err := s.decide(ctx, id, func(l broker.Ledger) fulfilment.Decision {
		if !rules.Dead && l.Operation.DueAt.After(s.Now()) {
			return fulfilment.Decision{Verdict: fulfilment.Done}
		}
		d := fulfilment.Resume(l, rules, s.Now())
		if d.Wait > 0 { // its time is not yet: the next tick finds it
			d.Step.Operation.DueAt = fulfilment.Later(&l.Operation, s.Now(), d.Wait)
		}
		return d
	})
	if err != nil || d.Attempt.N == 0 || d.Wait > 0 {
		return false, err
	}
	o := d.Step.Operation
	s.Log.InfoContext(ctx, "resuming", "operation_id", id, "attempt", d.Attempt.N, "run", d.Attempt.Run, "action", d.Action, "resume", o.Resumes)
	if err := s.start(ctx, &o, d); err != nil {
		return false, err
	}
	return true, nil
}

// removeDrained removes providers that were drained and that nothing holds any
// more.
func (s Service) removeDrained(ctx context.Context, snap *broker.Snapshot) (int, error) {
	removed := 0
	for _, p := range snap.Providers {
		if !p.Draining {
			continue
		}
		u, err := s.use(ctx, p.Name)
		if err != nil {
			return removed, err
		}
		if !u.idle() {
			continue
		}
		switch err := s.removeAsAsked(ctx, &p); {
		case err == nil:
			removed++
		case !fault.Is(err, fault.Conflict) && !fault.Is(err, fault.NotFound):
			return removed, err
		}
	}
	return removed, nil
}

// removeAsAsked removes a provider for whoever has marked it. conflict when it
// was changed since it was found idle.
func (s Service) removeAsAsked(ctx context.Context, p *broker.ProviderView) error {
	r, err := s.Registry.Provider(ctx, p.Name)
	if err != nil {
		return fmt.Errorf("reading provider %q: %w", p.Name, err)
	}
	by := r.Actor
	by.Operation = deregistering
	return s.remove(ctx, broker.Registration{Name: p.Name, Version: p.Version}, by)
}
