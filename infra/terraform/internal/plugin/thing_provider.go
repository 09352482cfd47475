package plugin

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strings"

	"github.com/openhostfactory/ohfp/infra/terraform/internal/api"
	"github.com/openhostfactory/ohfp/infra/terraform/internal/shape"
	"github.com/openhostfactory/ohfp/shared/command"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers/config"
	"github.com/openhostfactory/ohfp/shared/query"
	"github.com/openhostfactory/ohfp/shared/wire"
)

// drain is an attribute of Terraform alone.
const drain = "drain_on_destroy"

// Members of a registration that Terraform has in a block of the kind's name.
const (
	kindKey   = "provider_type"
	configKey = "strategy_config"
)

func providerThing() (*thing, error) {
	s := shape.Pick(schemaOf[command.RegisterInput](), kindKey, configKey, "version", "dry_run")
	for _, k := range config.Kinds() {
		block := *wire.SchemaOf(k.Config)
		block.Nullable = true
		s = shape.With(s, &wire.Field{Name: k.Name, Doc: k.Summary, Schema: &block})
	}
	return &thing{
		name: "provider", noun: "provider", key: "strategy_name", schema: s, put: command.RegisterProviderStrategy.Spec,
		summary: "A place to get machines from. Of the kinds exactly one is given.",
		care:    shape.Care{Key: "strategy_name", Filled: []string{"static.check.path"}},
		check:   checkProvider, request: providerRequest, shown: providerShown, kept: providerKept,
		read: readProvider, drop: dropProvider,
		path: func(b body, field string) string {
			kind, _ := b[kindKey].(string) // "" names no block
			return strings.Replace(field, configKey, kind, 1)
		},
	}, nil
}

// providerRequest writes the block of a kind as the broker has it. Several, or
// none, are left for the check.
func providerRequest(b body) body {
	out, given := maps.Clone(b), 0
	for _, k := range config.Kinds() {
		if v, ok := b[k.Name]; ok {
			out[kindKey], out[configKey] = k.Name, v
			delete(out, k.Name)
			given++
		}
	}
	if given != 1 {
		delete(out, kindKey)
	}
	return out
}

func providerShown(b body) (body, error) {
	kind, ok := b[kindKey].(string)
	if _, known := config.Lookup(kind); !ok || !known {
		return nil, fmt.Errorf("the broker has a provider of kind %v, which this plug-in does not know; use a newer one", b[kindKey])
	}
	out := with(b, kind, b[configKey])
	delete(out, kindKey)
	delete(out, configKey)
	return out, nil
}

func checkProvider(b body) error {
	if b[kindKey] == nil {
		return fault.New(fault.InvalidRequest, "Say what the provider is made of, and once: in one of the blocks %s.", strings.Join(config.Names(), ", "))
	}
	in, err := decoded[command.RegisterInput](command.RegisterProviderStrategy.Spec, b)
	if err != nil {
		return err
	}
	_, _, err = config.CheckConfig(in.ProviderType, in.StrategyConfig)
	return err //nolint:wrapcheck // it names the field and the remedy
}

// providerKept has the configuration as the broker stores it, with its defaults.
func providerKept(request body, _ json.RawMessage) (body, error) {
	in, err := decoded[command.RegisterInput](command.RegisterProviderStrategy.Spec, request)
	if err != nil {
		return nil, err
	}
	normal, _, err := config.CheckConfig(in.ProviderType, in.StrategyConfig)
	if err != nil {
		return nil, err //nolint:wrapcheck // it names the field and the remedy
	}
	plain, err := shape.Plain(normal)
	return with(request, configKey, plain), err
}

func readProvider(ctx context.Context, c *api.Client, name string) (*stored, error) {
	var all query.ProviderList
	ask := body{"include_registration": true, "include_health": false, "include_capabilities": false}
	if err := c.Call(ctx, query.ListAvailableProviders.Spec, ask, &all); err != nil {
		return nil, err
	}
	for _, p := range all.Providers {
		if p.Name != name || p.Registration == nil {
			continue
		}
		plain, err := shape.Plain(p.Registration)
		b, ok := plain.(body)
		if err != nil || !ok {
			return nil, fmt.Errorf("reading provider %q: %w", name, err)
		}
		delete(b, "draining")
		return &stored{body: b, version: p.Version, leaving: p.Registration.Draining}, nil
	}
	return nil, nil //nolint:nilnil // there is none
}

func dropProvider(ctx context.Context, c *api.Client, name string, own map[string]any) error {
	var out command.Deregistered
	err := c.Call(ctx, command.DeregisterProviderStrategy.Spec, body{"strategy_name": name, "force": own[drain] == true}, &out)
	if fault.Is(err, fault.Conflict) {
		return fault.New(fault.Conflict, "%s. Or set %s and apply that first: destroyed, it gets no new work then, and is removed with its last machine.",
			fault.As(err).Detail, drain)
	}
	return err
}
