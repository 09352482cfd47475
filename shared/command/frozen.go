package command

import (
	"context"
	"fmt"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/op"
)

// unlessFrozen refuses a command that makes or changes things while the broker
// is frozen.
func unlessFrozen(e op.Endpoint, s Service) op.Endpoint {
	if !e.Spec.Changes {
		return e
	}
	serve := e.Serve
	e.Serve = func(ctx context.Context, call op.Call, body []byte) (op.Answer, error) {
		c, err := s.Registry.StrategyConfig(ctx)
		if err == nil {
			err = thawed(&c)
		} else {
			err = fmt.Errorf("reading the configuration: %w", err)
		}
		if err != nil {
			return op.Answer{}, fault.As(err)
		}
		return serve(ctx, call, body)
	}
	return e
}

// thawed returns frozen while the broker is.
func thawed(c *broker.StrategyConfig) error {
	if c.Mode != broker.ModeFrozen {
		return nil
	}
	return fault.New(fault.Frozen, "the broker makes and changes nothing since %s; configureProviderStrategy with mode open ends that",
		c.UpdatedAt.UTC().Format("2006-01-02 15:04:05 UTC"))
}
