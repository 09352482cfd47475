package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/fulfilment"
	"github.com/openhostfactory/ohfp/shared/hostfactory"
	"github.com/openhostfactory/ohfp/shared/op"
)

const requestingMachines = "requestMachines"

// RequestMachines stores a scheduler's request for machines and begins to
// fulfil it.
var RequestMachines = op.Define(op.Spec{
	Name: requestingMachines, Kind: op.Command, Role: op.Scheduler, OwnsKeys: true, Timeout: 10 * time.Second,
	Summary: "Request machines as a scheduler does",
	Detail: "The request is stored before any provider is asked, and fulfilled by as many of them as it takes. getRequestStatus says how it " +
		"stands. It ends when its time is over (request_timeout of the template), with what it got. What nobody asks for within " +
		"15 minutes after that is returned.",
	Examples: []op.Example{{Title: "Two machines", Body: `{"template_id": "web-server", "machine_count": 2}`}},
	Faults: []fault.Code{
		fault.NotFound, fault.Frozen, fault.IdempotencyKeyReused, fault.InvalidTemplate, fault.NoProviderAvailable,
	},
}, Service.requestMachines)

// RequestMachinesInput is what a scheduler asks for.
type RequestMachinesInput struct {
	TemplateID   string `json:"template_id" doc:"The template." required:"true" format:"name"`
	MachineCount int    `json:"machine_count" doc:"How many machines." required:"true" min:"1" max:"1000"`
	HostProvider string `json:"host_provider,omitempty" doc:"The scheduler's provider instance that asks." format:"name"`
	RCAccount    string `json:"rc_account,omitempty" doc:"The account of LSF that it is for; a tag of the machines." maxlen:"256"`
	UserData     string `json:"user_data,omitempty" doc:"Given to each machine at its first start; never logged." maxlen:"16384"`
}

// claimWithin is how long the result of a request is kept for its scheduler.
const claimWithin = 15 * time.Minute

// requestMachines returns not_found for a template that the instance may not
// see, and no_provider_available when nobody can make machines of it or when
// the template's limit is reached. After it has stored the request it returns
// its id, whatever happens.
func (s Service) requestMachines(ctx context.Context, in RequestMachinesInput) (hostfactory.Requested, error) {
	call := op.CallFrom(ctx)
	if again, done, err := s.repeated(ctx, call, requestingMachines); done {
		return again, err
	}
	host, err := s.hostProvider(ctx, in.HostProvider)
	if err != nil {
		return hostfactory.Requested{}, err
	}
	t, err := s.seen(ctx, &host, in)
	if err != nil {
		return hostfactory.Requested{}, err
	}
	claim, err := s.planRequest(ctx, in, &host, &t)
	if err != nil {
		return hostfactory.Requested{}, err
	}
	keep := s.keyFor(claim, call, requestingMachines)
	done, err := s.claimRequest(ctx, keep, call)
	if err != nil || done.RequestID != keep.Operation.ID { // refused, or another call was first
		s.unreserve(ctx, &keep.Operation)
		return done, err
	}
	done.Message = fmt.Sprintf("Requested %d of template %q.", in.MachineCount, in.TemplateID)
	return done, nil
}

// seen returns the template of a request. not_found when there is none or the
// instance may not see it; invalid_request for more than it ever allows.
func (s Service) seen(ctx context.Context, host *broker.HostProvider, in RequestMachinesInput) (broker.Template, error) {
	t, err := s.Templates.Template(ctx, in.TemplateID)
	if err == nil && !host.Sees(t.ID) {
		err = fault.New(fault.NotFound, "There is no template %q for host provider %q.", t.ID, host.Name)
	}
	if err != nil {
		return t, fmt.Errorf("reading template %q: %w", in.TemplateID, fault.Lookup(err, "template_id", "getAvailableTemplates shows those that may be asked for."))
	}
	if limit, limited := limitOf(&t); limited && in.MachineCount > limit {
		return t, fault.Invalid("machine_count", "template %q allows at most %d, got %d", t.ID, limit, in.MachineCount)
	}
	return t, nil
}

// planRequest makes the operation that a request is.
func (s Service) planRequest(ctx context.Context, in RequestMachinesInput, host *broker.HostProvider, t *broker.Template) (*broker.Claim, error) {
	tags := map[string]string{}
	if in.RCAccount != "" {
		tags[cmp.Or(host.AccountTag, "rc_account")] = in.RCAccount
	}
	call := op.CallFrom(ctx)
	call.Async, call.IdempotencyKey = true, ""
	c, err := s.planAs(ctx, "req-"+s.NewID(), ExecuteInput{
		OperationType: broker.CreateInstances, SelectionCriteria: host.Criteria, RetryCount: 1, TimeoutSeconds: t.RequestTimeout,
		Parameters: Parameters{TemplateID: t.ID, Count: &in.MachineCount, Tags: tags, UserData: in.UserData},
	}, call)
	if err != nil {
		return nil, err
	}
	if t.PriceType == heterogeneous {
		spotFirst(&c.Operation)
		c.Attempts = fulfilment.First(&c.Operation, c.Now)
	}
	maps.Copy(tags, t.Tags)
	c.Operation.Request = &broker.HostRequest{
		Instance: in.HostProvider, Account: in.RCAccount, Partial: t.PartialStatus, PriceType: t.PriceType, Tags: tags, ClaimWithin: claimWithin,
	}
	return c, nil
}

// The ways to pay for a machine.
const (
	heterogeneous = "heterogeneous" // spot, and on demand what that does not give
	spot          = "spot"
	onDemand      = "ondemand"
)

// spotFirst has the two best providers asked for spot machines, and for what is
// missing then for machines on demand, when two thirds of the request's time
// are over: the rest is for those to start in.
func spotFirst(o *broker.Operation) {
	best := o.Candidates[:min(2, len(o.Candidates))]
	late := o.CreatedAt.Add(o.Deadline.Sub(o.CreatedAt) * 2 / 3)
	var all []broker.Candidate
	for _, c := range best {
		all = append(all, paid(c, spot))
	}
	for _, c := range best {
		c = paid(c, onDemand)
		c.NotBefore = late
		all = append(all, c)
	}
	o.Candidates = all
}

// paid is a candidate with a template that is paid for like this.
func paid(c broker.Candidate, how string) broker.Candidate {
	spec := *c.Spec
	spec.Template.PriceType = how
	c.Spec = &spec
	return c
}

// keyFor has a claim keep the call's idempotency key.
func (s Service) keyFor(c *broker.Claim, call op.Call, operation string) *broker.Claim {
	if call.IdempotencyKey != "" {
		c.Key = &broker.KeyRecord{
			Key: keyOf(call, operation), Hash: call.BodyHash, OperationID: c.Operation.ID, ExpiresAt: c.Now.Add(keyLife),
		}
	}
	return c
}

// claimRequest stores a request and starts it. It is accepted also when the
// store did not say so: the id says what became of it, one way or the other.
func (s Service) claimRequest(ctx context.Context, c *broker.Claim, call op.Call) (hostfactory.Requested, error) {
	err := s.claim(ctx, c)
	if taken := new(broker.Conflict); errors.As(err, &taken) {
		if r, ok := taken.Current.(broker.KeyRecord); ok {
			return repeated(call, r)
		}
	}
	accepted := hostfactory.Requested{RequestID: c.Operation.ID}
	if fault.Is(err, fault.OutcomeUnknown) {
		return accepted, nil
	}
	if err != nil {
		return hostfactory.Requested{}, fmt.Errorf("storing the request: %w", err)
	}
	o := &c.Operation
	s.Log.InfoContext(ctx, "requested", "request_id", o.ID, "operation_type", o.Type, "wanted", o.Wanted, "template", o.TemplateID, "host_provider", o.Request.Instance)
	if o.Status.Open() {
		s.launch(ctx, c)
	}
	return accepted, nil
}

// repeated answers a request whose idempotency key was used before: with the
// id that it got then.
func (s Service) repeated(ctx context.Context, call op.Call, operation string) (hostfactory.Requested, bool, error) {
	if call.IdempotencyKey == "" {
		return hostfactory.Requested{}, false, nil
	}
	r, found, err := s.Keys.ReadKey(ctx, keyOf(call, operation), s.Now())
	if err != nil {
		return hostfactory.Requested{}, true, fmt.Errorf("reading an idempotency key: %w", err)
	}
	if !found {
		return hostfactory.Requested{}, false, nil
	}
	again, err := repeated(call, r)
	return again, true, err
}

func repeated(call op.Call, r broker.KeyRecord) (hostfactory.Requested, error) {
	if r.Hash != call.BodyHash {
		return hostfactory.Requested{}, fault.New(fault.IdempotencyKeyReused, "the idempotency key was used for another request; take a new key for each new request")
	}
	return hostfactory.Requested{Message: "The same call was made before; this is its request. For another one, write the file anew, or send another idempotency key.", RequestID: r.OperationID}, nil
}
