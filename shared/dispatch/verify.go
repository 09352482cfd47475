package dispatch

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/providers"
	"github.com/openhostfactory/ohfp/shared/providers/config"
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
	if !known.Of(r.Order, r.Version) {
		known.Types = nil // of another configuration
	}
	err = s.Capabilities.RecordCapabilities(context.WithoutCancel(ctx), r.Name, broker.Capabilities{
		Verified: seen.Verified, Limits: seen.Limits, VerifiedAt: s.Now(), Order: r.Order, Version: r.Version,
		Types: s.types(ctx, r, known.Types),
	})
	if err != nil {
		s.Log.WarnContext(ctx, "recording capabilities failed", "provider", r.Name, "error", err)
	}
}

// mostTypes is how many machine types of a provider's templates are looked up.
const mostTypes = 200

// types returns what there is to know of the machine types that templates name
// at a provider, where it has such: what was known, when they cannot be looked
// up now.
func (s Service) types(ctx context.Context, r *broker.Registration, known map[string]broker.MachineType) map[string]broker.MachineType {
	d, err := s.Drivers.Driver(*r)
	if err != nil {
		return known
	}
	reader, ok := d.(providers.TypeReader)
	if !ok {
		return nil
	}
	names, err := s.named(ctx, r)
	if err != nil {
		s.Log.WarnContext(ctx, "reading the machine types of templates failed", "provider", r.Name, "error", err)
		return known
	}
	seen, err := safely(ctx, s, func() (map[string]broker.MachineType, error) { return reader.Types(ctx, names, known) })
	if err != nil {
		s.Log.WarnContext(ctx, "looking up machine types failed", "provider", r.Name, "error", err)
		return known
	}
	return seen
}

// named are the machine types that stored templates name at a provider, sorted.
func (s Service) named(ctx context.Context, r *broker.Registration) ([]string, error) {
	all := map[string]bool{}
	for p := (broker.Page{Limit: 100}); ; {
		page, next, err := s.Templates.Templates(ctx, p)
		if err != nil {
			return nil, fmt.Errorf("reading templates: %w", err)
		}
		for _, t := range page {
			if resolved, why := config.Usable(t, r.Name, r.Kind); why == "" {
				for _, name := range resolved.MachineTypes {
					all[name] = true
				}
			}
		}
		if p.Cursor = next; next == "" {
			names := slices.Sorted(maps.Keys(all))
			return names[:min(len(names), mostTypes)], nil
		}
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
