package command

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/fulfilment"
	"github.com/openhostfactory/ohfp/shared/op"
	"github.com/openhostfactory/ohfp/shared/quota"
)

// ExecuteProviderOperation carries an operation out at the best provider, and
// at the next one for what that cannot do.
var ExecuteProviderOperation = op.Define(op.Spec{
	Name: executing, Kind: op.Command, Role: op.Scheduler, Timeout: 28 * time.Second,
	Async: true, OwnsKeys: true,
	Summary: "Carry an operation out, with failover to the next provider",
	Detail: "A create keeps what it got and asks the next provider for the rest. Terminate and status go to the owners of the " +
		"machines. A template that is no good is a good answer: result.valid is false. The answer is the finished operation; with " +
		"--async, or when the time is over, its id.",
	Examples: []op.Example{
		{Title: "Two machines from wherever is best", Body: `{"operation_type": "CREATE_INSTANCES", "parameters": {"template_id": "web-server", "count": 2}}`},
		{Title: "From one provider only", Body: `{"operation_type": "CREATE_INSTANCES", "parameters": {"template_id": "web-server", "count": 2}, "strategy_override": "pool-a"}`},
		{Title: "All of them or none", Body: `{"operation_type": "CREATE_INSTANCES", "parameters": {"template_id": "web-server", "count": 2, "all_or_nothing": true}}`},
		{Title: "Two, or one if there are no more", Body: `{"operation_type": "CREATE_INSTANCES", "parameters": {"template_id": "web-server", "count": 2, "min_count": 1}}`},
		{Title: "Machines worth two units", Body: `{"operation_type": "CREATE_INSTANCES", "parameters": {"template_id": "web-server", "units": 2}}`},
		{Title: "Without waiting", Body: `{"operation_type": "CREATE_INSTANCES", "parameters": {"template_id": "web-server", "count": 2}}`, Async: true},
		{Title: "Status of all machines of an operation", Body: `{"operation_type": "GET_INSTANCE_STATUS", "parameters": {"operation_id": "01980000-0000-7000-8000-000000000000"}}`},
		{Title: "Return machines", Body: `{"operation_type": "TERMINATE_INSTANCES", "parameters": {"machine_ids": ["m-00000000-0000-5000-8000-000000000000"]}}`},
		{Title: "Whether machines can be made from a template", Body: `{"operation_type": "VALIDATE_TEMPLATE", "parameters": {"template_id": "web-server"}}`},
		{Title: "What a provider can make machines from", Body: `{"operation_type": "GET_AVAILABLE_TEMPLATES", "strategy_override": "pool-a"}`},
		{Title: "Check the health of a provider now", Body: `{"operation_type": "HEALTH_CHECK", "strategy_override": "pool-a"}`},
	},
	Faults: []fault.Code{
		fault.NotFound, fault.Conflict, fault.OperationInProgress, fault.Frozen, fault.IdempotencyKeyReused, fault.InvalidTemplate,
		fault.ProviderFailed, fault.NoProviderAvailable, fault.OutcomeUnknown,
	},
}, Service.executeProviderOperation)

// ExecuteInput is what is to be done.
type ExecuteInput struct {
	OperationType     broker.OperationType `json:"operation_type" doc:"What is to be done." required:"true"`
	Parameters        Parameters           `json:"parameters,omitzero" doc:"With what, by operation type."`
	StrategyOverride  string               `json:"strategy_override,omitempty" doc:"This provider and no other; no failover." format:"name"`
	SelectionCriteria *broker.Criteria     `json:"selection_criteria,omitempty" doc:"Who may do it, and who is preferred."`
	SelectionPolicy   string               `json:"selection_policy,omitempty" doc:"How equals are told apart: FIRST_AVAILABLE, ROUND_ROBIN, WEIGHTED_ROUND_ROBIN, LEAST_CONNECTIONS, FASTEST_RESPONSE, HIGHEST_SUCCESS_RATE, CAPABILITY_BASED, HEALTH_BASED, RANDOM, COST_OPTIMIZED, GEOGRAPHIC, ADAPTIVE, STICKY."`
	TimeoutSeconds    int                  `json:"timeout_seconds,omitempty" doc:"Nothing new is started after so many seconds: 1 to 25, default 25; with --async 1 to 3600, default 600." min:"1" max:"3600"`
	RetryCount        int                  `json:"retry_count,omitempty" doc:"More tries at one provider after a failure that allows it." min:"0" max:"3" default:"1"`
	Context           map[string]string    `json:"context,omitempty" doc:"Your own notes, stored with the operation. STICKY reads affinity_key; GEOGRAPHIC reads zone, region, geography, latitude and longitude." maxlen:"50"`
}

// Parameters says with what; which fields count depends on the type.
type Parameters struct {
	TemplateID   string                 `json:"template_id,omitempty" doc:"CREATE_INSTANCES, VALIDATE_TEMPLATE: the template." format:"name"`
	Template     *TemplateInput         `json:"template,omitempty" doc:"CREATE_INSTANCES, VALIDATE_TEMPLATE: a template given here instead of by id."`
	Count        *int                   `json:"count,omitempty" doc:"CREATE_INSTANCES: how many machines." min:"1" max:"1000"`
	Units        *int                   `json:"units,omitempty" doc:"CREATE_INSTANCES: how many units, in the place of count; what a machine is worth is in the template's machine_weights. The last machine may bring more." min:"1" max:"999000"`
	MinCount     *int                   `json:"min_count,omitempty" doc:"CREATE_INSTANCES: enough to succeed with, in what the request counts; once so many are there, no other provider is asked for the rest. All when absent." min:"1" max:"999000"`
	AllOrNothing *bool                  `json:"all_or_nothing,omitempty" doc:"CREATE_INSTANCES: when there are fewer than min_count, or than count without one, give back what was made and fail."`
	Tags         map[string]string      `json:"tags,omitempty" doc:"CREATE_INSTANCES: tags of the machines." maxlen:"50"`
	UserData     string                 `json:"user_data,omitempty" doc:"CREATE_INSTANCES: given to each machine at its first start; never logged." maxlen:"16384"`
	MachineIDs   []string               `json:"machine_ids,omitempty" doc:"TERMINATE_INSTANCES, GET_INSTANCE_STATUS: the machines."`
	OperationID  string                 `json:"operation_id,omitempty" doc:"GET_INSTANCE_STATUS: all machines that this operation made." format:"name"`
	Filter       *broker.TemplateFilter `json:"filter,omitempty" doc:"GET_AVAILABLE_TEMPLATES: which; all when absent."`
}

// Time limits of an operation.
const (
	syncDefault, syncLongest = 25 * time.Second, 25 * time.Second
	asyncDefault             = 600 * time.Second
	endDeadline              = 15 * time.Minute // terminations go on after their caller has left
	endPatience              = 20 * time.Second // and their caller is told so after this
	answerMargin             = time.Second      // to read the ledger and answer
)

// executeProviderOperation claims the operation before anything is done, so
// that it is carried out whatever becomes of this call. See op.Spec.Faults for
// the errors; FAILED and UNKNOWN hold the operation.
func (s Service) executeProviderOperation(ctx context.Context, in ExecuteInput) (Executed, error) {
	call := op.CallFrom(ctx)
	if err := check(in, call.Async); err != nil {
		return Executed{}, err
	}
	if stored, done, err := s.replay(ctx, call); done {
		return stored, err
	}
	claim, err := s.plan(ctx, in, call)
	if err != nil {
		return Executed{}, err
	}
	if err := s.claim(ctx, claim); err != nil {
		if !fault.Is(err, fault.OutcomeUnknown) {
			s.unreserve(ctx, &claim.Operation)
		}
		return s.taken(ctx, call, err)
	}
	return s.carryOut(ctx, claim, in)
}

// claim stores the operation. When the store did not answer, the operation may
// stand all the same, and be resumed one day: the caller must not believe that
// nothing will come of it, so that it is looked for.
func (s Service) claim(ctx context.Context, c *broker.Claim) error {
	if c.Operation.Limited && s.Now().Sub(c.Now) > quota.ClaimWithin {
		return fault.New(fault.StoreUnavailable, "the store took too long to reserve machines of template %q; try again", c.Operation.TemplateID)
	}
	err := s.Ledger.ClaimOperation(ctx, *c)
	if !fault.Is(err, fault.StoreUnavailable) {
		return err //nolint:wrapcheck // taken says what was done
	}
	switch _, lerr := s.Ledger.Ledger(context.WithoutCancel(ctx), c.Operation.ID); {
	case lerr == nil: // only the answer was lost
		return nil
	case fault.Is(lerr, fault.NotFound):
		return err //nolint:wrapcheck // taken says what was done
	}
	return &fault.Error{
		Code: fault.OutcomeUnknown, OperationID: c.Operation.ID, Err: err,
		Detail: "the store did not say whether it accepted the operation; getOperation shows it under this operation_id if it did",
	}
}

// carryOut starts the workflow of a claimed operation and waits for it as long
// as the caller does. When it cannot be started the operation stands all the
// same: the reconciler resumes it.
func (s Service) carryOut(ctx context.Context, c *broker.Claim, in ExecuteInput) (Executed, error) {
	o := &c.Operation
	s.Log.InfoContext(ctx, "claimed", "operation_id", o.ID, "operation_type", o.Type, "wanted", o.Wanted, "policy", o.Policy, "async", o.Async)
	if o.Status.Open() {
		s.launch(ctx, c)
		if o.Async {
			return Executed{(&broker.Ledger{Operation: *o, Attempts: c.Attempts}).View()}, nil
		}
		s.await(ctx, o, patience(in))
	}
	l, err := s.Ledger.Ledger(context.WithoutCancel(ctx), o.ID)
	if err != nil {
		return Executed{}, s.lost(o.ID, err)
	}
	tellLedger(ctx, &l)
	return answer(l, true, s.Now())
}

// launch starts the workflow of a claimed operation that is open.
func (s Service) launch(ctx context.Context, c *broker.Claim) {
	o := &c.Operation
	d := fulfilment.Begin(broker.Ledger{Operation: *o, Attempts: c.Attempts}, s.rules(), c.Now)
	if err := s.start(ctx, o, d); err != nil {
		s.Log.ErrorContext(ctx, "starting a workflow failed; the operation will be resumed", "operation_id", o.ID, "error", err)
	}
}

// await returns when the workflow has ended or patience has.
func (s Service) await(ctx context.Context, o *broker.Operation, patience time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := s.Flows.WaitOperation(ctx, o.ID); err != nil && ctx.Err() == nil {
		s.Log.ErrorContext(ctx, "waiting for a workflow failed", "operation_id", o.ID, "error", err)
	}
}

func patience(in ExecuteInput) time.Duration {
	if in.OperationType == broker.TerminateInstances {
		return endPatience
	}
	return timeout(in, false) + answerMargin
}

// lost is the answer when an operation was claimed and cannot be read back: it
// goes on, and the caller must not send it again.
func (s Service) lost(id string, err error) error {
	return &fault.Error{
		Code: fault.OutcomeUnknown, OperationID: id, Err: err,
		Detail: "the operation was accepted and its record cannot be read now; getOperation shows it under this operation_id",
	}
}

// replay answers a request whose idempotency key was used before.
func (s Service) replay(ctx context.Context, call op.Call) (Executed, bool, error) {
	if call.IdempotencyKey == "" {
		return Executed{}, false, nil
	}
	r, found, err := s.Keys.ReadKey(ctx, keyOf(call, executing), s.Now())
	if err != nil {
		return Executed{}, true, fmt.Errorf("reading an idempotency key: %w", err)
	}
	if !found {
		return Executed{}, false, nil
	}
	out, err := s.stored(ctx, call, r)
	return out, true, err
}

// stored is the answer that an idempotency key stands for: the operation as
// its ledger shows it.
func (s Service) stored(ctx context.Context, call op.Call, r broker.KeyRecord) (Executed, error) {
	if r.Hash != call.BodyHash {
		return Executed{}, fault.New(fault.IdempotencyKeyReused, "the idempotency key was used for another request; take a new key for each new request")
	}
	l, err := s.Ledger.Ledger(ctx, r.OperationID)
	if err != nil {
		return Executed{}, fmt.Errorf("reading operation %s: %w", r.OperationID, err)
	}
	if l.Operation.Status == broker.OpRunning {
		e := fault.New(fault.OperationInProgress, "the operation of this idempotency key is still running; getOperation shows it")
		e.OperationID, e.RetryAfter = r.OperationID, time.Second
		return Executed{}, e
	}
	return answer(l, false, s.Now())
}

// taken handles a claim that found its idempotency key taken in between.
func (s Service) taken(ctx context.Context, call op.Call, err error) (Executed, error) {
	if c := new(broker.Conflict); errors.As(err, &c) {
		if r, ok := c.Current.(broker.KeyRecord); ok {
			return s.stored(ctx, call, r)
		}
	}
	return Executed{}, fmt.Errorf("claiming the operation: %w", err)
}

const (
	keyLife   = 24 * time.Hour
	executing = "executeProviderOperation"
)

// keyOf is the idempotency key of a call of an operation that keeps its own.
func keyOf(call op.Call, operation string) broker.Key {
	return broker.Key{Principal: call.Principal, Operation: operation, Key: call.IdempotencyKey}
}
