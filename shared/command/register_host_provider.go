package command

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/hostfactory"
	"github.com/openhostfactory/ohfp/shared/op"
)

// RegisterHostProvider says what an instance of a scheduler's plug-in may see.
var RegisterHostProvider = op.Define(op.Spec{
	Name: "registerHostProvider", Kind: op.Command, Role: op.Operator, Changes: true, Timeout: 10 * time.Second,
	Summary: "Say what an instance of a scheduler's plug-in may see",
	Detail: "The name is that of the provider instance in Symphony or LSF, which its scripts find in their environment. An instance that is " +
		"not registered sees every template. Changing one needs the version that you saw; the same content again changes nothing.",
	Examples: []op.Example{{
		Title: "An instance that may ask for two templates",
		Body:  `{"name": "ohfpinst", "dialect": "symphony", "templates": ["web", "batch"]}`,
	}},
	Faults: []fault.Code{fault.Conflict, fault.Frozen},
}, Service.registerHostProvider)

// HostProviderInput is an instance as a user writes it.
type HostProviderInput struct {
	Name              string           `json:"name" doc:"Name of the instance, as the scheduler knows it." required:"true" format:"name"`
	Dialect           string           `json:"dialect" doc:"Whose it is: symphony or lsf." required:"true" enum:"symphony,lsf"`
	Templates         []string         `json:"templates,omitempty" doc:"The templates that it may ask for; all when absent, none when empty." maxlen:"1000"`
	SelectionCriteria *broker.Criteria `json:"selection_criteria,omitempty" doc:"Criteria for its requests; they win over a template's."`
	AccountTag        string           `json:"account_tag,omitempty" doc:"Tag of machines that holds the account of LSF; rc_account when absent." maxlen:"128"`
	Version           int64            `json:"version,omitempty" doc:"The version that you saw, to change one that is stored." min:"0"`
}

// HostProviderStored is the answer.
type HostProviderStored struct {
	Name      string      `json:"name" doc:"Name of the instance."`
	Status    string      `json:"status" doc:"registered, updated or unchanged."`
	Version   int64       `json:"version" doc:"Version now stored."`
	UpdatedAt broker.Time `json:"updated_at" doc:"When it was last changed."`
}

// registerHostProvider returns conflict when another content is stored and
// in.Version is not its version.
func (s Service) registerHostProvider(ctx context.Context, in HostProviderInput) (HostProviderStored, error) {
	if in.SelectionCriteria != nil {
		if err := checkCriteria(*in.SelectionCriteria); err != nil {
			return HostProviderStored{}, err
		}
	}
	h := broker.HostProvider{
		Name: in.Name, Scheduler: strings.ToLower(in.Dialect), Templates: in.Templates, Criteria: in.SelectionCriteria,
		AccountTag: in.AccountTag, Version: in.Version, UpdatedAt: s.Now(), Actor: actor(ctx),
	}
	stored, err := s.Requests.PutHostProvider(ctx, h)
	status := "registered"
	if in.Version > 0 {
		status = "updated"
	}
	if c := new(broker.Conflict); errors.As(err, &c) {
		current, ok := c.Current.(broker.HostProvider)
		if !ok || !sameHostProvider(current, h) {
			return HostProviderStored{}, stale(fmt.Sprintf("host provider %q", h.Name), current.Version)
		}
		stored, status = current, unchanged
	} else if err != nil {
		return HostProviderStored{}, fmt.Errorf("storing host provider %q: %w", h.Name, err)
	}
	return HostProviderStored{Name: stored.Name, Status: status, Version: stored.Version, UpdatedAt: broker.Time{Time: stored.UpdatedAt}}, nil
}

// sameHostProvider compares what a user wrote.
func sameHostProvider(a, b broker.HostProvider) bool {
	a.Version, a.UpdatedAt, a.Actor = b.Version, b.UpdatedAt, b.Actor
	return sameJSON(a, b)
}

// hostProvider returns an instance; one that nobody registered may see all.
func (s Service) hostProvider(ctx context.Context, name string) (broker.HostProvider, error) {
	h := broker.HostProvider{Name: name, Scheduler: string(hostfactory.Symphony)}
	if name == "" {
		return h, nil
	}
	stored, err := s.Requests.HostProvider(ctx, name)
	if fault.Is(err, fault.NotFound) {
		return h, nil
	}
	if err != nil {
		return h, fmt.Errorf("reading host provider %q: %w", name, err)
	}
	return stored, nil
}
