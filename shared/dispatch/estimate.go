package dispatch

import (
	"context"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/providers"
	"github.com/openhostfactory/ohfp/shared/providers/config"
)

// typesOf returns what the last look at the machine types of the job's provider
// said, of the registration as it is now; nothing where machines have no types.
// It asks nobody: what cannot be read is left out.
func (s Service) typesOf(ctx context.Context, d providers.Driver, j *job) map[string]broker.MachineType {
	if _, typed := d.(providers.TypeReader); !typed {
		return nil
	}
	seen, err := s.Capabilities.Capabilities(ctx, j.attempt().Provider)
	if err != nil {
		s.Log.WarnContext(ctx, "reading machine types failed", "provider", j.attempt().Provider, "error", err)
		return nil
	}
	if !seen.Of(j.order, j.of) {
		return nil
	}
	return seen.Types
}

// estimate says what a template costs at the job's provider as a choice by cost
// has it: by what was last seen of machine types, else by the registration. In
// between stands the driver's word, for types that nobody has looked at yet.
func (s Service) estimate(j *job, types map[string]broker.MachineType, t *broker.ResolvedTemplate, driver broker.Estimate) broker.Estimate {
	kind := j.attempt().Kind
	m := broker.Market{Types: types, Cheapest: config.TakesCheapest(kind, *t), Now: s.Now()}
	if e := m.Estimate(t); e.Known() {
		return e
	}
	if driver.Known() {
		return driver
	}
	return broker.EstimateBy(j.price, t, config.UnitsAt(kind, *t))
}
