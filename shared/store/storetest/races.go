package storetest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// racers is how many goroutines race for one row.
const racers = 16

// errLost is what a racer returns who lost without an error of the store.
var errLost = errors.New("another was first")

// race runs do in all racers at once and returns what each got.
func race(do func(i int) error) []error {
	errs := make([]error, racers)
	gate := make(chan struct{})
	var wg sync.WaitGroup
	for i := range racers {
		wg.Go(func() {
			<-gate
			errs[i] = do(i)
		})
	}
	close(gate)
	wg.Wait()
	return errs
}

// oneWins fails unless exactly one racer had no error and all others lost
// with a conflict or [errLost]. It returns who won.
func (f *fixture) oneWins(errs []error) int {
	f.Helper()
	winner := -1
	for i, err := range errs {
		_, conflict := errors.AsType[*broker.Conflict](err)
		switch {
		case err == nil && winner < 0:
			winner = i
		case err == nil:
			f.Errorf("racers %d and %d both won", winner, i)
		case !conflict && !errors.Is(err, errLost):
			f.Errorf("racer %d lost with: %v", i, err)
		}
	}
	if winner < 0 {
		f.Fatal("nobody won")
	}
	return winner
}

func testRaces(t *testing.T, open Open) {
	for _, c := range []struct {
		name string
		run  func(*fixture)
	}{
		{"one registers a provider", raceProvider},
		{"one configures the broker", raceConfig},
		{"one claims an operation with a key", raceClaimSameKey},
		{"one claims an operation's id", raceClaimSameID},
		{"one sends an attempt", raceSend},
		{"one of a step and an outcome holds", raceStepOutcome},
		{"one closes an operation", raceClose},
		{"a machine that ends stays ended, whoever else writes it", raceMachine},
		{"of many notes about a machine the last one stands", raceNotes},
		{"one takes a lease", raceLease},
		{"one claims a check", raceCheck},
		{"one claims a key", raceKey},
		{"one takes the permit of a probe", raceProbe},
		{"tickets are distinct and without gaps", raceTickets},
		{"calls in flight return to none", raceInFlight},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(newFixture(t, open)) })
	}
}

func raceProvider(f *fixture) {
	for version := range int64(3) {
		winner := f.oneWins(race(func(i int) error {
			r := registration("pool-a")
			r.Version, r.Priority = version, i
			_, err := f.PutProvider(f.Context(), r)
			return err
		}))
		got := must[broker.Registration](f)(f.Provider(f.Context(), "pool-a"))
		f.same(winner, got.Priority)
		f.same(version+1, got.Version)
	}
}

func raceClaimSameKey(f *fixture) {
	winner := f.oneWins(race(func(i int) error {
		c := claim(operation(fmt.Sprintf("op-%d", i), start), attempt(1))
		c.Key = new(keyRecord(aKey))
		c.Key.OperationID = c.Operation.ID
		return f.ClaimOperation(f.Context(), c)
	}))
	f.same([]string{fmt.Sprintf("op-%d", winner)}, f.ids(f.all(broker.OperationFilter{}, 100, "")))
	f.same(fmt.Sprintf("op-%d", winner), f.record(aKey, start).OperationID)
}

func raceClaimSameID(f *fixture) {
	winner := f.oneWins(race(func(i int) error {
		o := operation("op-1", start)
		o.Wanted = i
		return f.ClaimOperation(f.Context(), claim(o, attempt(i+1)))
	}))
	got := f.ledger("op-1")
	f.same(winner, got.Operation.Wanted)
	f.same([]broker.Attempt{attempt(winner + 1)}, got.Attempts)
}

func raceSend(f *fixture) {
	f.claimed("op-1")
	winner := f.oneWins(race(func(i int) error {
		return f.MarkSent(f.Context(), "op-1", sending(attempt(1), 1, at(time.Duration(i)*time.Second)))
	}))
	f.same(at(time.Duration(winner)*time.Second), f.ledger("op-1").Attempts[0].SentAt)
}

// raceStepOutcome lets half of the racers hand the attempt to another run, and
// half record its outcome: whoever is first, the others' fence is gone.
func raceStepOutcome(f *fixture) {
	o, a := f.claimed("op-1")
	winner := f.oneWins(race(func(i int) error {
		if i%2 == 0 {
			return f.RecordOutcome(f.Context(), outcome("op-1", a, 1, broker.Intent))
		}
		handed := a
		handed.Run = 2
		return f.TakeStep(f.Context(), broker.Step{
			Operation: o, Changed: []broker.Fenced{{Attempt: handed, SeenRun: 1, SeenState: broker.Intent}},
		})
	}))
	got := f.ledger("op-1")
	f.same([]int{1, 2}[winner%2], got.Attempts[0].Run)
	f.same(int64(winner%2), got.Operation.Version)
}

func raceClose(f *fixture) {
	o := operation("op-1", start)
	var attempts []broker.Attempt
	for n := range racers {
		attempts = append(attempts, attempt(n+1))
	}
	f.ok(f.ClaimOperation(f.Context(), claim(o, attempts...)))
	winner := f.oneWins(race(func(i int) error {
		out := outcome("op-1", attempts[i], 1, broker.Intent)
		closed := o
		closed.Status, closed.Message = broker.OpSucceeded, fmt.Sprint(i)
		out.Closed = &closed
		return f.RecordOutcome(f.Context(), out)
	}))
	got := f.ledger("op-1")
	f.same(fmt.Sprint(winner), got.Operation.Message)
	for i, a := range got.Attempts {
		f.same(map[bool]broker.AttemptState{true: broker.Confirmed, false: broker.Intent}[i == winner], a.State)
	}
}

// raceMachine lets one racer end a machine and all others say that it runs,
// some of them under another name.
func raceMachine(f *fixture) {
	for round := range 3 {
		id := fmt.Sprintf("m-%d", round)
		var outs []broker.Outcome
		for i := range racers {
			o, a := f.claimed(fmt.Sprintf("op-%d-%d", round, i))
			m := machine(id, "pool-a", broker.MachineRunning)
			m.Name = fmt.Sprintf("name-%d", i%3)
			if i == round {
				m.Status = broker.MachineTerminated
			}
			out := outcome(o.ID, a, 1, broker.Intent)
			out.Machines = []broker.Machine{m}
			outs = append(outs, out)
		}
		for _, err := range race(func(i int) error { return f.RecordOutcome(f.Context(), outs[i]) }) {
			f.ok(err)
		}
		f.same(outs[round].Machines, f.machines(id))
		f.same(0, len(f.owned("pool-a", 10)))
	}
}

// raceNotes lets every racer say something of another moment, and one, in the
// second round, that the machine has ended.
func raceNotes(f *fixture) {
	f.recordMachines("op-1", machine("m-1", "pool-a", broker.MachinePending))
	between := []broker.MachineStatus{broker.MachineRunning, broker.MachineStopped}
	for _, last := range []broker.MachineStatus{broker.MachineStopped, broker.MachineLost} {
		for _, err := range race(func(i int) error {
			n := broker.MachineNote{Status: between[i%2], At: at(time.Duration(i+1) * time.Minute)}
			if last.Final() && i == 3 {
				n.Status = last
			}
			_, err := f.NoteMachine(f.Context(), "m-1", n)
			return err
		}) {
			f.ok(err)
		}
		got := f.machines("m-1")
		f.same(last, got[0].Status)
		f.same(at(racers*time.Minute), got[0].UpdatedAt)
	}
	f.same(0, len(f.owned("pool-a", 10)))
}

func raceLease(f *fixture) {
	for version := range int64(2) {
		winner := f.oneWins(race(func(i int) error {
			l := lease("pool-a", "h1", fmt.Sprintf("m-%d", i))
			l.Version = version
			_, err := f.TakeLease(f.Context(), l)
			return err
		}))
		got := must[[]broker.Lease](f)(f.Leases(f.Context(), "pool-a"))
		f.same(fmt.Sprintf("m-%d", winner), got[0].MachineID)
	}
}

func raceCheck(f *fixture) {
	must[broker.Registration](f)(f.PutProvider(f.Context(), registration("pool-a")))
	winner := f.oneWins(race(func(i int) error {
		taken, err := f.ClaimCheck(f.Context(), "pool-a", time.Time{}, start, at(time.Duration(i+1)*time.Minute))
		if err == nil && !taken {
			return errLost
		}
		return err
	}))
	f.same(at(time.Duration(winner+1)*time.Minute), f.view("pool-a").NextCheckAt)
}

func raceKey(f *fixture) {
	winner := f.oneWins(race(func(i int) error {
		r := keyRecord(aKey)
		r.Hash = fmt.Sprint(i)
		return f.ClaimKey(f.Context(), r, start)
	}))
	f.same(fmt.Sprint(winner), f.record(aKey, start).Hash)
}

func raceProbe(f *fixture) {
	f.apply(mutate, trip(0))
	winner := f.oneWins(race(func(i int) error {
		_, err := f.ApplyLive(f.Context(), mutate, broker.LiveWrite{
			Kind: broker.LiveProbe, Now: at(time.Minute), Started: at(time.Minute), Epoch: 1,
			Attempt: fmt.Sprint(i), Expires: at(time.Hour), Permits: 1,
		})
		return err
	}))
	f.apply(mutate, broker.LiveWrite{Kind: broker.LiveRelease, Epoch: 1, Attempt: fmt.Sprint(winner)})
}

func raceTickets(f *fixture) {
	const each = 25
	got := make([][]int64, racers)
	for _, err := range race(func(i int) error {
		for range each {
			n, err := f.Ticket(f.Context(), "scope")
			if err != nil {
				return err
			}
			got[i] = append(got[i], n)
		}
		return nil
	}) {
		f.ok(err)
	}
	for _, own := range got {
		if !slices.IsSorted(own) {
			f.Error("a later ticket of one caller is lower")
		}
	}
	all := slices.Concat(got...)
	slices.Sort(all)
	for i, n := range all {
		if n != int64(i) {
			f.Fatalf("ticket %d stands at place %d", n, i)
		}
	}
	f.same(racers*each, len(all))
}

func raceInFlight(f *fixture) {
	const each = 20
	for _, err := range race(func(i int) error {
		for n := range each {
			started := at(time.Duration(n%3) * time.Minute)
			if _, err := f.ApplyLive(f.Context(), mutate, begin(started)); err != nil {
				return err
			}
			end := broker.LiveWrite{Kind: broker.LiveEnd, Now: started, Started: started, Good: n%2 == 0, Bad: n%2 == 1}
			if _, err := f.ApplyLive(f.Context(), mutate, end); err != nil {
				return err
			}
		}
		return nil
	}) {
		f.ok(err)
	}
	f.same(int64(1), new(f.apply(mutate, begin(start))).Calls(start))
	l := f.apply(mutate, broker.LiveWrite{Kind: broker.LiveEnd, Now: start, Started: start})
	f.same(int64(0), l.Calls(at(2*time.Minute)))
	f.same(racers*each/2, l.FailRun)
}
