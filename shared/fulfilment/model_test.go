package fulfilment_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fulfilment"
)

var begin = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// newWorld claims a create of a few machines over a few providers.
func newWorld(choose chooser) *world {
	w := &world{choose: choose, mood: mood(choose(int(moods), "mood")), now: begin, places: map[string]*place{}, made: map[string][]thing{}, tally: map[string]int{}}
	op := broker.Operation{
		ID: "op", Type: broker.CreateInstances, Status: broker.OpRunning, Wanted: 1 + choose(4, "wanted"),
		RetryCount: choose(4, "retries"), CreatedAt: begin, Deadline: begin.Add(time.Duration(1+choose(4, "deadline")) * 15 * time.Second),
	}
	if choose.one(3, "min_count") {
		op.MinCount = 1 + choose(op.Wanted, "enough")
	}
	op.Whole = choose.one(3, "all_or_nothing")
	if op.InUnits = choose.one(3, "units"); op.InUnits {
		w.inUnits = true
		w.tally["units"]++
	}
	for i := range 1 + choose(5, "providers") {
		name := fmt.Sprintf("p%d", i)
		w.places[name] = &place{free: choose(6, "free"), lag: time.Duration(choose(3, "lag")) * 6 * time.Second, filling: map[string]bool{}}
		op.Candidates = append(op.Candidates, broker.Candidate{Provider: name, Kind: name, Spec: w.spec(), Most: w.most(op.Wanted)})
	}
	op.DueAt = fulfilment.FirstDue(&op, w.rules(), begin)
	w.store.ledger = broker.Ledger{Operation: op, Attempts: fulfilment.First(&op, begin)}
	f := &flow{decision: fulfilment.Begin(w.store.read(), w.rules(), begin)}
	w.follow(f)
	w.flows = append(w.flows, f)
	return w
}

func (w *world) spec() *broker.CreateSpec {
	if !w.inUnits {
		return &broker.CreateSpec{}
	}
	return &broker.CreateSpec{InUnits: true, Template: broker.ResolvedTemplate{MachineWeights: map[string]int{"large": large}}}
}

// most is what a candidate may be asked for at once.
func (w *world) most(wanted int) int {
	if w.choose.one(4, "bounded") {
		return 1 + w.choose(wanted, "most")
	}
	return 0
}

// disturb lets one thing happen, most often a step of somebody.
func (w *world) disturb() {
	flows := slices.DeleteFunc(slices.Clone(w.flows), func(f *flow) bool { return f.phase == ended })
	hands := slices.DeleteFunc(slices.Clone(w.hands), func(h *worker) bool { return h.phase == gone })
	if w.mood == ghostly && w.choose(3, "slow") > 0 {
		hands = slices.DeleteFunc(hands, func(h *worker) bool { return h.phase == calling && h.work.Action == fulfilment.ActCreate })
	}
	if w.choose.one(160, "cancel") {
		w.flows = append(w.flows, &flow{cancels: true})
		return
	}
	switch n := w.choose([]int{22, 23, 25, 28}[w.mood], "event"); {
	case n < 9 && len(hands) > 0:
		w.step(hands[w.choose(len(hands), "worker")])
	case n < 17 && len(flows) > 0:
		w.stepFlow(flows[w.choose(len(flows), "flow")])
	case n < 19:
		w.now = w.now.Add(steps[w.choose(len(steps)-int(w.mood), "time passes")])
	case n < 21:
		w.jump(hands)
	case n == 21: // others give a machine back
		w.places[fmt.Sprintf("p%d", w.choose(len(w.places), "place"))].free++
	case n == 22: // somebody dies, or everybody
		if w.choose.one(4, "everybody") {
			w.restart()
			return
		}
		w.kill(flows, hands)
	case n == 23 && len(flows) > 0: // one event is settled twice
		twin := *flows[w.choose(len(flows), "flow")]
		w.flows = append(w.flows, &twin)
	case n >= 24:
		w.note("resuming")
		w.flows = append(w.flows, &flow{})
	}
}

// jump moves the clock to a moment at which something changes, or just before.
func (w *world) jump(hands []*worker) {
	moments := []time.Time{w.store.ledger.Operation.Deadline, w.store.ledger.Operation.DueAt}
	for _, h := range hands {
		moments = append(moments, h.until)
	}
	for i := range w.store.ledger.Attempts {
		a := &w.store.ledger.Attempts[i]
		moments = append(moments, a.SendBy, a.NotBefore, fulfilment.FinalLook(a, w.places[a.Kind].lag))
	}
	at := moments[w.choose(len(moments), "moment")].Add(-time.Duration(w.choose(2, "before")) * time.Millisecond)
	if at.After(w.now) && at.Sub(w.now) < time.Minute {
		w.now = at
	}
}

// restart is the end of the only process, and its next start.
func (w *world) restart() {
	w.note("restarting")
	w.tally["restart"]++
	for _, h := range w.hands {
		h.phase = gone
	}
	f := &flow{restart: true}
	w.flows = []*flow{f}
	w.decide(f)
	if f.phase == storing {
		w.take(f)
	}
}

func (w *world) kill(flows []*flow, hands []*worker) {
	switch n := w.choose(len(flows)+len(hands)+1, "who"); {
	case n < len(hands):
		hands[n].phase = gone
	case n < len(hands)+len(flows):
		flows[n-len(hands)].phase = ended
	}
}

var steps = []time.Duration{
	0, 0, 100 * time.Millisecond, 100 * time.Millisecond, 500 * time.Millisecond, time.Second, time.Second, 3 * time.Second, 8 * time.Second, 40 * time.Second,
}

// wrong returns what contradicts the promises of the package, or "".
func (w *world) wrong() string {
	l := w.store.read()
	if w.objection != "" {
		return w.objection
	}
	excess := w.excess(&l)
	if n := fulfilment.Remaining(&l); n < -excess {
		return fmt.Sprintf("remaining is %d", n)
	}
	if n := w.allWorth(); n > l.Operation.Wanted+excess {
		return fmt.Sprintf("%d of %d exist", n, l.Operation.Wanted)
	}
	if n := making(&l); n > 4 || n > len(l.Operation.Candidates) {
		return fmt.Sprintf("%d attempts", n)
	}
	for i := range l.Attempts {
		if problem := w.wrongAttempt(&l.Attempts[i]); problem != "" {
			return problem
		}
	}
	return w.wrongOperation(l)
}

// excess is how much the last machine of each attempt can have brought beyond
// what was asked for.
func (w *world) excess(l *broker.Ledger) int {
	if !w.inUnits {
		return 0
	}
	return making(l) * (large - 1)
}

// making counts the attempts that make machines.
func making(l *broker.Ledger) (n int) {
	for i := range l.Attempts {
		if l.Attempts[i].Undoes == 0 {
			n++
		}
	}
	return n
}

// wrongAttempt holds a settled attempt against the world: it is right, and
// nobody who still lives can make it wrong.
func (w *world) wrongAttempt(a *broker.Attempt) string {
	switch n := w.exists(a.Token); {
	case a.Token != fulfilment.Token("op", a.N):
		return fmt.Sprintf("attempt %d has another token", a.N)
	case a.Undoes > 0:
		return w.wrongUndo(a)
	case a.State == broker.Confirmed && (w.worth(a.Token) != a.Confirmed || len(a.Machines) != n):
		return fmt.Sprintf("attempt %d is confirmed with %d (%d machines listed), and %d machines exist", a.N, a.Confirmed, len(a.Machines), n)
	case n > 0 && w.worth(a.Token)-w.worthOf(w.made[a.Token][n-1]) >= a.Count:
		return fmt.Sprintf("attempt %d asked for %d, and one of %d machines would not have been needed", a.N, a.Count, n)
	case (a.State == broker.NoEffect || a.State == broker.Intent) && n != 0:
		return fmt.Sprintf("attempt %d is %s, and %d machines exist", a.N, a.State, n)
	}
	return ""
}

// wrongUndo: what is said to be given back is gone, and only what a settled
// attempt has made is given back.
func (w *world) wrongUndo(a *broker.Attempt) string {
	made := w.store.ledger.Attempt(a.Undoes)
	switch {
	case !w.store.ledger.Operation.Whole || !w.store.ledger.Operation.GivingBack:
		return fmt.Sprintf("attempt %d gives back what was to be kept", a.N)
	case made.State != broker.Confirmed || len(a.MachineIDs) != len(made.Machines) || a.Count != len(made.Machines):
		return fmt.Sprintf("attempt %d gives back %v of attempt %d, which is %s with %d", a.N, a.MachineIDs, a.Undoes, made.State, made.Confirmed)
	}
	gone := 0
	for _, id := range a.MachineIDs {
		if w.thing(id).gone {
			gone++
		}
	}
	if a.Confirmed > gone || a.State == broker.Confirmed && gone < a.Count {
		return fmt.Sprintf("attempt %d is %s with %d given back, and %d are gone", a.N, a.State, a.Confirmed, gone)
	}
	return ""
}

// wrongOperation: an open operation can always be resumed and is due soon; a
// closed one has nothing open.
func (w *world) wrongOperation(l broker.Ledger) string {
	if l.Operation.Status.Open() {
		at := w.now
		if l.Operation.DueAt.After(at) {
			at = l.Operation.DueAt
		}
		d := fulfilment.Resume(l, w.rules(), at)
		switch {
		case d.Attempt.N == 0 && (d.Step == nil || d.Step.Operation.Status.Open()):
			return "the operation is open, and resuming it gives nothing to do"
		case l.Operation.DueAt.IsZero() || l.Operation.DueAt.Sub(w.now) > 3*time.Minute:
			return fmt.Sprintf("the operation is open and due at %s", l.Operation.DueAt)
		}
		return ""
	}
	for i := range l.Attempts {
		if l.Attempts[i].State.Reserves() {
			return fmt.Sprintf("the operation is %s with attempt %d %s", l.Operation.Status, i+1, l.Attempts[i].State)
		}
	}
	if n := fulfilment.ConfirmedOf(&l); n != w.allWorth() {
		return fmt.Sprintf("the operation is %s with %d made, and it were %d", l.Operation.Status, n, w.allWorth())
	}
	// Of what could not be given back in time some may go even later.
	if n := l.Standing(); n != w.standing() && (!l.Operation.GivingBack || n < w.standing()) {
		return fmt.Sprintf("the operation is %s with %d machines, and %d exist", l.Operation.Status, n, w.standing())
	}
	return wrongStatus(&l)
}

func wrongStatus(l *broker.Ledger) string {
	o, n := &l.Operation, l.Standing()
	want := broker.OpPartial
	switch {
	case n >= o.Enough() && !o.GivingBack:
		want = broker.OpSucceeded
	case o.Cancelled != nil:
		want = broker.OpCancelled
	case n == 0:
		want = broker.OpFailed
	}
	switch {
	case o.Status != want:
		return fmt.Sprintf("%d of %d machines are %s", n, o.Wanted, o.Status)
	case o.Whole && n > 0 && n < o.Enough() && o.EndedAt.Before(o.Deadline):
		return fmt.Sprintf("%d of %d machines were kept, of all or nothing", n, o.Wanted)
	case !o.Whole && o.GivingBack, o.GivingBack && fulfilment.ConfirmedOf(l) >= o.Enough():
		return "machines were given back that were wanted"
	case (o.Code != "") != (want == broker.OpFailed):
		return fmt.Sprintf("%s with code %q", want, o.Code)
	case o.EndedAt.IsZero():
		return "ended at no time"
	}
	return ""
}

// mostResumes bounds how often an operation is resumed once everybody answers.
const mostResumes = 12

// settle lets the world answer, and the reconciler come when something is due.
func (w *world) settle() string {
	w.calm = true
	w.flows = nil
	for range mostResumes {
		if !w.store.ledger.Operation.Status.Open() {
			return ""
		}
		if due := w.store.ledger.Operation.DueAt; due.After(w.now) {
			w.now = due
		}
		f := &flow{}
		w.flows = []*flow{f}
		for range 200 {
			w.stepFlow(f)
			if f.worker != nil {
				w.step(f.worker)
			}
			if f.phase == waiting {
				w.now = f.at
			}
			if problem := w.wrong(); problem != "" {
				return problem
			}
			if f.phase == ended {
				break
			}
		}
	}
	if w.store.ledger.Operation.Status.Open() {
		return fmt.Sprintf("the operation is still open after %d resumes in a world that answers", mostResumes)
	}
	return ""
}

// watcher looks at a world whenever its ledger or its machines have changed.
type watcher struct {
	*world
	changes, machines, left int
	final                   *broker.Ledger
}

func (v *watcher) wrong() string {
	if v.changes == v.store.changes && v.machines == v.allMachines() && v.left == v.standing() {
		return ""
	}
	v.changes, v.machines, v.left = v.store.changes, v.allMachines(), v.standing()
	l := v.store.read()
	switch {
	case v.final != nil:
		if !reflect.DeepEqual(*v.final, l) {
			return "a closed operation changed: " + cmp.Diff(*v.final, l)
		}
	case !l.Operation.Status.Open():
		v.final = &l
	}
	return v.world.wrong()
}

// live runs one world: disturbed, then settled, then with its ghosts.
func live(choose chooser, events int) (problem string, w *world) {
	w = newWorld(choose)
	v := watcher{world: w}
	for range events {
		w.disturb()
		if problem := v.wrong(); problem != "" {
			return problem, w
		}
	}
	if problem := w.settle(); problem != "" {
		return problem, w
	}
	for _, h := range w.hands { // whoever still lives goes on
		for h.phase != gone {
			w.step(h)
			if problem := v.wrong(); problem != "" {
				return "afterwards: " + problem, w
			}
		}
	}
	w.tell()
	return v.wrong(), w
}

// tell notes how an operation ended.
func (w *world) tell() {
	o := &w.store.ledger.Operation
	w.tally["operation "+string(o.Status)]++
	if o.GivingBack {
		w.tally["given back, "+string(o.Status)]++
	}
	if o.Status == broker.OpSucceeded && w.store.ledger.Standing() < o.Wanted {
		w.tally["enough"]++
	}
	if w.store.ledger.Standing() > o.Wanted {
		w.tally["more than wanted"]++
	}
}

func (w *world) String() string {
	return strings.Join(w.log, "\n") + fmt.Sprintf("\nledger: %+v", w.store.ledger)
}

func TestNoMachineIsEverMadeTwiceOrForgottenWhateverHappens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		events := rapid.IntRange(20, 200).Draw(t, "events")
		choose := func(n int, label string) int { return rapid.IntRange(0, n-1).Draw(t, label) }
		if problem, w := live(choose, events); problem != "" {
			t.Fatalf("%s\n%s", problem, w)
		}
	})
}

// The same model without shrinking, over many seeds that are always the same.
// Together they must have seen all that the model is about.
func TestNoMachineIsEverMadeTwiceOrForgottenOverTheseSeeds(t *testing.T) {
	seeds := uint64(3_000)
	if testing.Short() {
		seeds = 300
	}
	happened := map[string]int{}
	for seed := range seeds {
		r := rand.New(rand.NewPCG(seed, 1))
		problem, w := live(func(n int, _ string) int { return r.IntN(n) }, 200)
		if problem != "" {
			t.Fatalf("seed %d: %s\n%s", seed, problem, w)
		}
		for what, n := range w.tally {
			happened[what] += n
		}
	}
	for _, what := range []string{
		"call create", "call resolve", "call find", "call poll", "call held back", "came too late", "fenced send", "fenced record",
		"two decisions at once", "decision SAME", "decision POLL", "decision WAIT", "decision NEXT", "decision DONE", "decision STOP",
		"restart", "attempt SENT", "attempt UNKNOWN", "attempt CONFIRMED", "attempt NONE", "operation SUCCEEDED", "operation PARTIAL", "operation FAILED",
		"units", "more than wanted",
		"cancelled", "operation CANCELLED", "call terminate", "enough", "given back, FAILED", "given back, CANCELLED",
	} {
		if happened[what] == 0 {
			t.Errorf("%q never happened", what)
		}
	}
	t.Log(happened)
}
