package dynamo

import (
	"context"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/store/schema"
)

// StrategyConfig returns the configuration, or the default one: that of the
// snapshot if a fresh one is kept, else it is read.
func (s *Store) StrategyConfig(ctx context.Context) (broker.StrategyConfig, error) {
	if kept, _ := s.snapshot.get(s.now()); kept != nil {
		for _, r := range kept.registry {
			if r.key() == schema.ConfigKey() {
				return s.configOf(r)
			}
		}
		return broker.DefaultConfig(), nil
	}
	item, err := s.get(ctx, schema.ConfigKey())
	if err != nil {
		return broker.StrategyConfig{}, err
	}
	return s.storedConfig(item)
}

// storedConfig is the configuration of an item; nil: none is stored.
func (s *Store) storedConfig(item attributes) (broker.StrategyConfig, error) {
	if len(item) == 0 {
		return broker.DefaultConfig(), nil
	}
	r, err := parseRow(item)
	if err != nil {
		return broker.StrategyConfig{}, s.unavailable("reading the configuration", err)
	}
	return s.configOf(r)
}

func (s *Store) configOf(r row) (broker.StrategyConfig, error) {
	c, err := schema.DecodeConfig(r.item())
	return c, s.unavailable("reading the configuration", err)
}

// PutConfig stores c if the stored version is c.Version (0: none). *Conflict
// with the stored StrategyConfig, the default one when there is none.
func (s *Store) PutConfig(ctx context.Context, c broker.StrategyConfig) (broker.StrategyConfig, error) {
	item, err := s.get(ctx, schema.ConfigKey())
	if err != nil {
		return broker.StrategyConfig{}, err
	}
	old, err := s.storedConfig(item)
	if err != nil {
		return broker.StrategyConfig{}, err
	}
	if old.Version != c.Version {
		return broker.StrategyConfig{}, conflict(old, "the configuration")
	}
	c.Version++
	defer s.snapshot.forget()
	if err := s.putConfig(ctx, &old, c); err != nil {
		return broker.StrategyConfig{}, err
	}
	return c, nil
}

// putConfig writes c in the place of old.
func (s *Store) putConfig(ctx context.Context, old *broker.StrategyConfig, c broker.StrategyConfig) error {
	it, err := schema.Row(schema.ConfigKey(), c)
	if err != nil {
		return s.unavailable("writing the configuration", err)
	}
	audits, err := broker.ConfigAudit(old, &c)
	if err != nil {
		return s.unavailable("writing the configuration", err)
	}
	w := puttingItem(it)
	w.row.Version, w.e = &c.Version, versioned(old.Version)
	w.refused = func(item attributes) error {
		now, err := s.storedConfig(item)
		if err != nil {
			return err
		}
		return conflict(now, "the configuration")
	}
	writes := append([]write{w}, telling([]broker.Event{broker.ConfigEvent(&c)})...)
	return s.transact(ctx, "writing the configuration", append(writes, auditing(audits)...))
}
