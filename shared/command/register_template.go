package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/hostfactory"
	"github.com/openhostfactory/ohfp/shared/op"
	"github.com/openhostfactory/ohfp/shared/providers/config"
)

// RegisterTemplate stores what kind of machine a template id stands for.
var RegisterTemplate = op.Define(op.Spec{
	Name: "registerTemplate", Kind: op.Command, Role: op.Operator, Changes: true, Timeout: 10 * time.Second,
	Summary: "Store a template: the kind of machine that an id stands for",
	Detail: "Attributes ncpus, ncores, nram and mem (MiB) are minimums, all others must be equal. overrides.types and overrides.providers " +
		"change fields for one provider kind or one provider; a name wins over a type, and that over the base. With dry_run " +
		"nothing is stored: the answer says what would be, field by field.",
	Examples: []op.Example{{
		Title: "A machine with 2 CPUs and 4 GiB",
		Body:  `{"template_id": "web-server", "attributes": {"ncpus": 2, "nram": 4096}}`,
	}},
	Faults: []fault.Code{fault.Conflict, fault.Frozen},
}, Service.registerTemplate)

// TemplateInput is a template as a user writes it.
type TemplateInput struct {
	TemplateID         string            `json:"template_id" doc:"Name of the template." required:"true" format:"name"`
	MaxNumber          *int              `json:"max_number,omitempty" doc:"Most machines made from it at a time, of all requests together; -1 is no limit, 0 none." min:"-1" max:"1000000"`
	Attributes         map[string]any    `json:"attributes,omitempty" doc:"What the machine must have: ncpus, ncores, nram and mem (MiB) at least, others equal. A value may also be as schedulers write it: [\"Numeric\", \"2\"]." maxlen:"100"`
	MachineTypes       []string          `json:"machine_types,omitempty" doc:"Instance types, best first."`
	Image              string            `json:"image,omitempty" doc:"Image to start from." maxlen:"256"`
	UserData           string            `json:"user_data,omitempty" doc:"Given to the machine at its first start; never logged." maxlen:"16384"`
	Tags               map[string]string `json:"tags,omitempty" doc:"Tags of the machine." maxlen:"50"`
	PriceType          string            `json:"price_type,omitempty" doc:"How the machine is paid." enum:"ondemand,spot,heterogeneous"`
	SelectionPolicy    string            `json:"selection_policy,omitempty" doc:"Policy for creates of this template."`
	SelectionCriteria  *broker.Criteria  `json:"selection_criteria,omitempty" doc:"Criteria for creates of this template; a request's own win."`
	FallbackStrategies []string          `json:"fallback_strategies,omitempty" doc:"Providers to try last." maxlen:"4"`
	Overrides          broker.Overrides  `json:"overrides,omitzero" doc:"Fields by provider type and by provider name."`
	PartialStatus      string            `json:"partial_status,omitempty" doc:"Status that a scheduler is told of a request that got some and not all; default complete_with_error." enum:"complete,complete_with_error"`
	RequestTimeout     int               `json:"request_timeout,omitempty" doc:"Seconds until a scheduler's request ends; default 600." min:"0" max:"3600"`
	SchedulerFields    map[string]any    `json:"scheduler_fields,omitempty" doc:"What schedulers are shown beside: onDemandCapacity, pgrpName. The broker reads nothing of it." maxlen:"50"`
	MaxLifetime        *int              `json:"max_lifetime,omitempty" doc:"Seconds until a machine is returned." planned:"machines have no lifetime limit yet"`
	MachineWeights     map[string]int    `json:"machine_weights,omitempty" doc:"Units that a machine of a type is worth, 1 to 999, for creates in units; 1 where a type is not named." maxlen:"400"`
	Version            int64             `json:"version,omitempty" doc:"The version that you saw, to change a stored template." min:"0"`
}

// RegisterTemplateInput is a template, and how to store it.
type RegisterTemplateInput struct {
	TemplateInput
	KeepUserData bool `json:"keep_user_data,omitempty" doc:"Where no user_data is given, keep what is stored: it is never shown, so that who writes back what was listed would lose it."`
	DryRun       bool `json:"dry_run,omitempty" doc:"Store nothing; say what would change. A version is not needed for that."`
}

// TemplateStored is the answer.
type TemplateStored struct {
	TemplateID string          `json:"template_id" doc:"Name of the template."`
	Status     string          `json:"status" doc:"registered, updated or unchanged."`
	Version    int64           `json:"version" doc:"Version now stored."`
	UpdatedAt  broker.Time     `json:"updated_at" doc:"When it was last changed."`
	DryRun     bool            `json:"dry_run,omitempty" doc:"Nothing was stored: status is what it would be, version what is stored."`
	Changes    []broker.Change `json:"changes,omitempty" doc:"Of a dry run: what would change in what is stored."`
}

// registerTemplate returns conflict when another content is stored and
// in.Version is not its version.
func (s Service) registerTemplate(ctx context.Context, in RegisterTemplateInput) (TemplateStored, error) {
	t, err := s.templateOf(in.TemplateInput)
	if err != nil {
		return TemplateStored{}, err
	}
	if in.KeepUserData {
		if t, err = s.keepUserData(ctx, t, in.Version); err != nil {
			return TemplateStored{}, err
		}
	}
	if in.DryRun {
		return s.previewTemplate(ctx, t, in.Version)
	}
	t.Version, t.UpdatedAt, t.Actor = in.Version, s.Now(), actor(ctx)
	stored, err := s.Templates.PutTemplate(ctx, t)
	status := "registered"
	if in.Version > 0 {
		status = "updated"
	}
	if c := new(broker.Conflict); errors.As(err, &c) {
		current, ok := c.Current.(broker.Template)
		if !ok || !sameTemplate(current, t) {
			return TemplateStored{}, stale(fmt.Sprintf("template %q", t.ID), current.Version)
		}
		stored, status = current, unchanged
	} else if err != nil {
		return TemplateStored{}, fmt.Errorf("storing template %q: %w", t.ID, err)
	}
	return TemplateStored{TemplateID: stored.ID, Status: status, Version: stored.Version, UpdatedAt: broker.Time{Time: stored.UpdatedAt}}, nil
}

// templateOf checks a template and returns it as it is stored.
func (s Service) templateOf(in TemplateInput) (broker.Template, error) {
	policy, err := policyOf("selection_policy", in.SelectionPolicy)
	if err != nil {
		return broker.Template{}, err
	}
	if in.SelectionCriteria != nil {
		if err := checkCriteria(*in.SelectionCriteria); err != nil {
			return broker.Template{}, err
		}
	}
	t := broker.Template{
		ID: in.TemplateID, MaxNumber: in.MaxNumber, Attributes: plainAttributes(in.Attributes), MachineTypes: in.MachineTypes,
		Image: in.Image, UserData: in.UserData, Tags: in.Tags, PriceType: in.PriceType, Policy: policy,
		Criteria: in.SelectionCriteria, Fallbacks: in.FallbackStrategies, Overrides: in.Overrides,
		PartialStatus: in.PartialStatus, RequestTimeout: in.RequestTimeout, SchedulerFields: in.SchedulerFields,
		MachineWeights: in.MachineWeights,
	}
	if err := config.CheckTemplate(t); err != nil {
		return broker.Template{}, err
	}
	return t, nil
}

// plainAttributes reads attributes in the shapes that schedulers' files have.
// What is none is left for the check that follows.
func plainAttributes(given map[string]any) map[string]any {
	out := maps.Clone(given)
	for name, v := range given {
		if value, ok := hostfactory.Value(v); ok {
			out[name] = value
		}
	}
	return out
}

// keepUserData gives t the user data that is stored. conflict when the caller
// saw another version; invalid_request when there is none.
func (s Service) keepUserData(ctx context.Context, t broker.Template, seen int64) (broker.Template, error) {
	stored, err := s.Templates.Template(ctx, t.ID)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return t, fmt.Errorf("reading template %q: %w", t.ID, err)
	}
	if err == nil && seen > 0 && seen != stored.Version {
		return t, stale(fmt.Sprintf("template %q", t.ID), stored.Version)
	}
	t, had, err := t.KeepingUserData(stored)
	if err != nil {
		return t, err
	}
	if !had {
		return t, fault.Invalid("keep_user_data", "no user data of template %q is stored; give it as user_data, or leave keep_user_data out", t.ID)
	}
	return t, nil
}

// sameTemplate compares what a user wrote: not the version, time and actor.
func sameTemplate(a, b broker.Template) bool {
	a.Version, a.UpdatedAt, a.Actor = b.Version, b.UpdatedAt, b.Actor
	return sameJSON(a, b)
}

// sameJSON compares two values as they are stored.
func sameJSON(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && string(x) == string(y)
}
