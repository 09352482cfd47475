package query

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/providers/config"
)

// typeShelf holds what providers were seen to say of machine types, for one
// answer: it is read when the first template needs it, and nobody is called.
type typeShelf struct {
	read      bool
	providers []typedProvider // most preferred first
}

type typedProvider struct {
	name, kind string
	types      map[string]broker.MachineType
}

// silent reports whether a template leaves out what its machine types say, and
// may name some.
func silent(t *broker.Template) bool {
	typed := len(t.MachineTypes) > 0 || len(t.Overrides.Types) > 0 || len(t.Overrides.Providers) > 0
	for _, name := range []string{config.AttrCPUs, config.AttrRAM, config.AttrType} {
		if _, said := t.Attributes[name]; !said && typed {
			return true
		}
	}
	return false
}

// describe gives a template the attributes that it leaves out and that the most
// preferred provider knows.
func (shelf *typeShelf) describe(ctx context.Context, s Service, t *broker.Template) error {
	if !silent(t) {
		return nil
	}
	if err := shelf.fill(ctx, s); err != nil {
		return err
	}
	for _, p := range shelf.providers {
		r, why := config.Usable(*t, p.name, p.kind)
		if known := func(name string) bool { _, ok := p.types[name]; return ok }; why == "" && slices.ContainsFunc(r.MachineTypes, known) {
			t.Attributes = broker.Described(p.types, &r)
			return nil
		}
	}
	return nil
}

func (shelf *typeShelf) fill(ctx context.Context, s Service) error {
	if shelf.read {
		return nil
	}
	shelf.read = true
	snap, err := s.registry(ctx)
	if err != nil {
		return err
	}
	views := slices.DeleteFunc(snap.Providers, func(p broker.ProviderView) bool { return !config.Typed(p.Kind) || !p.Enabled || p.Draining })
	slices.SortStableFunc(views, func(a, b broker.ProviderView) int { return cmp.Compare(a.Priority, b.Priority) })
	for i := range views {
		seen, err := s.Capabilities.Capabilities(ctx, views[i].Name)
		if err != nil {
			return fmt.Errorf("reading the machine types of %q: %w", views[i].Name, err)
		}
		if seen.Of(views[i].Order, views[i].Version) && len(seen.Types) > 0 {
			shelf.providers = append(shelf.providers, typedProvider{views[i].Name, views[i].Kind, seen.Types})
		}
	}
	return nil
}
