package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/op"
	"github.com/openhostfactory/ohfp/shared/providers/config"
)

// RegisterProviderStrategy stores a place to get machines from, and checks it.
var RegisterProviderStrategy = op.Define(op.Spec{
	Name: "registerProviderStrategy", Kind: op.Command, Role: op.Operator, Changes: true, Timeout: 15 * time.Second,
	Summary: "Register a place to get machines from, or change one",
	Detail: "The same content again gives the same answer. Other content under a name that is taken needs the version " +
		"that you saw. A new registration is checked at once. Secrets are named, never given. With dry_run nothing is " +
		"stored: the answer says what would be, field by field.",
	Shapes: configShapes(),
	Examples: []op.Example{
		{
			Title: "A pool of two hosts on the premises",
			Body: `{"strategy_name": "pool-a", "provider_type": "static", "strategy_config": {"hosts": [` +
				`{"name": "node-1", "address": "127.0.0.1", "attributes": {"ncpus": 4, "nram": 8192}}, ` +
				`{"name": "node-2", "address": "127.0.0.1", "attributes": {"ncpus": 4, "nram": 8192}}], "check": {"kind": "none"}}}`,
		},
		{
			Title: "A region of an AWS account",
			Body: `{"strategy_name": "aws-west", "provider_type": "aws", "strategy_config": {"region": "us-west-2", ` +
				`"profile": "production"}, "capabilities": {"instances": true, "spot_instances": true}, "priority": 1}`,
		},
	},
	Faults: []fault.Code{fault.Conflict, fault.Frozen},
}, Service.registerProviderStrategy)

// configShapes says what strategy_config holds for each kind.
func configShapes() []op.Shape {
	var shapes []op.Shape
	for _, k := range config.Kinds() {
		shapes = append(shapes, op.Shape{Field: "strategy_config", When: "provider_type " + k.Name, Type: k.Config})
	}
	return shapes
}

// RegisterInput is a registration as a user writes it.
type RegisterInput struct {
	StrategyName        string            `json:"strategy_name" doc:"Name of the provider, unique in this broker." required:"true" format:"name"`
	ProviderType        string            `json:"provider_type" doc:"Kind of provider: static, aws." required:"true"`
	StrategyConfig      json.RawMessage   `json:"strategy_config" doc:"By the schema of the kind." required:"true"`
	Capabilities        map[string]any    `json:"capabilities,omitempty" doc:"What it offers: name to true, a number or a list." maxlen:"100"`
	Priority            int               `json:"priority,omitempty" doc:"Lower is preferred." min:"0" max:"1000000"`
	Weight              int               `json:"weight,omitempty" doc:"Share of the work among equals; 0 is no new work." min:"0" max:"1000" default:"100"`
	Enabled             bool              `json:"enabled,omitempty" doc:"Whether it gets new work." default:"true"`
	MaxMachines         *int              `json:"max_machines,omitempty" doc:"Most machines at a time, of all requests together. A lower limit than what there is ends nothing." min:"1" max:"1000000"`
	Zone                string            `json:"zone,omitempty" doc:"Where it is." format:"name"`
	PricePerHour        *float64          `json:"price_per_hour,omitempty" doc:"Price of a machine per hour." min:"0"`
	HealthCheckInterval int               `json:"health_check_interval,omitempty" doc:"Seconds between checks; 0 is the broker's setting." min:"0" max:"86400"`
	Tags                map[string]string `json:"tags,omitempty" doc:"Your own labels." maxlen:"50"`
	Version             int64             `json:"version,omitempty" doc:"The version that you saw, to change a registration." min:"0"`
	DryRun              bool              `json:"dry_run,omitempty" doc:"Store nothing; say what would change. A version is not needed for that."`
}

// Registered is the answer.
type Registered struct {
	StrategyName string          `json:"strategy_name" doc:"Name of the provider."`
	ProviderType string          `json:"provider_type" doc:"Kind of provider."`
	Status       string          `json:"status" doc:"registered or updated; of a dry run also unchanged."`
	Capabilities map[string]any  `json:"capabilities" doc:"What it offers."`
	Version      int64           `json:"version" doc:"Version now stored."`
	RegisteredAt broker.Time     `json:"registered_at" doc:"When it was first registered."`
	Warnings     []string        `json:"warnings" doc:"What you may not expect."`
	DryRun       bool            `json:"dry_run,omitempty" doc:"Nothing was stored: status is what it would be, version what is stored."`
	Changes      []broker.Change `json:"changes,omitempty" doc:"Of a dry run: what would change in what is stored."`
}

// registerProviderStrategy returns conflict when another content is stored
// and in.Version is not its version.
func (s Service) registerProviderStrategy(ctx context.Context, in RegisterInput) (Registered, error) {
	r, warnings, err := registrationOf(in)
	if err != nil {
		return Registered{}, err
	}
	if in.DryRun {
		return s.previewRegistration(ctx, r, in.Version, warnings)
	}
	now := s.Now()
	r.Version, r.RegisteredAt, r.UpdatedAt, r.Actor = in.Version, now, now, actor(ctx)
	if in.Version > 0 {
		if r, err = s.inherit(ctx, r); err != nil {
			return Registered{}, err
		}
	}
	stored, err := s.Registry.PutProvider(ctx, r)
	if c := new(broker.Conflict); errors.As(err, &c) {
		current, ok := c.Current.(broker.Registration)
		if !ok || !sameRegistration(current, r) {
			return Registered{}, stale(fmt.Sprintf("provider %q", r.Name), current.Version)
		}
		return registered(current, warnings), nil
	}
	if err != nil {
		return Registered{}, fmt.Errorf("storing provider %q: %w", r.Name, err)
	}
	s.beginAnew(ctx, &stored)
	return registered(stored, append(warnings, s.firstLook(ctx, stored)...)), nil
}

// registrationOf checks a registration and returns it as it is stored.
func registrationOf(in RegisterInput) (broker.Registration, []string, error) {
	normal, warnings, err := config.CheckConfig(in.ProviderType, in.StrategyConfig)
	if err != nil {
		return broker.Registration{}, nil, err
	}
	if err := checkCapabilities(in.Capabilities); err != nil {
		return broker.Registration{}, nil, err
	}
	if n := in.HealthCheckInterval; n != 0 && n < 60 {
		return broker.Registration{}, nil, fault.Invalid("health_check_interval", "must be 60 to 86400 seconds, or 0 for the broker's setting; got %d", n)
	}
	return broker.Registration{
		Name: in.StrategyName, Kind: in.ProviderType, Config: normal, Capabilities: in.Capabilities,
		Priority: in.Priority, Weight: in.Weight, Enabled: in.Enabled, Zone: in.Zone, PricePerHour: in.PricePerHour,
		HealthCheckInterval: time.Duration(in.HealthCheckInterval) * time.Second, Tags: in.Tags, MaxMachines: in.MaxMachines,
	}, warnings, nil
}

func checkCapabilities(caps map[string]any) error {
	for name, v := range caps {
		switch v := v.(type) {
		case bool, float64:
		case []any:
			for i, item := range v {
				if _, ok := item.(string); !ok {
					return fault.Invalid(fmt.Sprintf("capabilities.%s[%d]", name, i), "want a string")
				}
			}
		default:
			return fault.Invalid("capabilities."+name, "want true, false, a number or a list of strings")
		}
	}
	return nil
}

// inherit keeps what an update does not change: the first registration's time
// and order.
func (s Service) inherit(ctx context.Context, r broker.Registration) (broker.Registration, error) {
	current, err := s.Registry.Provider(ctx, r.Name)
	if err != nil {
		return r, fmt.Errorf("reading provider %q: %w", r.Name, fault.Lookup(err, "strategy_name", "Leave version out to register it."))
	}
	if err := sameKind(current, r); err != nil {
		return r, err
	}
	r.RegisteredAt, r.Order = current.RegisteredAt, current.Order
	return r, nil
}

// sameKind refuses to turn a provider into one of another kind: its machines
// could not be reached any more.
func sameKind(current, r broker.Registration) error {
	if current.Kind == r.Kind {
		return nil
	}
	return fault.Invalid("provider_type", "%q is registered as %s; deregister it first, or use another name", r.Name, current.Kind)
}

// firstLook gives a changed provider fresh breakers and checks its health at
// once. What goes wrong is a warning: the registration is stored.
func (s Service) firstLook(ctx context.Context, r broker.Registration) []string {
	warnings := s.clearBreakers(ctx, r.Name)
	if !s.Functions.HasDriver(r.Kind) {
		return append(warnings, s.noDriver(r)...)
	}
	if err := s.Prober.ProbeNow(ctx, r.Name, r.Kind); err != nil {
		s.Log.WarnContext(ctx, "the first check of a provider failed", "provider", r.Name, "error", err)
		return append(warnings, "the first health check could not be made; it will be tried again within a minute")
	}
	return warnings
}

// clearBreakers makes both breakers new, but not when somebody holds the
// provider back: that is his to end.
func (s Service) clearBreakers(ctx context.Context, provider string) (warnings []string) {
	for _, class := range breakerClasses {
		_, err := s.Registry.ApplyLive(ctx, broker.LiveKey{Provider: provider, Class: class}, broker.LiveWrite{Kind: broker.LiveClear, Now: s.Now()})
		if c := new(broker.Conflict); errors.As(err, &c) {
			if l, ok := c.Current.(broker.Live); ok {
				warnings = []string{fmt.Sprintf("%q is still held back by %s: %s; updateProviderHealth with is_healthy ends that", provider, l.Source, l.Reason)}
			}
			continue
		}
		if err != nil {
			s.Log.ErrorContext(ctx, "clearing a breaker failed", "provider", provider, "class", class, "error", err)
		}
	}
	return warnings
}

// noDriver warns of a kind that cannot be reached from here.
func (s Service) noDriver(r broker.Registration) []string {
	if s.Functions.HasDriver(r.Kind) {
		return nil
	}
	return []string{fmt.Sprintf("this broker has no driver for %s: %q is stored, its health is UNKNOWN, and it is never selected", r.Kind, r.Name)}
}

// sameRegistration compares what a user wrote.
func sameRegistration(a, b broker.Registration) bool {
	a.Version, a.RegisteredAt, a.UpdatedAt, a.Actor, a.Order = b.Version, b.RegisteredAt, b.UpdatedAt, b.Actor, b.Order
	return sameJSON(a, b)
}

func registered(r broker.Registration, warnings []string) Registered {
	status := "registered"
	if r.Version > 1 {
		status = "updated"
	}
	caps := r.Capabilities
	if caps == nil {
		caps = map[string]any{}
	}
	return Registered{
		StrategyName: r.Name, ProviderType: r.Kind, Status: status, Capabilities: caps, Version: r.Version,
		RegisteredAt: broker.Time{Time: r.RegisteredAt}, Warnings: append([]string{}, warnings...),
	}
}
