package settings

import (
	"fmt"
	"strconv"
	"time"

	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/wire"
)

// The variables.
const (
	tableName       = "OHFP_TABLE"
	functionNames   = "OHFP_FUNCTIONS"
	executeStandard = "OHFP_EXECUTE_STANDARD_ARN"
	executeExpress  = "OHFP_EXECUTE_EXPRESS_ARN"
	healthCheck     = "OHFP_HEALTH_CHECK_ARN"
	snapshotAge     = "OHFP_SNAPSHOT_SECONDS"
	staticPools     = "OHFP_STATIC"
	awsAccounts     = "OHFP_AWS"
	retained        = "OHFP_RETENTION"
)

// Env answers what a variable holds, "" for one that is not set. [os.Getenv]
// is one.
type Env func(name string) string

// Functions names the functions of an installation, those that touch a
// provider by its kind.
type Functions struct {
	Attempt map[string]string `json:"attempt" required:"true"`
	Probe   map[string]string `json:"probe" required:"true"`
	Sweep   map[string]string `json:"sweep,omitempty"` // a kind that is not there is not swept
	Settle  string            `json:"settle" required:"true"`
	Due     string            `json:"due" required:"true"`
}

// HasDriver reports whether machines of the kind can be made here.
func (f Functions) HasDriver(kind string) bool { _, ok := f.Attempt[kind]; return ok }

// StateMachines are the ARNs of the workflows that functions start.
type StateMachines struct {
	ExecuteStandard string
	ExecuteExpress  string
	HealthCheck     string
}

// Reads is what functions that read are told.
type Reads struct {
	Table     string
	Functions Functions
	Retention Retention
}

// Writes is what functions that change something are told.
type Writes struct {
	Table       string
	Functions   Functions
	Machines    StateMachines
	Retention   Retention
	SnapshotAge time.Duration // how old the registry may be that a decision is taken from; negative: never kept
}

// ForReads reads the environment of a function that reads.
func ForReads(env Env) (Reads, error) {
	table, err := env.table()
	if err != nil {
		return Reads{}, err
	}
	functions, err := env.functions()
	if err != nil {
		return Reads{}, err
	}
	kept, err := env.retention()
	return Reads{Table: table, Functions: functions, Retention: kept}, err
}

// ForWrites reads the environment of a function that changes something.
func ForWrites(env Env) (Writes, error) {
	r, err := ForReads(env)
	if err != nil {
		return Writes{}, err
	}
	machines, err := env.stateMachines()
	if err != nil {
		return Writes{}, err
	}
	age, err := env.snapshotAge()
	return Writes{Table: r.Table, Functions: r.Functions, Machines: machines, Retention: r.Retention, SnapshotAge: age}, err
}

// A decision may be taken from a registry as old as this; what changed since
// is seen by the next one.
const (
	defaultSnapshotAge = 2
	maxSnapshotAge     = 2
)

func (env Env) snapshotAge() (time.Duration, error) {
	given := env(snapshotAge)
	if given == "" {
		return defaultSnapshotAge * time.Second, nil
	}
	n, err := strconv.Atoi(given)
	if err != nil || n < 0 || n > maxSnapshotAge {
		return 0, misconfigured("%s is %q: set it in the function's configuration to 0 to %d whole seconds, or leave it out", snapshotAge, given, maxSnapshotAge)
	}
	if n == 0 {
		return -1, nil
	}
	return time.Duration(n) * time.Second, nil
}

func (env Env) table() (string, error) {
	if table := env(tableName); table != "" {
		return table, nil
	}
	return "", fault.New(fault.StoreUnavailable,
		"The function does not know its table: set %s in its configuration to the name of the broker's DynamoDB table.", tableName)
}

func (env Env) functions() (Functions, error) {
	text, err := env.need(functionNames, "the JSON that names this installation's functions")
	if err != nil {
		return Functions{}, err
	}
	var f Functions
	return f, decode(functionNames, text, &f)
}

func (env Env) stateMachines() (m StateMachines, err error) {
	for _, v := range []struct {
		name string
		to   *string
	}{{executeStandard, &m.ExecuteStandard}, {executeExpress, &m.ExecuteExpress}, {healthCheck, &m.HealthCheck}} {
		if *v.to, err = env.need(v.name, "the ARN of its state machine"); err != nil {
			return StateMachines{}, err
		}
	}
	return m, nil
}

// need returns a variable that must be set.
func (env Env) need(name, what string) (string, error) {
	if v := env(name); v != "" {
		return v, nil
	}
	return "", misconfigured("%s is not set: set it in the function's configuration to %s", name, what)
}

// decode reads the JSON of a variable strictly.
func decode(name, text string, into any) error {
	if err := wire.Decode([]byte(text), into, wire.Limits{At: name}); err != nil {
		return misconfigured("correct %s in the function's configuration: %w", name, err)
	}
	return nil
}

// misconfigured makes an internal error: the text is for the operator, in the
// log; no caller can do anything about it.
func misconfigured(format string, args ...any) error {
	return &fault.Error{Code: fault.Internal, Err: fmt.Errorf(format, args...)}
}
