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
	if err := (&schema.Change{Put: []schema.Item{it}}).Check(); err != nil {
		return err
	}
	r := rowOf(it)
	r.CheckedAt = schema.Stamp(c.VerifiedAt)
	e := newExpression()
	e.when(either(e.absent(attrPK), e.compare(attrCheckedAt, "<=", r.CheckedAt)))
	return unlessRefused(s.put(ctx, r, e))
}

// Capabilities returns what was recorded of a provider; the zero value when
// nothing was.
func (s *Store) Capabilities(ctx context.Context, name string) (broker.Capabilities, error) {
	c, _, err := read[broker.Capabilities](ctx, s, schema.CapabilitiesKey(name))
	return c, err
}
