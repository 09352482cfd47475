package fulfilment

import (
	"slices"
	"strings"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
)

// Report is what a workflow saw of a worker that did not complete the
// operation.
type Report struct {
	Attempt int
	Run     int
	Error   string // the workflow's error name: States.Timeout, Ohfp.Partial, …
	Cause   string
}

// recorded reports whether the worker left a record of its own. The names of
// its errors are ours; those of a dead worker are the workflow's.
func (r Report) recorded() bool {
	return strings.HasPrefix(r.Error, "Ohfp.") && r.Error != fault.ASLInternal
}

// of reports whether nobody has taken the attempt since the worker of r had it.
func (r Report) of(a *broker.Attempt) bool { return a.Run == r.Run || r.told(a) }

// told reports whether the worker has recorded an attempt that is still open.
func (r Report) told(a *broker.Attempt) bool {
	return a.State.Reserves() && a.Recorded == r.Run && a.Run == r.Run+1
}

// Settle decides what follows a worker's end. A worker that ended without a
// record of its own is dead: what it may have sent becomes UNKNOWN. A report
// of an older run changes nothing: another worker has the attempt.
func Settle(l broker.Ledger, r Report, rules Rules, now time.Time) Decision {
	s := open(l, rules, now)
	a := s.ledger.Attempt(r.Attempt)
	if !l.Operation.Status.Open() || a == nil || !r.of(a) {
		return Decision{Verdict: Done}
	}
	switch {
	case r.told(a): // what it knew
	case a.State == broker.Intent || (a.State == broker.Sent && a.Continuation == nil):
		s.reap(a, r)
	case a.State.Reserves() && !r.recorded():
		s.missed(a)
	}
	return s.next()
}

// Resume decides how an operation whose workflow is gone goes on. Every
// attempt in progress gets a new run, so that a worker that still lives
// somewhere can neither send nor record.
func Resume(l broker.Ledger, rules Rules, now time.Time) Decision {
	s := open(l, rules, now)
	if !l.Operation.Status.Open() {
		return Decision{Verdict: Done}
	}
	s.resumed = true
	s.ledger.Operation.Resumes++
	s.touched = true
	for i := range s.ledger.Attempts {
		a := &s.ledger.Attempts[i]
		if !a.State.Reserves() {
			continue
		}
		s.change(a)
		a.Run++
		if rules.Dead && a.SendBy.After(now) {
			a.SendBy = now
		}
		if a.State == broker.Sent && a.Continuation == nil {
			a.State = broker.UnknownEffect
			a.Class, a.Code, a.Message = fault.Server, "worker_lost", "the worker ended without reporting; finding out what it did"
		}
	}
	return s.next()
}

// settling is one decision in the making: a working copy of the ledger and
// the fences of what it changes.
type settling struct {
	rules   Rules
	now     time.Time
	ledger  broker.Ledger
	seen    map[int]broker.Fenced // by attempt: the fence as it was read
	added   []broker.Attempt
	tells   []broker.Event
	touched bool
	resumed bool
}

func open(l broker.Ledger, rules Rules, now time.Time) *settling {
	l.Attempts = slices.Clone(l.Attempts)
	return &settling{rules: rules, now: now, ledger: l, seen: map[int]broker.Fenced{}}
}

// change notes a's fence before the first change to it.
func (s *settling) change(a *broker.Attempt) {
	if _, ok := s.seen[a.N]; !ok {
		s.seen[a.N] = broker.Fenced{SeenRun: a.Run, SeenState: a.State}
	}
	s.touched = true
}

// reap records the death of a worker: before SENT nothing happened, after it
// anything may have.
func (s *settling) reap(a *broker.Attempt, r Report) {
	s.change(a)
	sent := a.State == broker.Sent
	a.Run++
	a.Tries++
	a.Class, a.Code, a.Message = fault.Server, "worker_lost", "the worker ended without reporting"
	if r.Error == "States.Timeout" {
		a.Class, a.Code, a.Message = fault.Timeout, "worker_timeout", "the worker did not report in time"
	}
	a.State = broker.NoEffect
	if sent {
		a.State = broker.UnknownEffect
		return
	}
	a.Class = fault.Down
	a.EndedAt = s.now
}

// missed counts a look-up, a replay or a poll whose worker died before it
// called: nothing is known that was not, and the next one waits.
func (s *settling) missed(a *broker.Attempt) {
	s.change(a)
	a.Run++
	a.Tries++
	a.NotBefore = s.now.Add(pause(a.Tries))
}

// past reports whether the operation's deadline is over.
func (s *settling) past() bool { return !s.now.Before(s.ledger.Operation.Deadline) }

// left reports whether something that starts after d can still finish.
func (s *settling) left(d time.Duration) bool {
	return s.now.Add(d + minAttempt).Before(s.ledger.Operation.Deadline)
}

// next picks the one thing to do: run what is ready, resolve what is unknown,
// ask about what is filling, try again, try elsewhere, or end.
func (s *settling) next() Decision {
	if s.past() || s.cancelled() {
		s.giveUp()
	}
	if !s.past() {
		s.reopen()
	}
	ready, unknown, filling := s.earliest(broker.Intent), s.earliest(broker.UnknownEffect), s.earliest(broker.Sent)
	switch {
	case ready != nil && s.delay(ready) == 0:
		return s.run(ready, s.first(ready), s.verdictFor(ready))
	case unknown != nil:
		return s.resolve(unknown)
	case filling != nil:
		return s.poll(filling)
	case ready != nil:
		return s.run(ready, s.first(ready), Wait)
	}
	if add := s.elsewhere(); add != nil {
		return s.run(add, s.first(add), Next)
	}
	return s.end()
}

// first is the first action of an attempt.
func (s *settling) first(a *broker.Attempt) Action { return actionOf(&s.ledger.Operation, a) }

// verdictFor tells another try of one attempt from the first try of the next.
func (s *settling) verdictFor(a *broker.Attempt) Verdict {
	if a.Tries > 0 {
		return Same
	}
	return Next
}

// earliest returns the attempt in a state that may be acted on first.
func (s *settling) earliest(state broker.AttemptState) *broker.Attempt {
	var first *broker.Attempt
	for i := range s.ledger.Attempts {
		a := &s.ledger.Attempts[i]
		if a.State == state && (first == nil || a.NotBefore.Before(first.NotBefore)) {
			first = a
		}
	}
	return first
}

func (s *settling) delay(a *broker.Attempt) time.Duration {
	return max(0, a.NotBefore.Sub(s.now))
}

// wait is how long a worker is held back from an attempt. A look at what comes,
// however late the provider wants it, is not waited for beyond the operation's
// time: it ends then, whether anybody may look or not.
func (s *settling) wait(a *broker.Attempt, action Action) time.Duration {
	if action == ActPoll {
		return min(s.delay(a), s.ledger.Operation.Deadline.Sub(s.now))
	}
	return s.delay(a)
}

// elsewhere plans an attempt for what remains at the next candidate.
func (s *settling) elsewhere() *broker.Attempt {
	op := &s.ledger.Operation
	tried := len(s.ledger.Attempts)
	remaining := Remaining(&s.ledger)
	if s.satisfied() || remaining <= 0 || tried >= min(maxAttempts, len(op.Candidates)) || !s.left(0) || !s.mayFailOver() {
		return nil
	}
	c := op.Candidates[tried]
	a := NewAttempt(op, tried+1, c, share(c, remaining), s.now)
	s.added, s.touched = append(s.added, a), true
	s.tells = append(s.tells, broker.FailoverEvent(op, &s.ledger.Attempts[tried-1], &a))
	s.ledger.Attempts = append(s.ledger.Attempts, a)
	return &s.ledger.Attempts[tried]
}

// satisfied reports whether nothing more is to be asked for: the wish may not
// go elsewhere, is wanted no more, or has as many machines as are enough.
func (s *settling) satisfied() bool {
	op := &s.ledger.Operation
	return routed(op.Type) || op.GivingBack || s.cancelled() || ConfirmedOf(&s.ledger) >= op.Enough()
}

// mayFailOver reports whether the newest failure lets another provider try.
func (s *settling) mayFailOver() bool {
	last := s.ledger.Attempts[len(s.ledger.Attempts)-1]
	return last.Class == fault.None || last.Class.Rule().FailsOver
}

// run hands an attempt to a worker, after a wait where its time is not yet.
func (s *settling) run(a *broker.Attempt, action Action, v Verdict) Decision {
	op := &s.ledger.Operation
	driver, task := s.rules.Budget(op)
	wait := s.wait(a, action)
	if rest := op.Deadline.Sub(s.now.Add(wait)); rest > 0 {
		driver = max(minAttempt, min(driver, rest))
	}
	if wait > 0 {
		v = Wait
	}
	due := s.now.Add(wait + task)
	if op.DueAt.Before(due) {
		s.touched = true // else it would count as abandoned while it is worked on
	}
	op.DueAt = due.Add(settleMargin)
	return Decision{Verdict: v, Step: s.step(), Attempt: *a, Action: action, Wait: wait, Driver: driver, Task: task}
}

// step is what is to be stored. A decision that only hands out work already
// recorded as its own changes nothing.
func (s *settling) step() *broker.Step {
	if !s.touched {
		return nil
	}
	st := &broker.Step{Operation: s.ledger.Operation, Added: s.added, Tells: s.tells}
	for i := range s.ledger.Attempts {
		a := s.ledger.Attempts[i]
		if f, ok := s.seen[a.N]; ok {
			f.Attempt = a
			st.Changed = append(st.Changed, f)
		}
	}
	return st
}
