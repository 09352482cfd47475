package sim_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing/synctest"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/op"
	"github.com/openhostfactory/ohfp/shared/store/storetest"
)

// plan is a scenario.
type plan struct {
	fleets       []fleet
	processes    int           // that share the store; 0: one
	rate         float64       // operations per second, as they come by chance
	long         time.Duration // of the load
	count        int           // machines of an operation; 0: one
	config       string        // of the strategy
	deaths       float64       // share of boundaries at which a process dies
	proberDeaths int           // so many processes die with a half-open permit in hand
	foggy        int           // so many of the processes have no way to the first provider
	keep         time.Duration // machines are given back after so long; 0: never
	tableAway    func(*site) bool
	during       func(*site)                           // beside the load
	peer         func(storetest.Store) storetest.Store // what stands between a process and the store: another design
}

// tally is what happened.
type tally struct {
	operations, succeeded, partial, refused, unknown int
	calls, failing, wasted, ambiguous                int // of creations at providers
	astray                                           int // of calls that never left a process
	early                                            int // calls before the time that a provider asked for
	over                                             int // machines above a provider's limit, at worst
	ticksFailed, deaths                              int
	open                                             int // operations that never ended
	duplicates                                       int // machines above what an operation asked for
	orphans                                          int // machines that no record tells of
	forgotten                                        int // records of machines that do not exist
	wait                                             []time.Duration
	good                                             []time.Duration // when operations succeeded, since the site began
	made                                             []making
	checks                                           []check // of the provider that some have no way to
	paid, cheapest                                   float64 // for an hour of all machines; what the cheapest that had them asked
}

// making is a creation that was answered.
type making struct {
	fleet string
	at    time.Duration // since the site began
}

// check is a look at a provider's health.
type check struct {
	at    time.Duration // since the site began
	blind bool          // by who has no way to it
}

// hidden is for how long, until over, the newest check of a provider was one by
// who has no way to it, in percent of that time.
func (t *tally) hidden(over time.Duration) float64 {
	var sum time.Duration
	for i, c := range t.checks {
		until := over
		if i+1 < len(t.checks) {
			until = min(over, t.checks[i+1].at)
		}
		if c.blind {
			sum += max(0, until-c.at)
		}
	}
	return 100 * float64(sum) / float64(over)
}

// share is the part of the creations in [from, to) that a fleet answered, in
// percent.
func (t *tally) share(fleet string, from, to time.Duration) float64 {
	own, all := 0, 0
	for _, m := range t.made {
		if m.at < from || m.at >= to {
			continue
		}
		if all++; m.fleet == fleet {
			own++
		}
	}
	return 100 * float64(own) / float64(max(1, all))
}

// p99 is the wait that one operation in a hundred exceeds.
func (t *tally) p99() time.Duration {
	if len(t.wait) == 0 {
		return 0
	}
	slices.Sort(t.wait)
	return t.wait[len(t.wait)*99/100]
}

// run brings the load about, lets all of it end, and counts.
func (s *site) run() {
	over := make(chan struct{})
	go s.ticks(over)
	var beside sync.WaitGroup
	if s.plan.during != nil {
		beside.Go(func() { s.plan.during(s) })
	}
	s.load()
	beside.Wait()
	s.settle()
	close(over)
	synctest.Wait()
	s.count()
}

// ticks is the schedule.
func (s *site) ticks(over chan struct{}) {
	every := time.NewTicker(time.Minute)
	defer every.Stop()
	for {
		select {
		case <-over:
			return
		case <-every.C:
			s.minute()
		}
	}
}

// load is callers who come by chance and wait for their answers.
func (s *site) load() {
	var callers sync.WaitGroup
	for began := time.Now(); time.Since(began) < s.plan.long; {
		time.Sleep(time.Duration(-math.Log(1-s.draw()) / s.plan.rate * float64(time.Second)))
		callers.Go(func() { s.caller() })
	}
	callers.Wait()
}

// caller asks for machines, and asks again under the same key when the process
// that it asked is gone.
func (s *site) caller() {
	id := s.ids.Add(1)
	body := fmt.Sprintf(`{"operation_type": "CREATE_INSTANCES", "parameters": {"template_id": "t", "count": %d}}`, max(1, s.plan.count))
	began := time.Now()
	for range 60 {
		c := op.Call{Principal: "ada", Role: op.Admin, IdempotencyKey: fmt.Sprintf("key-%d", id)}
		a, err := s.any().serve["executeProviderOperation"].Serve(s.Context(), c, []byte(body))
		if again(err) {
			time.Sleep(time.Second)
			continue
		}
		s.note(func(t *tally) { t.answer(fault.As(err), time.Since(began), time.Since(s.began)) })
		if err == nil && s.plan.keep > 0 {
			time.Sleep(s.plan.keep)
			s.giveBack(a.Body)
		}
		return
	}
	s.note(func(t *tally) {
		t.answer(fault.New(fault.StoreUnavailable, "nobody answers"), time.Since(began), time.Since(s.began))
	})
}

// giveBack ends the machines of an answer.
func (s *site) giveBack(answer json.RawMessage) {
	var made broker.OperationView
	if err := json.Unmarshal(answer, &made); err != nil || made.Result == nil {
		s.Errorf("an answer without a result: %s: %v", answer, err)
		return
	}
	var ids []string
	for _, m := range made.Result.Machines {
		ids = append(ids, m.ID)
	}
	s.admin("executeProviderOperation", fmt.Sprintf(`{"operation_type": "TERMINATE_INSTANCES", "parameters": {"machine_ids": ["%s"]}}`, strings.Join(ids, `", "`)))
}

// again reports whether an error says nothing about the operation.
func again(err error) bool {
	if err == nil {
		return false
	}
	code := fault.As(err).Code
	return errors.Is(err, errDead) || code == fault.StoreUnavailable || code == fault.Internal
}

func (t *tally) answer(err *fault.Error, took, at time.Duration) {
	t.operations++
	t.wait = append(t.wait, took)
	switch {
	case err == nil:
		t.succeeded++
		t.good = append(t.good, at)
	case err.Code == fault.OutcomeUnknown:
		t.unknown++
	default:
		t.refused++
	}
}

// settle waits until every operation has ended, an hour at most.
func (s *site) settle() {
	for range 60 {
		open, err := s.store.OpenOperations(s.Context(), time.Now().Add(24*time.Hour), 1)
		if err != nil {
			s.Fatal(err)
		}
		if len(open) == 0 {
			return
		}
		time.Sleep(time.Minute)
	}
}

// count compares what exists with what is recorded.
func (s *site) count() {
	open, err := s.store.OpenOperations(s.Context(), time.Now().Add(24*time.Hour), 1_000_000)
	if err != nil {
		s.Fatal(err)
	}
	s.seen.open, s.seen.deaths = len(open), s.deaths
	got := map[string]int{}
	for name, f := range s.fleets {
		recorded := map[string]bool{}
		owned, err := s.store.OwnedMachines(s.Context(), name, 1_000_000)
		if err != nil {
			s.Fatal(err)
		}
		for _, m := range owned {
			recorded[m.ID] = true
			got[m.OperationID]++
		}
		exist := f.Exist()
		for _, id := range exist {
			if !recorded[id] {
				s.seen.orphans++
			}
		}
		s.seen.forgotten += max(0, len(recorded)-len(exist))
	}
	for _, n := range got {
		s.seen.duplicates += max(0, n-max(1, s.plan.count))
	}
}
