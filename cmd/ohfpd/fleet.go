package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/catalog"
	"github.com/openhostfactory/ohfp/shared/flow/local"
	"github.com/openhostfactory/ohfp/shared/host/apigateway"
	"github.com/openhostfactory/ohfp/shared/host/runtimeapi"
	"github.com/openhostfactory/ohfp/shared/host/statesapi"
	"github.com/openhostfactory/ohfp/shared/op"
	"github.com/openhostfactory/ohfp/statemachines"
)

// Time-outs of executions, as they are deployed: the longest operation and
// what settling it may take; a synchronous caller's; a round of checks.
const (
	standardTimeout = time.Hour + broker.ExecutionGrace
	expressTimeout  = 27 * time.Second
	healthTimeout   = 5 * time.Minute
)

// The state machines, by the names that they would have on AWS.
const (
	executeStandard = "ohfp-execute"
	executeExpress  = "ohfp-execute-express"
	healthExpress   = "ohfp-health-check"
)

// fleet is the broker as it is deployed: its functions are the binaries, each
// in processes of its own. What AWS does between them is done here.
type fleet struct {
	store     *openedStore
	functions *runtimeapi.Server
	runner    *local.Runner
	doors     *http.Server // of functions: the APIs of Step Functions and of Lambda
	invokeURL string       // of the Lambda API, for any client of AWS
}

// wireFleet starts the functions of --lambdas and what they need.
func wireFleet(ctx context.Context, cfg Config, log *slog.Logger, out io.Writer) (*site, error) {
	b, err := findFunctions(cfg.Lambdas)
	if err != nil {
		return nil, err
	}
	store, err := openStore(ctx, cfg, log)
	if err != nil {
		return nil, err
	}
	exported, err := exporter(store) // what its functions count is in the table only
	if err != nil {
		return nil, errors.Join(err, store.close())
	}
	f := &fleet{store: store}
	if err := f.start(ctx, cfg, b, fleetLog{log, out}); err != nil {
		return nil, errors.Join(err, f.close(ctx))
	}
	t := ticker{runner: f.runner, interval: cfg.Tick, log: log}
	return served(&site{
		Endpoints: described(), Metrics: exported.Write, Events: streams(store, log), Forward: apigateway.Front{Invoke: f.functions.Invoke}.Forward, Run: t.run,
		Ready: func() error { return ready(store) }, Close: f.close, InvokeURL: f.invokeURL,
	})
}

// fleetLog is where this process and its functions write.
type fleetLog struct {
	log *slog.Logger
	out io.Writer
}

// described are the operations as routes know them: carried out elsewhere.
func described() []op.Endpoint {
	var all []op.Endpoint
	for _, row := range catalog.All() {
		in, out := row.Types()
		all = append(all, op.Endpoint{Spec: row.Describe(), In: in, Out: out})
	}
	return all
}

// start opens the workflows first, for functions are told where they are.
func (f *fleet) start(ctx context.Context, cfg Config, b build, l fleetLog) (err error) {
	f.runner, err = local.New(local.Options{Invoker: f, Clock: local.SystemClock{}, Log: l.log, Running: cfg.MaxExecutions})
	if err != nil {
		return fmt.Errorf("loading the workflows: %w", err)
	}
	states, err := statesapi.New(statesapi.Options{Runner: f.runner, Machines: stateMachines()})
	if err != nil {
		return fmt.Errorf("making the state machines: %w", err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // binding loopback waits for nobody
	if err != nil {
		return fmt.Errorf("opening the doors of functions: %w", err)
	}
	secret := "/" + rand.Text() // no signature is checked: who knows the path may call
	base := "http://" + listener.Addr().String() + secret
	if err := f.startFunctions(ctx, cfg, b, workflowARNs{
		endpoint: base + statesPath,
		standard: states.ARN(executeStandard), express: states.ARN(executeExpress), health: states.ARN(healthExpress),
	}, l); err != nil {
		return errors.Join(err, listener.Close())
	}
	f.invokeURL = base + lambdaPath
	f.serveDoors(listener, secret, states, l.log)
	return nil
}

func (f *fleet) startFunctions(ctx context.Context, cfg Config, b build, flows workflowARNs, l fleetLog) error {
	a, err := awsConfig(ctx, l.log)
	if err != nil {
		return err
	}
	env, err := environment(ctx, a, cfg, b.kinds, flows)
	if err != nil {
		return err
	}
	f.functions, err = runtimeapi.Start(runtimeapi.Options{
		Functions: b.functions, Env: env, Region: a.Region, Output: l.out, Log: l.log, Now: time.Now,
	})
	if err != nil {
		return fmt.Errorf("starting the functions: %w", err)
	}
	return nil
}

func stateMachines() map[string]statesapi.Machine {
	return map[string]statesapi.Machine{
		executeStandard: {Definition: statemachines.ExecuteWithFailover, Type: statesapi.Standard, Timeout: standardTimeout},
		executeExpress:  {Definition: statemachines.ExecuteWithFailover, Type: statesapi.Express, Timeout: expressTimeout},
		healthExpress:   {Definition: statemachines.HealthCheck, Type: statesapi.Express, Timeout: healthTimeout},
	}
}

// The doors, below the secret path.
const (
	statesPath = "/states"
	lambdaPath = "/lambda"
)

func (f *fleet) serveDoors(l net.Listener, secret string, states http.Handler, log *slog.Logger) {
	m := http.NewServeMux()
	m.Handle(secret+statesPath, states) // the SDK asks for the path as it was given
	m.Handle(secret+statesPath+"/", states)
	m.Handle(secret+lambdaPath+"/", http.StripPrefix(secret+lambdaPath, f.functions.Handler()))
	f.doors = &http.Server{Handler: m, ReadHeaderTimeout: doorTimeout, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn)}
	go func() {
		if err := f.doors.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			log.Error("the doors of functions closed", "error", err.Error())
		}
	}()
}

// doorTimeout is how long a function may take to send the head of a request.
const doorTimeout = 5 * time.Second

// Invoke calls a function for a workflow.
func (f *fleet) Invoke(ctx context.Context, function string, payload json.RawMessage) (json.RawMessage, error) {
	return f.functions.Invoke(ctx, function, payload) //nolint:wrapcheck // the workflow reads the error's name
}

// close ends the functions, whatever they are doing: the workflows, which wait
// for them, were stopped before.
func (f *fleet) close(context.Context) error {
	var errs []error
	if f.doors != nil {
		errs = append(errs, f.doors.Close())
	}
	if f.functions != nil {
		errs = append(errs, f.functions.Close())
	}
	return errors.Join(append(errs, f.store.close())...)
}
