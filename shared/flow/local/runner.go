package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/openhostfactory/ohfp/shared/trace"
	"github.com/openhostfactory/ohfp/statemachines"
	"github.com/openhostfactory/ohfp/statemachines/walk"
)

// What Start answers when it starts nothing.
var (
	ErrRunning = errors.New("an execution of this name is running")
	ErrFull    = errors.New("too many executions are waiting")
	ErrStopped = errors.New("the runner is stopping")
)

// Execution is one run of a state machine.
type Execution struct {
	Name        string // unique among those running
	Machine     string // one of statemachines.Names()
	OperationID string // "" when it is about none
	Input       json.RawMessage
	Timeout     time.Duration // of the whole, from Start; must be positive
}

// Options configure a Runner. Invoker, Clock and Log are needed.
type Options struct {
	Invoker walk.Invoker
	Clock   walk.Clock
	Log     *slog.Logger
	// Running is how many executions run at a time; 0 is 1,024. One that
	// waits, or polls, holds its place: about 10 KB and no thread.
	Running int
	// Queued is how many more may wait for a place; 0 is 8,192.
	Queued int
	// Ended, if set, is told how each execution ended, before those who wait
	// for it. Several may end at once.
	Ended func(Execution, Result)
}

// Runner runs executions in this process. All methods may be called from
// several goroutines at once.
type Runner struct {
	opt      Options
	machines map[string]*walk.Machine
	places   chan struct{} // holds one element per running execution
	stopping chan struct{} // closed by Stop

	mu         sync.Mutex
	stopped    bool
	executions map[string]*execution   // queued or running, by name
	operations map[string][]*execution // those about an operation, by its id
}

// execution is one of the runner's, from Start to its end.
type execution struct {
	Execution

	machine *walk.Machine
	cancel  context.CancelCauseFunc
	done    chan struct{} // closed at the end
	result  Result        // belongs to the walk until done is closed
}

// New loads the definitions and returns a runner of them.
func New(o Options) (*Runner, error) {
	o.Running, o.Queued = or(o.Running, 1024), or(o.Queued, 8192)
	o.Invoker = guarded{o.Invoker, o.Log}
	machines := map[string]*walk.Machine{}
	for _, name := range statemachines.Names() {
		m, err := statemachines.Load(name)
		if err != nil {
			return nil, fmt.Errorf("loading state machine %q: %w", name, err)
		}
		machines[name] = m
	}
	return &Runner{
		opt: o, machines: machines,
		places: make(chan struct{}, o.Running), stopping: make(chan struct{}),
		executions: map[string]*execution{}, operations: map[string][]*execution{},
	}, nil
}

func or(n, otherwise int) int {
	if n == 0 {
		return otherwise
	}
	return n
}

// Start begins e and returns at once. The execution lives on when ctx ends,
// and sees none of its values, but who traces it: a step is not part of the
// request that started it. Nothing is started when the error is ErrRunning, ErrFull, ErrStopped,
// that of ctx, or tells of an Execution that is not well formed.
func (r *Runner) Start(ctx context.Context, e Execution) error {
	_, err := r.Begin(ctx, e)
	return err
}

// Begin is Start for callers who want to see how e ends, or to end it.
func (r *Runner) Begin(ctx context.Context, e Execution) (Handle, error) {
	if err := ctx.Err(); err != nil {
		return Handle{}, err
	}
	m, ok := r.machines[e.Machine]
	if !ok || e.Name == "" || e.Timeout <= 0 || !json.Valid(e.Input) {
		return Handle{}, fmt.Errorf("starting execution %q of %q: a name, a known machine, JSON and a time-out are needed", e.Name, e.Machine)
	}
	own, cancel := context.WithCancelCause(trace.With(context.Background(), trace.From(ctx)))
	x := &execution{Execution: e, machine: m, cancel: cancel, done: make(chan struct{})}
	x.result.Started = r.opt.Clock.Now()
	if err := r.admit(x); err != nil {
		cancel(err)
		return Handle{}, err
	}
	go r.run(own, x)
	return Handle{x}, nil
}

func (r *Runner) admit(x *execution) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch _, running := r.executions[x.Name]; {
	case r.stopped:
		return ErrStopped
	case running:
		return ErrRunning
	case len(r.executions) >= r.opt.Running+r.opt.Queued:
		return ErrFull
	}
	r.executions[x.Name] = x
	if x.OperationID != "" {
		r.operations[x.OperationID] = append(r.operations[x.OperationID], x)
	}
	return nil
}

func (r *Runner) run(ctx context.Context, x *execution) {
	defer r.forget(x)
	defer x.cancel(nil)
	output, err := r.walk(ctx, x)
	x.result.Ended = r.opt.Clock.Now()
	x.result.end(output, err, context.Cause(ctx))
	r.report(x)
	if r.opt.Ended != nil {
		r.opt.Ended(x.Execution, x.result)
	}
}

// walk waits for a place and walks. What is still queued when it is aborted,
// or when the runner stops, is dropped: the ledger has it, and it is resumed.
func (r *Runner) walk(ctx context.Context, x *execution) (json.RawMessage, error) {
	select {
	case r.places <- struct{}{}:
		defer func() { <-r.places }()
	case <-ctx.Done():
		return nil, &walk.Failure{Status: walk.Aborted, Cause: context.Cause(ctx).Error()}
	case <-r.stopping:
		return nil, &walk.Failure{Status: walk.Aborted, Cause: ErrStopped.Error()}
	}
	left := x.Timeout - r.opt.Clock.Now().Sub(x.result.Started)
	if left <= 0 {
		return nil, &walk.Failure{Status: walk.TimedOut, Name: walk.StatesTimeout, Cause: "it waited for a place until its time-out"}
	}
	return x.machine.Run(ctx, walk.Execution{Name: x.Name, Input: x.Input, Timeout: left},
		walk.Env{Invoker: r.opt.Invoker, Clock: r.opt.Clock, Trace: func(walk.Event) { x.result.States++ }})
}

// report logs one line per execution: ids, names and figures, never what the
// execution carried.
func (r *Runner) report(x *execution) {
	level, name := slog.LevelInfo, ""
	if f := x.result.Failure; f != nil {
		level, name = slog.LevelWarn, f.Name
	}
	r.opt.Log.LogAttrs(context.Background(), level, "execution ended",
		slog.String("execution", x.Name), slog.String("machine", x.Machine), slog.String("operation_id", x.OperationID),
		slog.String("status", string(x.result.Status())), slog.String("error", name), slog.Int("states", x.result.States),
		slog.Int64("duration_ms", x.result.Ended.Sub(x.result.Started).Milliseconds()))
}

func (r *Runner) forget(x *execution) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.executions, x.Name)
	about := slices.DeleteFunc(r.operations[x.OperationID], func(o *execution) bool { return o == x })
	r.operations[x.OperationID] = about
	if len(about) == 0 {
		delete(r.operations, x.OperationID)
	}
	close(x.done)
}
