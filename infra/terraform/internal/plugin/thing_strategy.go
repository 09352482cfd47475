package plugin

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/openhostfactory/ohfp/infra/terraform/internal/api"
	"github.com/openhostfactory/ohfp/infra/terraform/internal/shape"
	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/command"
	"github.com/openhostfactory/ohfp/shared/query"
)

// strategyThing is the one configuration. The resource has all of it: what it
// does not name has its default, so that a plan shows what anybody changed.
func strategyThing() (*thing, error) {
	c := broker.DefaultConfig()
	plain, err := shape.Plain(c.View())
	if err != nil {
		return nil, err //nolint:wrapcheck // it says what was done
	}
	initial, ok := plain.(body)
	if !ok {
		return nil, fmt.Errorf("the default configuration is %T", plain)
	}
	s, err := shape.Defaulting(shape.Pick(schemaOf[command.ConfigureInput](), "version", "reset", "dry_run"), initial)
	if err != nil {
		return nil, err //nolint:wrapcheck // it says what was done
	}
	return &thing{
		name: "strategy", noun: "configuration", schema: s, put: command.ConfigureProviderStrategy.Spec,
		summary: "What every selection obeys. There is one of a broker; what it does not name has its default, and without the resource everything has.",
		check: func(b body) error {
			_, err := decoded[command.ConfigureInput](command.ConfigureProviderStrategy.Spec, b)
			return err
		},
		request: func(b body) body { return with(b, "reset", members()) },
		shown:   asShown, kept: strategyKept, read: readStrategy, drop: dropStrategy,
		path: func(_ body, field string) string { return field },
	}, nil
}

// members are all that a configuration has.
func members() []any {
	var all []any
	for _, name := range schemaOf[command.ConfigureInput]().Field("reset").Rules.Enum {
		all = append(all, name)
	}
	return all
}

func strategyKept(_ body, answer json.RawMessage) (body, error) {
	var out command.Configured
	if err := json.Unmarshal(answer, &out); err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	return bodyOf(out.Configuration)
}

func bodyOf(c broker.StrategyConfigView) (body, error) {
	plain, err := shape.Plain(c)
	b, ok := plain.(body)
	if err != nil || !ok {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	return b, nil
}

func readStrategy(ctx context.Context, c *api.Client, _ string) (*stored, error) {
	var out query.StrategyConfigAnswer
	if err := c.Call(ctx, query.GetProviderStrategyConfig.Spec, body{}, &out); err != nil {
		return nil, err
	}
	b, err := bodyOf(out.Configuration)
	return &stored{body: b, version: out.Version}, err
}

func dropStrategy(ctx context.Context, c *api.Client, _ string, _ map[string]any) error {
	var out command.Configured
	return c.Call(ctx, command.ConfigureProviderStrategy.Spec, body{"reset": members()}, &out)
}

// untouched reports whether a configuration is that of a new broker.
func untouched(b body) (bool, error) {
	c := broker.DefaultConfig()
	initial, err := bodyOf(c.View())
	return reflect.DeepEqual(b, initial), err
}
