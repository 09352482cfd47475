package runtimeapi

import (
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
)

// lastOutput is how long the output of a process that has ended is waited for:
// a child of its own may hold the pipe open.
const lastOutput = time.Second

// process is a running function. It carries out one event at a time.
type process struct {
	pool   *pool
	path   string // of its Runtime API
	cmd    *exec.Cmd
	events chan *event   // of capacity 1
	ready  chan struct{} // closed when it asks for its first event
	exited chan struct{} // closed when it is gone
	expiry *time.Timer   // while idle; of the pool

	mu      sync.Mutex
	started bool           // it has asked for an event
	current *event         // handed out and not answered
	last    *event         // answered, or current: the one that the next request for an event ends
	broken  *FunctionError // what it said about its start
	gone    bool
}

// event is one invocation.
type event struct {
	id       string
	payload  []byte
	deadline time.Time
	outcome  chan outcome  // of capacity 1
	returned chan struct{} // closed when the process asks for the next
	over     chan struct{} // closed when its process is free again or gone
	taken    bool          // under the process's mutex
}

// outcome is what a function answered, or how it failed.
type outcome struct {
	body []byte
	err  error
}

// spawn starts a process.
func (p *pool) spawn() (*process, error) {
	x := &process{pool: p, events: make(chan *event, 1), ready: make(chan struct{}), exited: make(chan struct{})}
	if err := p.server.enrol(x); err != nil {
		return nil, err
	}
	out := p.server.out.stream()
	if err := x.start(out); err != nil {
		p.server.strike(x)
		p.server.opt.Log.Error("a function cannot be started", "function", p.function.Name, "error", err.Error())
		return nil, failed(InvalidEntrypoint, "Couldn't find valid bootstrap(s): the binary of the function cannot be started.")
	}
	p.server.work.Go(func() { x.reap(out) })
	select {
	case <-p.server.closed: // Close may have come before there was a process to kill
		x.kill()
	default:
	}
	return x, nil
}

func (x *process) start(out *stream) error {
	c := exec.Command(x.pool.function.Bootstrap) //nolint:gosec,noctx // the operator names the binaries; it ends by kill
	c.Dir = filepath.Dir(x.pool.function.Bootstrap)
	c.Env = x.pool.environment(x)
	c.Stdout, c.Stderr = out, out
	c.WaitDelay = lastOutput
	ownGroup(c)
	x.mu.Lock()
	defer x.mu.Unlock()
	x.cmd = c
	return c.Start() //nolint:wrapcheck // logged by the only caller
}

// reap waits for the end.
func (x *process) reap(out *stream) {
	err := x.cmd.Wait()
	out.flush()
	x.mu.Lock()
	x.gone = true
	x.mu.Unlock()
	close(x.exited)
	x.pool.remove(x)
	x.pool.server.strike(x)
	x.pool.server.opt.Log.Debug("a function's process ended", "function", x.pool.function.Name, "pid", x.cmd.Process.Pid, "state", ending(err))
}

func ending(err error) string {
	if err == nil {
		return "exit status 0"
	}
	return err.Error()
}

// kill ends the process and what it has started. Who wants to know that it is
// gone waits on exited.
func (x *process) kill() {
	x.mu.Lock()
	defer x.mu.Unlock()
	if !x.gone && x.cmd != nil && x.cmd.Process != nil { // else Close came before it was started
		killGroup(x.cmd.Process)
	}
}

// death is what an invocation gets of a process that is gone.
func (x *process) death() *FunctionError {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.broken != nil {
		return x.broken
	}
	return failed(ExitError, "Runtime exited with error: %s", x.cmd.ProcessState)
}

// environment is what Lambda gives a function, over what the caller wants.
func (p *pool) environment(x *process) []string {
	o, f := p.server.opt, p.function
	env := []string{"PATH=/usr/local/bin:/usr/bin:/bin", "LANG=en_US.UTF-8", "TZ=:UTC"}
	env = append(env, o.Env...)
	env = append(env, f.Env...)
	dir := filepath.Dir(f.Bootstrap)
	return append(env,
		"AWS_LAMBDA_RUNTIME_API="+p.server.address+"/"+x.path,
		"AWS_LAMBDA_FUNCTION_NAME="+f.Name,
		"AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE="+strconv.Itoa(f.Memory),
		"AWS_LAMBDA_INITIALIZATION_TYPE=on-demand",
		"AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/"+f.Name,
		"AWS_LAMBDA_LOG_STREAM_NAME="+o.Now().UTC().Format("2006/01/02")+"/[$LATEST]"+strings.ReplaceAll(uuid.NewString(), "-", ""),
		"AWS_EXECUTION_ENV=AWS_Lambda_provided.al2023",
		"AWS_REGION="+o.Region, "AWS_DEFAULT_REGION="+o.Region,
		"LAMBDA_TASK_ROOT="+dir, "LAMBDA_RUNTIME_DIR="+dir, "_HANDLER=bootstrap",
	)
}

var errNotCurrent = errors.New("not the current event")

// next waits for an event; nil when x shall end or the request is over.
func (x *process) next(over <-chan struct{}) *event {
	x.asked()
	select {
	case e := <-x.events:
		x.mu.Lock()
		defer x.mu.Unlock()
		x.current, x.last, e.taken = e, e, true
		return e
	case <-over:
	case <-x.exited:
	case <-x.pool.server.closed:
	}
	return nil
}

// asked notes that x asks for an event: it has started, or has done with the
// last one.
func (x *process) asked() {
	x.mu.Lock()
	defer x.mu.Unlock()
	if !x.started {
		x.started = true
		close(x.ready)
	}
	if x.last != nil && x.current == nil {
		close(x.last.returned)
		x.last = nil
	}
}

// answer ends the current event, which must have that id. Only the first
// answer counts.
func (x *process) answer(id string, o outcome) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.current == nil || x.current.id != id {
		return fmt.Errorf("answering %q: %w", id, errNotCurrent)
	}
	x.current.outcome <- o
	x.current = nil
	return nil
}

// holds reports whether the current event has that id.
func (x *process) holds(id string) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.current != nil && x.current.id == id
}

// fail notes what x says about its start.
func (x *process) fail(e *FunctionError) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.broken = e
}
