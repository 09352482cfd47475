package runtimeapi

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/google/uuid"
)

// Invoke calls a function and waits for its answer. Errors are
// [*FunctionError] when the function failed, [*ServiceError] when it was not
// run, and ctx's own when that ended first: the function goes on then, as on
// AWS. While every process of the function is at work it waits for one.
func (s *Server) Invoke(ctx context.Context, function string, payload json.RawMessage) (json.RawMessage, error) {
	return s.run(ctx, call{uuid.NewString(), function, payload})
}

func (s *Server) run(ctx context.Context, c call) ([]byte, error) {
	e, err := s.begin(ctx, c)
	if err != nil {
		return nil, err
	}
	return e.wait(ctx)
}

// comeback is how long an answer is held back for its process to be free
// again, so that a caller whose next call follows at once finds it.
const comeback = 20 * time.Millisecond

// wait returns the outcome of e.
func (e *event) wait(ctx context.Context) ([]byte, error) {
	select {
	case o := <-e.outcome:
		select {
		case <-e.over:
		case <-time.After(comeback):
		}
		return o.body, o.err
	case <-ctx.Done():
		return nil, ctx.Err() //nolint:wrapcheck // the caller's own reason
	}
}

// call is one call of a function.
type call struct {
	id, function string
	payload      []byte
}

// begin starts an invocation.
func (s *Server) begin(ctx context.Context, c call) (*event, error) {
	p := s.pools[c.function]
	if p == nil {
		return nil, refused("ResourceNotFoundException", http.StatusNotFound, "Function not found: %s", s.arn(c.function))
	}
	if len(c.payload) == 0 {
		c.payload = []byte("{}")
	}
	if len(c.payload) > MaxPayload {
		return nil, refused("RequestTooLargeException", http.StatusRequestEntityTooLarge, "%d byte payload is too large for the RequestResponse invocation type (limit %d bytes)", len(c.payload), MaxPayload)
	}
	if err := p.enter(ctx); err != nil {
		return nil, err
	}
	e := &event{id: c.id, payload: c.payload, outcome: make(chan outcome, 1), returned: make(chan struct{}), over: make(chan struct{})}
	if !s.enlist(func() { p.carry(e) }) {
		p.leave()
		return nil, errClosed
	}
	return e, nil
}

// enlist runs fn beside, unless the server is closed.
func (s *Server) enlist(fn func()) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.processes == nil {
		return false
	}
	s.work.Go(fn)
	return true
}

// carry has e carried out by a process, and keeps the place until that process
// is idle again or gone.
func (p *pool) carry(e *event) {
	defer close(e.over)
	defer p.leave()
	for x := p.take(); x != nil; x = p.take() {
		if p.give(x, e) {
			return
		} // it died while it was idle: there may be another
	}
	x, err := p.fresh()
	if err == nil && !p.give(x, e) {
		err = x.death()
	}
	if err != nil {
		e.outcome <- outcome{err: err}
	}
}

// fresh returns a new process that is ready.
func (p *pool) fresh() (*process, error) {
	x, err := p.spawn()
	if err != nil {
		return nil, err
	}
	late := time.NewTimer(p.server.opt.InitTimeout)
	defer late.Stop()
	select {
	case <-x.ready:
		return x, nil
	case <-x.exited:
		return nil, x.death()
	case <-late.C:
		x.kill()
		<-x.exited
		return nil, failed(TimedOut, "Init timed out after %.2f seconds", p.server.opt.InitTimeout.Seconds())
	}
}

// give has x carry e out, and sees to it that e has an outcome and that x has
// done with it by the deadline. It returns false when x was gone before it saw
// e, which then has no outcome.
func (p *pool) give(x *process, e *event) bool {
	e.deadline = p.server.opt.Now().Add(p.function.Timeout)
	x.events <- e // there is room: x was idle, or has just started
	late := time.NewTimer(p.function.Timeout)
	defer late.Stop()
	select {
	case <-e.returned:
		p.put(x)
	case <-x.exited:
		if !x.saw(e) {
			return false
		}
		x.end(e, x.death())
	case <-late.C:
		x.kill()
		<-x.exited
		x.end(e, failed(TimedOut, "RequestId: %s Error: Task timed out after %.2f seconds", e.id, p.function.Timeout.Seconds()))
	}
	return true
}

// saw reports whether x was handed e.
func (x *process) saw(e *event) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return e.taken
}

// end gives e an outcome unless it has one.
func (x *process) end(e *event, err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	select {
	case e.outcome <- outcome{err: err}:
	default: // answered before x went
	}
	x.current = nil
}
