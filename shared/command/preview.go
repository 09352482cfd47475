package command

import (
	"context"
	"fmt"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
)

// What would become of something, by a dry run.
const (
	wouldRegister = "registered"
	wouldUpdate   = "updated"
	unchanged     = "unchanged"
)

// previewRegistration says what registering r would change. It refuses what
// registering would refuse, but for a version that was not given.
func (s Service) previewRegistration(ctx context.Context, r broker.Registration, seen int64, warnings []string) (Registered, error) {
	current, err := s.Registry.Provider(ctx, r.Name)
	if fault.Is(err, fault.NotFound) && seen == 0 {
		r.RegisteredAt = s.Now()
		out := registered(r, append(warnings, s.noDriver(r)...))
		out.DryRun = true
		return out, nil
	}
	if err != nil {
		return Registered{}, fmt.Errorf("reading provider %q: %w", r.Name, fault.Lookup(err, "strategy_name", "Leave version out to register it."))
	}
	if seen > 0 && seen != current.Version {
		return Registered{}, stale(fmt.Sprintf("provider %q", r.Name), current.Version)
	}
	if err := sameKind(current, r); err != nil {
		return Registered{}, err
	}
	found, err := broker.Changes(current.Shown(), r.Shown())
	if err != nil {
		return Registered{}, fmt.Errorf("comparing provider %q: %w", r.Name, err)
	}
	r.Version, r.RegisteredAt = current.Version, current.RegisteredAt
	out := registered(r, append(warnings, s.noDriver(r)...))
	out.DryRun, out.Changes, out.Status = true, found, statusOf(found)
	return out, nil
}

// previewTemplate says what storing t would change. conflict when the caller
// saw another version.
func (s Service) previewTemplate(ctx context.Context, t broker.Template, seen int64) (TemplateStored, error) {
	out := TemplateStored{TemplateID: t.ID, Status: wouldRegister, UpdatedAt: broker.Time{Time: s.Now()}, DryRun: true}
	current, err := s.Templates.Template(ctx, t.ID)
	missing := fault.Is(err, fault.NotFound)
	switch {
	case err != nil && !missing:
		return TemplateStored{}, fmt.Errorf("reading template %q: %w", t.ID, err)
	case seen > 0 && seen != current.Version:
		return TemplateStored{}, stale(fmt.Sprintf("template %q", t.ID), current.Version)
	case missing:
		return out, nil
	}
	found, err := broker.TemplateChanges(current, t)
	if err != nil {
		return TemplateStored{}, fmt.Errorf("comparing template %q: %w", t.ID, err)
	}
	out.Status, out.Version, out.Changes = statusOf(found), current.Version, found
	out.UpdatedAt = broker.Time{Time: current.UpdatedAt}
	return out, nil
}

// withoutStoring answers what needs no write: a dry run says what wanted would
// change, and a change of nothing that it is one. false: it is to be stored.
func (in *ConfigureInput) withoutStoring(current, wanted *broker.StrategyConfig, warnings []string) (Configured, bool, error) {
	if !in.DryRun {
		return configured(current, append(warnings, "nothing has changed")), sameJSON(*wanted, *current), nil
	}
	found, err := broker.Changes(current.View(), wanted.View())
	if err != nil {
		return Configured{}, true, fmt.Errorf("comparing the configuration: %w", err)
	}
	out := configured(current, warnings)
	out.Configuration, out.Status, out.DryRun, out.Changes = wanted.View(), statusOf(found), true, found
	return out, true, nil
}

func statusOf(found []broker.Change) string {
	return map[bool]string{true: wouldUpdate, false: unchanged}[len(found) > 0]
}
