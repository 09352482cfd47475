package sqlite

import (
	"context"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/store/schema"
)

// RecordCapabilities stores what a provider was seen to offer, unless a newer
// record is stored.
func (s *Store) RecordCapabilities(ctx context.Context, name string, caps broker.Capabilities) error {
	return s.change(ctx, schema.RecordCapabilities, func(v *view) (c schema.Change, err error) {
		old, _, err := lookUp[broker.Capabilities](v, schema.CapabilitiesKey(name))
		if err != nil || caps.VerifiedAt.Before(old.VerifiedAt) {
			return c, err
		}
		row, err := schema.Row(schema.CapabilitiesKey(name), caps)
		return schema.Change{Put: []schema.Item{row}}, err
	})
}

// Capabilities returns what was recorded of a provider; the zero value when
// nothing was.
func (s *Store) Capabilities(ctx context.Context, name string) (broker.Capabilities, error) {
	c, _, err := readOne[broker.Capabilities](ctx, s, schema.CapabilitiesKey(name))
	return c, err
}
