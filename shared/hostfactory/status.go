package hostfactory

import "github.com/openhostfactory/ohfp/shared/broker"

// Status is where a request is, in the schedulers' words.
type Status string

// The statuses. The last two are terminal: they never change.
const (
	Running           Status = "running"
	Complete          Status = "complete"
	CompleteWithError Status = "complete_with_error"
)

// Values lists the statuses.
func (Status) Values() []string {
	return []string{string(Running), string(Complete), string(CompleteWithError)}
}

// Terminal reports whether s never changes.
func (s Status) Terminal() bool { return s == Complete || s == CompleteWithError }

// Result is what became of one machine of a request, in the schedulers' words.
type Result string

// The results.
const (
	Executing Result = "executing"
	Succeed   Result = "succeed"
	Fail      Result = "fail"
)

// Values lists the results.
func (Result) Values() []string { return []string{string(Executing), string(Succeed), string(Fail)} }

// acquired and returned say what a machine's status means to who asked for it
// and to who gives it back. What is not in them goes on.
var (
	acquired = map[broker.MachineStatus]Result{
		broker.MachinePending:    Executing,
		broker.MachineRunning:    Succeed,
		broker.MachineStopping:   Fail,
		broker.MachineStopped:    Fail,
		broker.MachineTerminated: Fail,
		broker.MachineLost:       Fail,
		broker.MachineFailed:     Fail,
	}
	returned = map[broker.MachineStatus]Result{
		broker.MachinePending:    Executing,
		broker.MachineRunning:    Executing,
		broker.MachineStopping:   Executing,
		broker.MachineStopped:    Succeed,
		broker.MachineTerminated: Succeed,
		broker.MachineLost:       Succeed,
		broker.MachineFailed:     Succeed,
	}
)

// Acquired is the result of a machine that was asked for. One that runs counts
// when the scheduler can reach it: with a name of its own and an address.
func Acquired(m *broker.Machine) Result {
	r, known := acquired[m.Status]
	switch {
	case !known:
		return Executing
	case r == Succeed && !m.Reachable():
		return Executing
	}
	return r
}

// Returned is the result of a machine that was given back. One that is not
// there any more, "" as a status, is what was wanted.
func Returned(s broker.MachineStatus) Result {
	if s == "" {
		return Succeed
	}
	if r, known := returned[s]; known {
		return r
	}
	return Executing
}

// Wish is what a request asked for.
type Wish struct {
	Machines int    // how many
	Open     bool   // more may come, or is looked for
	Partial  Status // of a request that got some and not all; "" is complete_with_error
}

// Fold is the status of a request with these machines: any that is executing
// keeps it running; else one that failed, or fewer than asked, is an error, or
// what the template says of a partial answer. A request that got nothing has
// failed whatever is said of partial ones.
func Fold(w Wish, machines []Result) Status {
	succeeded, failed := 0, 0
	for _, r := range machines {
		switch r {
		case Succeed:
			succeeded++
		case Fail:
			failed++
		case Executing:
			return Running
		default:
			return Running
		}
	}
	switch {
	case w.Open:
		return Running
	case failed == 0 && succeeded >= w.Machines:
		return Complete
	case succeeded > 0 && w.Partial.Terminal():
		return w.Partial
	}
	return CompleteWithError
}
