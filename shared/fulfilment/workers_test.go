package fulfilment_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/fulfilment"
)

// A worker of the model goes through an attempt in the order of package
// dispatch, one boundary at a time, so that anything may happen in between:
// others move, time passes, it dies, or its workflow takes it for dead.

type phase int

const (
	reading phase = iota
	sending
	calling
	looking
	recording
	gone
)

type worker struct {
	work   fulfilment.Work
	phase  phase
	ledger broker.Ledger
	before broker.Attempt
	seen   broker.Fenced
	until  time.Time // its call leaves before this or never
	began  time.Time
	after  broker.Attempt
	report string // what its workflow is told; "" while it works
	done   bool   // it told its workflow that the operation is complete
}

func (h *worker) attempt() *broker.Attempt { return &h.seen.Attempt }

func (h *worker) end(report string) { h.phase, h.report = gone, report }

// step moves a worker over one boundary.
func (w *world) step(h *worker) {
	switch h.phase {
	case reading:
		w.begin(h)
	case sending:
		w.send(h)
	case calling:
		w.call(h)
	case looking:
		found, err := w.find(h.attempt().Spec)
		w.answered(h, fulfilment.Lookup(*h.attempt(), found, err, w.places[h.attempt().Kind].lag, h.began))
	case recording:
		w.record(h)
	case gone:
	}
}

func (w *world) begin(h *worker) {
	h.ledger = w.store.read()
	a := h.ledger.Attempt(h.work.Attempt)
	if !h.work.Fits(a) {
		w.tally["came too late"]++
		h.end(fault.ASLSuperseded)
		return
	}
	h.before, h.seen = *a, broker.Fenced{Attempt: *a, SeenRun: a.Run, SeenState: a.State}
	h.until = w.now.Add(time.Duration(h.work.DriverTimeoutMS) * time.Millisecond)
	h.phase = calling
	switch {
	case !w.calm && w.choose.one(15, "the breaker refuses"):
		until := time.Duration(w.choose(3, "open for")) * 20 * time.Second
		w.answered(h, fulfilment.Refusal(*a, "open", w.now.Add(until), w.now))
	case h.work.Action == fulfilment.ActCreate:
		if !w.calm && w.choose.one(12, "half-open") {
			spec := *a.Spec
			spec.Count = 1
			h.attempt().Count, h.attempt().Spec = 1, &spec
		}
		h.phase = sending
	case h.work.Action == fulfilment.ActResolve, h.work.Action == fulfilment.ActTerminate:
		h.phase = sending
	}
}

func (w *world) send(h *worker) {
	sent := h.seen
	sent.Attempt = fulfilment.Sending(sent.Attempt, w.now, h.until)
	if attempt, _ := w.store.recordOutcome(broker.Outcome{Attempt: sent}); attempt != nil {
		w.tally["fenced send"]++
		h.end(fault.ASLSuperseded)
		return
	}
	if w.store.ledger.Operation.Cancelled != nil && h.work.Action == fulfilment.ActCreate {
		w.objection = "a cancelled operation was sent"
	}
	h.seen = broker.Fenced{Attempt: sent.Attempt, SeenRun: sent.Attempt.Run, SeenState: broker.Sent}
	h.phase = calling
}

func (w *world) call(h *worker) {
	a := *h.attempt()
	late := !w.now.Before(h.until)
	if late {
		w.tally["call held back"]++
	}
	switch {
	case late && h.work.Action == fulfilment.ActFind:
		w.answered(h, fulfilment.Lookup(a, nil, providerError(fault.Refused, false, 0), 0, w.now))
	case late && h.work.Action == fulfilment.ActTerminate:
		w.answered(h, fulfilment.Termination(a, nil, providerError(fault.Refused, false, 0), w.now))
	case h.work.Action == fulfilment.ActTerminate:
		w.note("attempt %d run %d gives back %v at %s", a.N, a.Run, a.MachineIDs, a.Provider)
		results, err := w.terminate(&a)
		w.answered(h, fulfilment.Termination(a, results, err, w.now))
	case late && h.work.Action == fulfilment.ActPoll:
		w.answered(h, fulfilment.Polling(a, fulfilment.Made{Err: providerError(fault.Refused, false, 0)}, w.now))
	case late:
		w.answered(h, fulfilment.Creation(h.before, a, fulfilment.Made{Err: providerError(fault.Refused, false, 0)}, w.now))
	case h.work.Action == fulfilment.ActFind:
		h.began, h.phase = w.now, looking
	case h.work.Action == fulfilment.ActPoll:
		w.answered(h, fulfilment.Polling(a, w.poll(a.Spec, a.Kind), w.now))
	default:
		w.note("attempt %d run %d calls %s for %d", a.N, a.Run, a.Provider, a.Count)
		w.answered(h, fulfilment.Creation(h.before, a, w.create(a.Spec, a.Kind), w.now))
	}
}

func (w *world) answered(h *worker, after broker.Attempt) {
	h.after, h.phase = after, recording
	w.tally["call "+string(h.work.Action)]++
	w.tally["attempt "+string(after.State)]++
	w.note("attempt %d run %d %s: %s %s confirmed %d", after.N, after.Run, h.work.Action, after.State, after.Class, after.Confirmed)
}

func (w *world) record(h *worker) {
	o := broker.Outcome{Attempt: h.seen}
	h.after = fulfilment.Recorded(h.after)
	o.Attempt.Attempt = h.after
	*h.ledger.Attempt(h.after.N) = h.after
	if closed, ok := fulfilment.Complete(&h.ledger, w.now); ok {
		o.Closed = &closed
	}
	attempt, operation := w.store.recordOutcome(o)
	if operation != nil {
		o.Closed = nil
		attempt, _ = w.store.recordOutcome(o)
	}
	switch {
	case attempt != nil:
		w.tally["fenced record"]++
		h.end(fault.ASLSuperseded)
	case o.Closed != nil:
		h.end("")
		h.done = true
	case h.after.State == broker.Sent:
		h.end(fault.ASLPending)
	case h.after.Class != fault.None && h.after.State != broker.Confirmed:
		h.end(h.after.Class.Rule().ASL)
	default:
		h.end(fault.ASLPartial)
	}
}

// A flow of the model is one execution of the workflow, or one call of the
// reconciler that starts one.

type flowPhase int

const (
	deciding flowPhase = iota
	storing
	waiting
	working
	ended
)

type flow struct {
	phase    flowPhase
	report   *fulfilment.Report // nil: it begins by resuming
	restart  bool               // it resumes after everybody has died
	cancels  bool               // it is a command: it decides once
	decision fulfilment.Decision
	work     fulfilment.Work
	at       time.Time // when what is waited for begins, or the task is over
	worker   *worker
}

func (w *world) stepFlow(f *flow) {
	switch f.phase {
	case deciding:
		w.decide(f)
	case storing:
		w.take(f)
	case waiting:
		if !w.now.Before(f.at) {
			w.hire(f)
		}
	case working:
		w.watch(f)
	case ended:
	}
}

func (w *world) decide(f *flow) {
	l := w.store.read()
	rules := w.rules()
	switch {
	case f.cancels:
		f.decision = w.cancel(l)
	case f.report != nil:
		f.decision = fulfilment.Settle(l, *f.report, rules, w.now)
	default:
		rules.Dead = f.restart
		f.decision = fulfilment.Resume(l, rules, w.now)
	}
	if f.decision.Step == nil {
		w.follow(f)
		return
	}
	f.phase = storing
}

// take stores a decision, or has it taken again when the ledger has changed.
func (w *world) take(f *flow) {
	d := f.decision
	if f.report == nil && d.Wait > 0 && !f.cancels {
		d.Step.Operation.DueAt = w.now.Add(d.Wait)
	}
	if w.store.takeStep(*d.Step) != nil {
		w.tally["two decisions at once"]++
		f.phase = deciding
		return
	}
	w.object(d)
	if f.cancels {
		w.tally["cancelled"]++
		f.phase = ended
		if d.Attempt.N == 0 {
			return
		}
		w.note("a workflow for what the cancellation left")
	}
	w.note("decided %s %s attempt %d run %d wait %s, operation %s", d.Verdict, d.Action, d.Attempt.N, d.Attempt.Run, d.Wait, d.Step.Operation.Status)
	if f.report == nil && d.Wait > 0 && !f.cancels {
		f.phase = ended
		return
	}
	w.follow(f)
}

// object notes a decision that sends something anew although the operation is
// cancelled.
func (w *world) object(d fulfilment.Decision) {
	if w.store.ledger.Operation.Cancelled != nil && (d.Action == fulfilment.ActCreate || d.Action == fulfilment.ActResolve) {
		w.objection = fmt.Sprintf("a cancelled operation is to %s", d.Action)
	}
}

// cancel takes the decision of a command. Where nothing is out it ends the
// operation at once.
func (w *world) cancel(l broker.Ledger) fulfilment.Decision {
	d := fulfilment.Cancel(l, broker.Cancellation{At: w.now}, w.rules(), w.now)
	out := slices.ContainsFunc(l.Attempts, func(a broker.Attempt) bool {
		return a.State == broker.Sent || a.State == broker.UnknownEffect
	})
	if d.Step == nil {
		return d
	}
	if o := d.Step.Operation; out && !o.Status.Open() || o.Status.Open() && !out && !o.GivingBack {
		w.objection = fmt.Sprintf("cancelled while something is out: %v; and then the operation is %s", out, d.Step.Operation.Status)
	}
	return d
}

func (w *world) follow(f *flow) {
	w.tally["decision "+string(f.decision.Verdict)]++
	if f.decision.Attempt.N == 0 {
		f.phase = ended
		return
	}
	f.work = fulfilment.WorkOf("op", f.decision, strings.ToLower)
	f.at, f.phase = w.now.Add(time.Duration(f.work.WaitSeconds)*time.Second), waiting
}

func (w *world) hire(f *flow) {
	f.worker = &worker{work: f.work}
	w.hands = append(w.hands, f.worker)
	f.at, f.phase = w.now.Add(time.Duration(f.work.TimeoutSeconds)*time.Second), working
}

// watch is what a workflow sees of its worker: a report, silence past the
// task's time, or an error of the function service that may be wrong.
func (w *world) watch(f *flow) {
	switch {
	case f.worker.done:
		f.phase = ended
	case f.worker.report != "":
		w.caught(f, f.worker.report)
	case !w.now.Before(f.at):
		w.caught(f, "States.Timeout")
	case w.calm || w.mood == peaceful:
	case w.choose.one(map[mood]int{deadly: 12, doubling: 12, ghostly: 2}[w.mood], "taken for dead"):
		w.caught(f, "Lambda.Unknown")
	case w.choose.one(12, "invoked again"):
		w.hire(f)
	}
}

func (w *world) caught(f *flow, name string) {
	w.note("settling attempt %d run %d after %s", f.work.Attempt, f.work.Run, name)
	f.report, f.phase = &fulfilment.Report{Attempt: f.work.Attempt, Run: f.work.Run, Error: name}, deciding
}
