package sqlite

import (
	"context"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/store/schema"
)

// StrategyConfig returns the configuration, or the default one.
func (s *Store) StrategyConfig(ctx context.Context) (broker.StrategyConfig, error) {
	items, err := s.query(ctx, sqlRead, schema.ConfigKey().PK, schema.ConfigKey().SK)
	if err != nil || len(items) == 0 {
		return broker.DefaultConfig(), err
	}
	c, err := schema.DecodeConfig(items[0])
	return c, unavailable("reading the configuration", err)
}

// PutConfig stores c if the stored version is c.Version (0: none). *Conflict
// with the stored StrategyConfig, the default one when there is none.
func (s *Store) PutConfig(ctx context.Context, c broker.StrategyConfig) (broker.StrategyConfig, error) {
	err := s.change(ctx, schema.PutConfig, func(v *view) (change schema.Change, err error) {
		old := broker.DefaultConfig()
		if it, found := v.get(schema.ConfigKey()); found {
			if old, err = schema.DecodeConfig(it); err != nil {
				return change, err
			}
		}
		if old.Version != c.Version {
			return change, conflict(old, "the configuration")
		}
		c.Version++
		row, err := schema.Row(schema.ConfigKey(), c)
		if err != nil {
			return change, err
		}
		change = schema.Change{Put: []schema.Item{row}, Events: []broker.Event{broker.ConfigEvent(&c)}}
		change.Audits, err = broker.ConfigAudit(&old, &c)
		return change, err
	})
	if err != nil {
		return broker.StrategyConfig{}, err
	}
	return c, nil
}
