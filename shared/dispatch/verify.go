package dispatch

import (
	"context"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/providers"
)

// verifiedFor is how long what a provider was seen to offer is taken as known.
const verifiedFor = time.Hour

// verify records what a provider offers, once for each version of its
// registration and then each hour. It is no part of the check: what cannot be
// seen, or stored, is seen at a later one.
func (s Service) verify(ctx context.Context, r *broker.Registration) {
	known, err := s.Capabilities.Capabilities(ctx, r.Name)
	if err != nil {
		s.Log.WarnContext(ctx, "reading capabilities failed", "provider", r.Name, "error", err)
		return
	}
	if known.Of(r.Order, r.Version) && s.Now().Sub(known.VerifiedAt) < verifiedFor {
		return
	}
	seen, err := s.capabilities(ctx, r)
	if err != nil {
		s.Log.WarnContext(ctx, "verifying capabilities failed", "provider", r.Name, "error", err)
		return
	}
	err = s.Capabilities.RecordCapabilities(context.WithoutCancel(ctx), r.Name, broker.Capabilities{
		Verified: seen.Verified, Limits: seen.Limits, VerifiedAt: s.Now(), Order: r.Order, Version: r.Version,
	})
	if err != nil {
		s.Log.WarnContext(ctx, "recording capabilities failed", "provider", r.Name, "error", err)
	}
}

// capabilities asks a provider what it offers.
func (s Service) capabilities(ctx context.Context, r *broker.Registration) (providers.Capabilities, error) {
	d, err := s.Drivers.Driver(*r)
	if err != nil {
		return providers.Capabilities{}, err
	}
	return safely(ctx, s, func() (providers.Capabilities, error) { return d.Capabilities(ctx) })
}
