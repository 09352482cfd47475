package sfn

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	awssfn "github.com/aws/aws-sdk-go-v2/service/sfn"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// Options configure Flows. Client, Ledger and Log are needed, and the state machines
// that are to be used: an execution of one that has no ARN fails.
type Options struct {
	ExecuteStandard string // ARN of execute_with_failover, type STANDARD
	ExecuteExpress  string // ARN of execute_with_failover, type EXPRESS
	HealthCheck     string // ARN of health_check, type EXPRESS
	Due             string // name of the function that health_check begins with

	Ledger broker.OperationReader // where the end of an operation is seen
	Log    *slog.Logger

	// Client reaches Step Functions. Its retryer, and the time-out of its HTTP
	// client if that is the SDK's own, are replaced.
	Client *awssfn.Client

	AttemptTimeout time.Duration // of one HTTP request that starts a Standard execution; 0: 2 s
	StartTimeout   time.Duration // of starting one, with its retries; 0: 6 s
	Attempts       int           // how often a start is tried; 0: 4
	ExpressTimeout time.Duration // of an Express execution, from here; 0: 30 s, longer than any such operation
	ProbeTimeout   time.Duration // of a check, which is part of a request; 0: 4 s
}

const (
	defaultAttemptTimeout = 2 * time.Second
	defaultStartTimeout   = 6 * time.Second
	defaultAttempts       = 4
	defaultExpressTimeout = 30 * time.Second
	defaultProbeTimeout   = 4 * time.Second
)

func (o Options) withDefaults() Options {
	o.AttemptTimeout = orDefault(o.AttemptTimeout, defaultAttemptTimeout)
	o.StartTimeout = orDefault(o.StartTimeout, defaultStartTimeout)
	o.Attempts = orDefault(o.Attempts, defaultAttempts)
	o.ExpressTimeout = orDefault(o.ExpressTimeout, defaultExpressTimeout)
	o.ProbeTimeout = orDefault(o.ProbeTimeout, defaultProbeTimeout)
	return o
}

func orDefault[N ~int | ~int64](n, otherwise N) N {
	if n <= 0 {
		return otherwise
	}
	return n
}

// Flows starts workflows on Step Functions. Its methods are safe for
// concurrent use.
type Flows struct {
	opt    Options
	starts *awssfn.Client // repeats what fails in passing
	syncs  *awssfn.Client // sends everything once

	mu      sync.Mutex
	express map[string]*express // begun here and not joined, by operation
}

// New returns Flows on the client of o.
func New(o Options) (*Flows, error) {
	o = o.withDefaults()
	if o.Client == nil {
		return nil, errors.New("no client of Step Functions is given")
	}
	base := o.Client.Options()
	return &Flows{
		opt: o, express: map[string]*express{},
		starts: awssfn.New(base, repeating(o)), syncs: awssfn.New(base, once),
	}, nil
}

// Running is false: whether another process's execution runs cannot be known
// cheaply, and need not be. An operation that is resumed while its execution
// lives has two workers, and the ledger's fences let one of them act.
func (f *Flows) Running(string) bool { return false }

// StartOperation starts a run. One that reads, for a caller who waits, is
// begun beside him, and is cut loose when ctx ends; any other has been taken
// by Step Functions when StartOperation returns. One of that name that runs,
// or has run, is left alone.
func (f *Flows) StartOperation(ctx context.Context, e broker.Execution) error {
	if e.ReadOnly && e.Awaited {
		return f.beginExpress(ctx, e)
	}
	return f.startStandard(ctx, e)
}

func arn(of, configured string) (*string, error) {
	if configured == "" {
		return nil, fmt.Errorf("no ARN of the state machine %s is configured", of)
	}
	return awssdk.String(configured), nil
}
