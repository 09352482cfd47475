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
	started time.Time
	cancel  context.CancelFunc
	done    chan struct{} // closed at the end
	states  int           // entered; written by the walk
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
// and sees none of its values: a step is not part of the request that started
// it. Nothing is started when the error is ErrRunning, ErrFull, ErrStopped,
// that of ctx, or tells of an Execution that is not well formed.
func (r *Runner) Start(ctx context.Context, e Execution) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m, ok := r.machines[e.Machine]
	if !ok || e.Name == "" || e.Timeout <= 0 || !json.Valid(e.Input) {
		return fmt.Errorf("starting execution %q of %q: a name, a known machine, JSON and a time-out are needed", e.Name, e.Machine)
	}
	own, cancel := context.WithCancel(context.Background())
	x := &execution{Execution: e, machine: m, started: r.opt.Clock.Now(), cancel: cancel, done: make(chan struct{})}
	if err := r.admit(x); err != nil {
		cancel()
		return err
	}
	go r.run(own, x)
	return nil
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
	defer x.cancel()
	r.report(x, r.walk(ctx, x))
}

// walk waits for a place and walks. What is still queued when the runner stops
// is dropped: the ledger has it, and it is resumed.
func (r *Runner) walk(ctx context.Context, x *execution) error {
	select {
	case r.places <- struct{}{}:
		defer func() { <-r.places }()
	case <-r.stopping:
		return &walk.Failure{Status: walk.Aborted, Cause: ErrStopped.Error()}
	}
	left := x.Timeout - r.opt.Clock.Now().Sub(x.started)
	if left <= 0 {
		return &walk.Failure{Status: walk.TimedOut, Name: walk.StatesTimeout, Cause: "it waited for a place until its time-out"}
	}
	_, err := x.machine.Run(ctx, walk.Execution{Name: x.Name, Input: x.Input, Timeout: left},
		walk.Env{Invoker: r.opt.Invoker, Clock: r.opt.Clock, Trace: func(walk.Event) { x.states++ }})
	return err
}

// report logs one line per execution: ids, names and figures, never what the
// execution carried.
func (r *Runner) report(x *execution, err error) {
	level, status, name := slog.LevelInfo, "SUCCEEDED", ""
	if err != nil {
		level, status = slog.LevelWarn, string(walk.Failed)
	}
	if f, ok := errors.AsType[*walk.Failure](err); ok {
		status, name = string(f.Status), f.Name
	}
	r.opt.Log.LogAttrs(context.Background(), level, "execution ended",
		slog.String("execution", x.Name), slog.String("machine", x.Machine), slog.String("operation_id", x.OperationID),
		slog.String("status", status), slog.String("error", name), slog.Int("states", x.states),
		slog.Int64("duration_ms", r.opt.Clock.Now().Sub(x.started).Milliseconds()))
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
