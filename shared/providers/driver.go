package providers

import (
	"context"
	"encoding/json"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// Driver makes and ends machines at one registered provider. Methods are safe
// for concurrent use, obey ctx, and return errors as [fault.ProviderError]:
// one class, whether the request was sent, the vendor's code, a retry hint.
type Driver interface {
	// Create makes up to spec.Count machines. Fewer is no error: the reasons
	// are in CreateResult.Shortfall. An error means that none is known to
	// exist. The same token again returns the same machines and makes only
	// what the first call was refused.
	Create(ctx context.Context, spec broker.CreateSpec) (CreateResult, error)
	// Poll asks about what Create left pending.
	Poll(ctx context.Context, spec broker.CreateSpec, c json.RawMessage) (CreateResult, error)
	// Find looks up the machines that carry the token of spec, without making
	// any. None is an empty list; a failed look-up is an error.
	Find(ctx context.Context, spec broker.CreateSpec) ([]broker.Machine, error)
	// List returns the machines that carry the tag of this broker and are not
	// over, those of no other broker, each with its operation, its attempt and
	// when it was launched, as its tags and the provider say. A failed look-up
	// is an error: a part of the list is none.
	List(ctx context.Context, brokerID string) ([]broker.Machine, error)
	// Terminate ends machines: one result per id, in the order given. A
	// machine that is gone is terminated; one bad id spoils no other.
	Terminate(ctx context.Context, ids []string) ([]broker.MachineResult, error)
	// Status returns one machine per id, in the order given. Absent is a
	// status (TERMINATED or LOST), not an error.
	Status(ctx context.Context, ids []string) ([]broker.Machine, error)
	// Validate says what of the template would not work here. A template that
	// is no good is no error.
	Validate(ctx context.Context, t broker.ResolvedTemplate) (Validation, error)
	// Health checks what Create depends on. An error means that the check
	// itself could not be made.
	Health(ctx context.Context) (broker.Health, error)
	// Capabilities returns what was verified, and the limits known.
	Capabilities(ctx context.Context) (Capabilities, error)
}

// Watcher is a driver whose provider may take machines back by itself. A kind
// whose [Traits] say TakesBack has such drivers only.
type Watcher interface {
	Driver
	// Watch returns what the provider shows of machines now, each with
	// ReclaimAt where the provider says that it takes it back. A machine that
	// it does not show is left out: that alone is not told to be gone.
	Watch(ctx context.Context, ids []string) ([]broker.Machine, error)
}

// TypeReader is a driver of a kind whose machines are of types that have names.
type TypeReader interface {
	// Types returns what there is to know of machine types by name; one that
	// does not exist here is not among them. Of what is known already, what is
	// young enough may be returned as it is. What may not be looked at is absent.
	Types(ctx context.Context, names []string, known map[string]broker.MachineType) (map[string]broker.MachineType, error)
}

// Discoverer is a driver that can say what a registration may choose from.
type Discoverer interface {
	Driver
	// Discover looks at what the credentials can see. What could not be seen is
	// in it; there is no other error.
	Discover(ctx context.Context) Discovery
}

// Examiner is a driver that can check more than what is worth checking again and
// again: who it acts as, and what it may do.
type Examiner interface {
	Driver
	// Examine returns one check for each thing, those that fail with what to do.
	// It makes, changes and ends nothing.
	Examine(ctx context.Context, of Examination) []broker.Check
}

// Examination is what an examiner may speak of.
type Examination struct {
	BrokerID  string                    // the tag of what the broker makes
	Templates []broker.ResolvedTemplate // some of those that work out at the provider
}

// CreateResult is what Create or Poll achieved.
type CreateResult struct {
	Machines  []broker.Machine
	Pending   json.RawMessage // ≤ 4 KB; set while the provider still fills
	PollAfter time.Duration   // with Pending: when to ask
	Shortfall []error         // *fault.ProviderError: why there are fewer than asked

	// Settled says that the provider keeps what it answered to the token: the
	// same call makes nothing more, also one that is still under way.
	Settled bool
}

// Validation is the verdict on a template.
type Validation struct {
	Errors          []string
	Warnings        []string
	ValidatedFields []string

	// EstimatedCostPerHour is what one machine would cost; nil: not known.
	EstimatedCostPerHour *float64
}

// Capabilities is what a provider was seen to offer.
type Capabilities struct {
	Verified   map[string]any
	Limits     map[string]any
	VerifiedAt time.Time
}

// Traits are the facts about a kind that decisions need.
type Traits struct {
	// ConsistencyLag is how long a machine may exist before a look-up finds
	// it. An outcome is taken as "nothing was made" only when two look-ups
	// this far apart found nothing.
	ConsistencyLag time.Duration

	// TakesBack says that providers of the kind may take machines back by
	// themselves, and that drivers are [Watcher]s.
	TakesBack bool
}

// Opener makes drivers of one kind from registrations.
type Opener interface {
	Kind() string
	Traits() Traits
	// Open makes the driver of a registration. It does no I/O.
	Open(r broker.Registration) (Driver, error)
}
