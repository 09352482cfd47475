package dispatch

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/fulfilment"
)

// adopt records a machine: through the attempt that made it when its operation
// waits for it, by itself when the broker recovers. It reports whether the
// machine is recorded then.
func (q *search) adopt(ctx context.Context, s fulfilment.Sighting, there []broker.Machine, settled map[string]bool) (bool, error) {
	if s.Ledger != nil && s.Ledger.Operation.Status.Open() {
		return q.settle(ctx, s, there, settled)
	}
	if !q.may(broker.SweepAdopts) {
		return false, nil
	}
	m := s.Machine
	m.Provider, m.UpdatedAt, m.Message = q.provider.Name, q.Now(), "found without a record while the broker recovered"
	adopted, err := q.Machines.AdoptMachine(ctx, m)
	if err != nil {
		return false, fmt.Errorf("adopting %q: %w", m.ID, err)
	}
	q.told.Adopted++
	return adopted, nil
}

// settle has an attempt whose outcome has been unknown for long learn of its
// machines, as a look-up of its own would.
func (q *search) settle(ctx context.Context, s fulfilment.Sighting, there []broker.Machine, settled map[string]bool) (bool, error) {
	key := fmt.Sprintf("%s/%d", s.Machine.OperationID, s.Machine.Attempt)
	if done, ok := settled[key]; ok || !q.may(broker.SweepActs, broker.SweepAdopts) {
		return done, nil
	}
	l := *s.Ledger
	l.Attempts = slices.Clone(l.Attempts)
	before := *l.Attempt(s.Machine.Attempt)
	machines := ofAttempt(there, l.Operation.ID, &before)
	after := fulfilment.Lookup(before, machines, nil, q.lag, q.began)
	settled[key] = after.State == broker.Confirmed
	j := &job{
		work: fulfilment.Work{OperationID: l.Operation.ID, Attempt: before.N, Run: before.Run}, ledger: l, before: before,
		seen: broker.Fenced{Attempt: before, SeenRun: before.Run, SeenState: before.State},
	}
	_, err := q.record(ctx, j, after)
	if recorded(err) {
		q.measure(context.WithoutCancel(ctx), j, &ending{attempt: after})
	}
	if t, named := errors.AsType[*fault.Task](err); named {
		if t.Name == fault.ASLSuperseded {
			settled[key] = false // another has the attempt
		}
		err = nil
	}
	if settled[key] && err == nil {
		q.told.Adopted += len(machines)
	}
	return settled[key], err
}

// ofAttempt picks the machines of an attempt; more than it asked for are not its
// own, and are strays once it is settled.
func ofAttempt(there []broker.Machine, operation string, a *broker.Attempt) (own []broker.Machine) {
	for _, m := range there {
		if m.OperationID == operation && m.Attempt == a.N && a.Worth(own) < a.Count {
			own = append(own, m)
		}
	}
	return own
}

// doomed is a machine that is to be terminated, and why.
type doomed struct {
	broker.Machine
	why string
}

// end terminates machines that nobody waits for, and records what is gone. A
// death in between costs the record, never the termination.
func (q *search) end(ctx context.Context, all []doomed) error {
	if len(all) == 0 {
		return nil
	}
	ids := make([]string, len(all))
	for i := range all {
		ids[i] = all[i].ID
	}
	results, err := safely(ctx, q.Service, func() ([]broker.MachineResult, error) { return q.driver.Terminate(ctx, ids) })
	if err != nil {
		return err //nolint:wrapcheck // a driver's errors say all
	}
	for i, r := range results {
		m := all[i].Machine
		if !r.Terminated {
			q.tell(ctx, m, broker.StrayTerminate, r.Message, false)
			continue
		}
		q.told.Terminated++
		q.tell(ctx, m, broker.StrayTerminate, all[i].why, true)
		m.Provider, m.Status, m.UpdatedAt = q.provider.Name, broker.MachineTerminated, q.Now()
		m.Message = "terminated by the sweeper: " + all[i].why
		if _, err := q.Machines.AdoptMachine(context.WithoutCancel(ctx), m); err != nil {
			return fmt.Errorf("recording %q: %w", m.ID, err)
		}
	}
	return nil
}

// missing are recorded machines that the provider does not show.
func (q *search) missing(ctx context.Context, there []broker.Machine) ([]broker.Machine, error) {
	owned, err := q.Machines.OwnedMachines(ctx, q.provider.Name, mostOwned)
	if err != nil {
		return nil, fmt.Errorf("reading the machines of %q: %w", q.provider.Name, err)
	}
	shown := map[string]bool{}
	for _, m := range there {
		shown[m.ID] = true
	}
	missing := slices.DeleteFunc(owned, func(m broker.Machine) bool { return shown[m.ID] || !fulfilment.Missing(&m, nil, q.Now()) })
	return missing[:min(len(missing), mostMissing)], nil
}

// gone looks at recorded machines that the provider does not show. What is
// open is read after they were asked about: who ends one of them either is
// still at it then, or has recorded it.
func (q *search) gone(ctx context.Context, there []broker.Machine) error {
	missing, err := q.missing(ctx, there)
	if err != nil || len(missing) == 0 {
		return err
	}
	now, err := safely(ctx, q.Service, func() ([]broker.Machine, error) { return q.driver.Status(ctx, idsOf(missing)) })
	if err != nil {
		return err //nolint:wrapcheck // a driver's errors say all
	}
	open, err := q.Open.OpenOperations(ctx, q.Now().AddDate(100, 0, 0), mostOpen)
	if err != nil {
		return fmt.Errorf("reading open operations: %w", err)
	}
	for i, m := range missing {
		if now[i].Status.Final() && fulfilment.Missing(&m, open, q.Now()) {
			if err := q.lose(ctx, m, now[i].Message); err != nil {
				return err
			}
		}
	}
	return nil
}

// lose notes that a machine is gone: LOST, unless it was on its way out by
// itself and not taken by its provider.
func (q *search) lose(ctx context.Context, m broker.Machine, why string) error {
	if why == "" {
		why = "the provider does not show it any more"
	}
	if !q.may(broker.SweepReports, broker.SweepActs, broker.SweepAdopts) {
		q.tell(ctx, m, broker.StrayLost, why, false)
		return nil
	}
	n := broker.MachineNote{Status: broker.MachineLost, Message: why, At: q.Now()}
	if m.Status == broker.MachineStopping && m.ReclaimAt.IsZero() {
		n.Status = broker.MachineTerminated
	}
	if _, err := q.Machines.NoteMachine(ctx, m.ID, n); err != nil && !fault.Is(err, fault.NotFound) {
		return fmt.Errorf("noting %q: %w", m.ID, err)
	}
	q.told.Lost++
	q.tell(ctx, m, broker.StrayLost, why, true)
	return nil
}
