package dynamo

import (
	"context"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/store/schema"
)

// RecordCapabilities stores what a provider was seen to offer, unless a newer
// record is stored.
func (s *Store) RecordCapabilities(ctx context.Context, name string, c broker.Capabilities) error {
	it, err := schema.Row(schema.CapabilitiesKey(name), c)
	if err != nil {
		return s.unavailable("recording capabilities", err)
	}
	return s.putUnlessNewer(ctx, it, c.VerifiedAt)
}

// Capabilities returns what was recorded of a provider; the zero value when
// nothing was.
func (s *Store) Capabilities(ctx context.Context, name string) (broker.Capabilities, error) {
	c, _, err := read[broker.Capabilities](ctx, s, schema.CapabilitiesKey(name))
	return c, err
}
