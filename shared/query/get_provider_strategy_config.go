package query

import (
	"context"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/op"
)

// GetProviderStrategyConfig shows what every selection obeys.
var GetProviderStrategyConfig = op.Define(op.Spec{
	Name: "getProviderStrategyConfig", Kind: op.Query,
	Summary:  "Show what every selection obeys: policy, criteria, fallbacks, checks, breakers, mode",
	Detail:   "The version is what configureProviderStrategy takes, for a change that must not meet another one.",
	Examples: []op.Example{{Title: "All of it"}},
}, Service.getProviderStrategyConfig)

// StrategyConfigAnswer is the configuration, with who changed it last.
type StrategyConfigAnswer struct {
	Configuration broker.StrategyConfigView `json:"configuration" doc:"All of it; what nobody configured has its default."`
	Version       int64                     `json:"version" doc:"Version now stored; 0: nobody has configured the broker."`
	UpdatedAt     *broker.Time              `json:"updated_at,omitempty" doc:"When it was last changed; absent: never."`
	UpdatedBy     *broker.Actor             `json:"updated_by,omitempty" doc:"Who changed it last."`
}

// getProviderStrategyConfig shows what was kept while the store cannot be read.
func (s Service) getProviderStrategyConfig(ctx context.Context, _ struct{}) (StrategyConfigAnswer, error) {
	snap, err := s.registry(ctx)
	if err != nil {
		return StrategyConfigAnswer{}, err
	}
	c := &snap.Config
	out := StrategyConfigAnswer{Configuration: c.View(), Version: c.Version, UpdatedAt: broker.AtTime(c.UpdatedAt)}
	if c.Version > 0 {
		out.UpdatedBy = &c.Actor
	}
	return out, nil
}
