package walk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"
)

// visitLimit bounds how many states one execution may enter. On AWS it ends
// at 25,000 events of history, of which a task takes five.
const visitLimit = 5000

// Machine is a definition ready to walk. It is never changed, and any number
// of executions may walk it at once.
type Machine struct {
	name  string
	graph graph
}

// Name is the file name that the machine was loaded under.
func (m *Machine) Name() string { return m.name }

// graph is a set of states with a beginning.
type graph struct {
	start  string
	states map[string]state
}

// state is one state: from input to output and the next state, "" at the end
// of the walk. An error is a *TaskError, or the context's.
type state interface {
	run(ctx context.Context, w *walker, in any) (out any, next string, err error)
	// exits lists where the state may lead; "" among them: it may end the walk.
	exits() []string
}

// Execution is one run of a machine.
type Execution struct {
	Name    string
	Input   json.RawMessage
	Timeout time.Duration // of the whole; must be positive
}

// Env is what an execution needs from outside.
type Env struct {
	Invoker Invoker
	Clock   Clock
	// Trace, if set, is told of each state as it is entered. Calls do not
	// overlap.
	Trace func(Event)
}

// Event is a state being entered.
type Event struct {
	At    time.Time
	State string
	Map   string // the Map state that the state is inside of; "" for none
	Item  int    // which of the Map's items, from 0
}

// Run walks one execution to its end and returns its output. When it does not
// succeed the error is a [*Failure]: of status Aborted when ctx ended, TimedOut
// when e.Timeout passed. A time-out that is not positive, or an input that is
// not JSON, is another error, and nothing was called.
func (m *Machine) Run(ctx context.Context, e Execution, env Env) (json.RawMessage, error) {
	if e.Timeout <= 0 {
		return nil, fmt.Errorf("running %s: execution %q has no time-out", m.name, e.Name)
	}
	in, err := decode(e.Input)
	if err != nil {
		return nil, fmt.Errorf("running %s: reading the input of execution %q: %w", m.name, e.Name, err)
	}
	limited, cancel := env.Clock.WithTimeout(ctx, e.Timeout)
	defer cancel()
	w := &walker{env: env}
	out, err := w.walk(limited, &m.graph, in, position{})
	if err != nil {
		return nil, failure(ctx, err)
	}
	return json.Marshal(out)
}

// failure turns what stopped a walk into how the execution ended.
func failure(caller context.Context, err error) *Failure {
	if e, ok := errors.AsType[*TaskError](err); ok {
		return &Failure{Status: Failed, Name: e.Name, Cause: e.Cause}
	}
	if caller.Err() != nil {
		return &Failure{Status: Aborted, Cause: context.Cause(caller).Error()}
	}
	return &Failure{Status: TimedOut, Name: StatesTimeout, Cause: "the execution took longer than its time-out"}
}

// position says where in a machine a walk is: at the top, or at one item of a
// Map.
type position struct {
	mapping string
	item    int
}

// walker is one execution on its way. The walks of a Map share it.
type walker struct {
	env Env

	mu     sync.Mutex
	visits int
}

func (w *walker) walk(ctx context.Context, g *graph, in any, at position) (any, error) {
	for name := g.start; ; {
		if err := w.enter(ctx, name, at); err != nil {
			return nil, err
		}
		out, next, err := g.states[name].run(ctx, w, in)
		if err != nil || next == "" {
			return out, err
		}
		name, in = next, out
	}
}

func (w *walker) enter(ctx context.Context, name string, at position) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.visits++; w.visits > visitLimit {
		return runtimeError("the execution entered too many states")
	}
	if w.env.Trace != nil {
		w.env.Trace(Event{At: w.env.Clock.Now(), State: name, Map: at.mapping, Item: at.item})
	}
	return nil
}

// sleep returns the context's error if that ends first.
func (w *walker) sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer, cancel := w.env.Clock.WithTimeout(ctx, d)
	defer cancel()
	<-timer.Done()
	return ctx.Err()
}
