package fulfilment_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/fulfilment"
)

// The world of the model: machines that really exist, providers that answer,
// fail and lie by silence, and a ledger with exactly the conditions of
// broker.LedgerWriter.

// chooser picks one of n; label says what for.
type chooser func(n int, label string) int

// one reports a chance of one in n.
func (c chooser) one(n int, label string) bool { return c(n, label) == n-1 }

// memory is the store of one operation.
type memory struct {
	ledger  broker.Ledger
	changes int
}

var errConflict = errors.New("conflict")

func (m *memory) read() broker.Ledger {
	l := m.ledger
	l.Attempts = slices.Clone(l.Attempts)
	return l
}

func (m *memory) holds(f broker.Fenced) bool {
	a := m.ledger.Attempt(f.Attempt.N)
	return a != nil && a.Run == f.SeenRun && a.State == f.SeenState
}

// takeStep is all of the step or a conflict.
func (m *memory) takeStep(s broker.Step) error {
	if s.Operation.Version != m.ledger.Operation.Version {
		return errConflict
	}
	for _, f := range s.Changed {
		if !m.holds(f) {
			return errConflict
		}
	}
	for _, a := range s.Added {
		if m.ledger.Attempt(a.N) != nil {
			return errConflict
		}
	}
	m.changes++
	m.ledger.Attempts = slices.Clone(m.ledger.Attempts)
	for _, f := range s.Changed {
		*m.ledger.Attempt(f.Attempt.N) = f.Attempt
	}
	m.ledger.Attempts = append(m.ledger.Attempts, s.Added...)
	m.ledger.Operation = s.Operation
	m.ledger.Operation.Version++
	return nil
}

// recordOutcome reports which condition failed: the attempt's or the
// operation's.
func (m *memory) recordOutcome(o broker.Outcome) (attempt, operation error) {
	if !m.holds(o.Attempt) {
		return errConflict, nil
	}
	if o.Closed != nil {
		if o.Closed.Version != m.ledger.Operation.Version {
			return nil, errConflict
		}
		m.ledger.Operation = *o.Closed
		m.ledger.Operation.Version++
	}
	m.changes++
	m.ledger.Attempts = slices.Clone(m.ledger.Attempts)
	*m.ledger.Attempt(o.Attempt.Attempt.N) = o.Attempt.Attempt
	return nil, nil
}

// thing is a machine that exists, and from when a look-up shows it.
type thing struct {
	broker.Machine
	visible time.Time
	gone    bool // it was terminated
}

// place is a provider.
type place struct {
	free    int
	lag     time.Duration
	filling map[string]bool // tokens that were accepted and are still filling
}

// mood is what a world does to workers and executions, each more than the one
// before.
type mood int

const (
	peaceful mood = iota // they live
	deadly               // they die
	doubling             // they are doubled and resumed
	ghostly              // they are slow, and taken for dead while they live
	moods
)

// world is everything that happens around one operation.
type world struct {
	choose chooser
	now    time.Time
	calm   bool // providers answer, workers live
	mood   mood
	store  memory
	places map[string]*place
	made   map[string][]thing // by token
	flows  []*flow
	hands  []*worker
	log    []string
	tally  map[string]int // what happened, to see that the model is not idle

	inUnits bool // the wish counts units

	objection string // what somebody did that nobody may
}

func (w *world) note(format string, args ...any) {
	w.log = append(w.log, w.now.Format("04:05.000 ")+fmt.Sprintf(format, args...))
}

const (
	driverTime = 5 * time.Second
	taskTime   = 7 * time.Second
)

func (w *world) rules() fulfilment.Rules {
	return fulfilment.Rules{
		Budget: func(*broker.Operation) (time.Duration, time.Duration) { return driverTime, taskTime },
		Lag:    func(kind string) time.Duration { return w.places[kind].lag },
	}
}

// exists counts the machines that a token has ever made.
func (w *world) exists(token string) int { return len(w.made[token]) }

// worth is how much of the wish what a token has ever made is.
func (w *world) worth(token string) (n int) {
	for _, t := range w.made[token] {
		n += w.worthOf(t)
	}
	return n
}

// worthOf is how much of the wish a machine is. It is not asked of the code that
// is tested.
func (w *world) worthOf(t thing) int {
	if w.inUnits && t.InstanceType == "large" {
		return large
	}
	return 1
}

// large is how many units a large machine is.
const large = 3

// allWorth is how much of the wish was ever made.
func (w *world) allWorth() (n int) {
	for token := range w.made {
		n += w.worth(token)
	}
	return n
}

// allMachines counts what was ever made.
func (w *world) allMachines() (n int) {
	for _, things := range w.made {
		n += len(things)
	}
	return n
}

// standing is how much of the wish exists.
func (w *world) standing() (n int) {
	for _, things := range w.made {
		for _, t := range things {
			if !t.gone {
				n += w.worthOf(t)
			}
		}
	}
	return n
}

// spawn makes machines until those of the token are worth count, or the place is
// full.
func (w *world) spawn(p *place, spec *broker.CreateSpec, count int) {
	for w.worth(spec.Token) < count && p.free > 0 {
		p.free--
		delay := time.Duration(w.choose(4, "visible after")) * p.lag / 3
		id := fmt.Sprintf("%s-%d", spec.Token[:8], w.exists(spec.Token))
		w.made[spec.Token] = append(w.made[spec.Token], thing{Machine: broker.Machine{ID: id, InstanceType: w.kind()}, visible: w.now.Add(delay)})
	}
}

// kind is a machine type; there is one where it makes no difference.
func (w *world) kind() string {
	if w.inUnits && w.choose(2, "type") > 0 {
		return "large"
	}
	return "small"
}

func (w *world) seen(token string, all bool) (ms []broker.Machine) {
	for _, t := range w.made[token] {
		if all || !t.visible.After(w.now) {
			ms = append(ms, t.Machine)
		}
	}
	return ms
}

func providerError(c fault.Class, sent bool, hint time.Duration) error {
	return &fault.ProviderError{Class: c, Sent: sent, Code: "x", Message: "says the world", RetryAfter: hint}
}

// create is a provider's answer, and what it does to the world. Any answer but
// those that say "it may have happened" is true.
func (w *world) create(spec *broker.CreateSpec, place string) fulfilment.Made {
	p := w.places[place]
	answer := 0
	if !w.calm {
		answer = w.choose(15, "answer")
	}
	switch answer {
	case 1, 2: // the effect, or part of it, and a lost reply
		w.spawn(p, spec, w.choose(spec.Count, "made before the reply was lost")+1)
		return fulfilment.Made{Err: providerError(fault.Timeout, true, 0)}
	case 3:
		return fulfilment.Made{Err: providerError(fault.Server, true, 0)}
	case 4:
		return fulfilment.Made{Err: providerError(fault.Down, false, 0)}
	case 5:
		return fulfilment.Made{Err: providerError(fault.Throttle, true, time.Duration(w.choose(4, "hint"))*4*time.Second)}
	case 6: // also in answer to a replay of what was made
		return fulfilment.Made{Err: providerError(fault.Capacity, true, 0)}
	case 7:
		if w.exists(spec.Token) > 0 {
			break
		}
		return fulfilment.Made{Err: providerError([]fault.Class{fault.Auth, fault.Quota, fault.OfferingConfig, fault.Validation, fault.Cancelled}[w.choose(5, "class")], true, 0)}
	case 8: // an error that may hide some of what was made
		w.spawn(p, spec, w.choose(spec.Count, "made before the error")+1)
		shown := w.seen(spec.Token, true)
		return fulfilment.Made{Machines: shown[:w.choose(len(shown)+1, "shown")], Shortfall: []error{providerError(fault.Capacity, true, 0), providerError(fault.Server, true, 0)}}
	case 9, 10:
		w.spawn(p, spec, spec.Count)
		p.filling[spec.Token] = true
	}
	if p.filling[spec.Token] {
		return fulfilment.Made{Machines: w.seen(spec.Token, false), Pending: json.RawMessage(`{}`), PollAfter: time.Second}
	}
	w.spawn(p, spec, spec.Count)
	return w.answerOf(spec)
}

// answerOf is a true answer with all that the token has made.
func (w *world) answerOf(spec *broker.CreateSpec) fulfilment.Made {
	m := fulfilment.Made{Machines: w.seen(spec.Token, true)}
	if w.worth(spec.Token) < spec.Count {
		short := providerError(fault.Capacity, true, 0)
		if len(m.Machines) == 0 && w.choose(2, "nothing is an error") == 0 {
			return fulfilment.Made{Err: short}
		}
		m.Shortfall = []error{short}
	}
	return m
}

func (w *world) poll(spec *broker.CreateSpec, place string) fulfilment.Made {
	p := w.places[place]
	if !w.calm && w.choose.one(3, "poll fails") {
		class := []fault.Class{fault.Down, fault.Throttle, fault.Server, fault.Timeout, fault.Capacity, fault.Validation}[w.choose(6, "class")]
		return fulfilment.Made{Err: providerError(class, class != fault.Down, 0)}
	}
	if len(w.seen(spec.Token, false)) < w.exists(spec.Token) || !w.calm && w.choose.one(3, "still filling") {
		return fulfilment.Made{Machines: w.seen(spec.Token, false), Pending: json.RawMessage(`{}`)}
	}
	delete(p.filling, spec.Token)
	return w.answerOf(spec)
}

// terminate is a provider's answer to the return of machines, and what it does
// to the world.
func (w *world) terminate(a *broker.Attempt) ([]broker.MachineResult, error) {
	answer := 0
	if !w.calm {
		answer = w.choose(9, "return")
	}
	switch answer {
	case 1: // the effect, or part of it, and a lost reply
		w.end(a, w.choose(len(a.MachineIDs), "ended before the reply was lost")+1)
		return nil, providerError(fault.Timeout, true, 0)
	case 2:
		return nil, providerError(fault.Server, true, 0)
	case 3:
		return nil, providerError([]fault.Class{fault.Down, fault.Throttle, fault.Auth}[w.choose(3, "class")], false, time.Duration(w.choose(2, "hint"))*20*time.Second)
	case 4: // some of them will not go
		n := w.choose(len(a.MachineIDs), "ended")
		w.end(a, n)
		return w.results(a, n), nil
	}
	w.end(a, len(a.MachineIDs))
	return w.results(a, len(a.MachineIDs)), nil
}

// results say that the first n machines are gone, and what else is.
func (w *world) results(a *broker.Attempt, n int) (rs []broker.MachineResult) {
	for i, id := range a.MachineIDs {
		r := broker.MachineResult{MachineID: id, Terminated: i < n || w.thing(id).gone}
		if !r.Terminated {
			r.Message = "it will not go"
		}
		rs = append(rs, r)
	}
	return rs
}

func (w *world) end(a *broker.Attempt, n int) {
	if !w.store.ledger.Operation.GivingBack {
		w.objection = "machines are terminated that nobody gives back"
	}
	for _, id := range a.MachineIDs[:n] {
		if t := w.thing(id); !t.gone {
			t.gone = true
			w.places[a.Kind].free++
		}
	}
}

func (w *world) thing(id string) *thing {
	for _, things := range w.made {
		for i := range things {
			if things[i].ID == id {
				return &things[i]
			}
		}
	}
	w.objection = "somebody knows of machine " + id + ", which was never made"
	return &thing{}
}

func (w *world) find(spec *broker.CreateSpec) ([]broker.Machine, error) {
	if !w.calm && w.choose.one(4, "look-up fails") {
		return nil, providerError([]fault.Class{fault.Down, fault.Timeout, fault.Throttle}[w.choose(3, "class")], false, 0)
	}
	return w.seen(spec.Token, false), nil
}
