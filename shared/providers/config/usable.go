package config

import (
	"fmt"
	"slices"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
)

// Usable returns a template as it works out at a provider, or what keeps
// machines from being made of it there.
func Usable(t broker.Template, provider, kind string) (r broker.ResolvedTemplate, why string) {
	r, err := Resolve(t, provider, kind)
	if err != nil {
		return r, fault.As(err).Detail
	}
	return r, Complete(kind, r)
}

// Matches reports whether a template as it works out at a provider is one that
// a filter asks for.
func Matches(f broker.TemplateFilter, t broker.ResolvedTemplate) bool {
	switch {
	case len(f.TemplateIDs) > 0 && !slices.Contains(f.TemplateIDs, t.ID),
		f.MachineType != "" && !slices.Contains(t.MachineTypes, f.MachineType),
		f.PriceType != "" && f.PriceType != t.PriceType:
		return false
	}
	for name, wanted := range f.Attributes {
		if !Satisfies(name, Value(t.Attributes, name), wanted) {
			return false
		}
	}
	return true
}

// Satisfies reports whether the value of an attribute is what is asked for.
// Numbers are compared by value, though one be written as text, and all else as
// it is written. What is not there satisfies nothing.
func Satisfies(name string, has, wanted any) bool {
	if has == nil {
		return false
	}
	h, hok := AttributeNumber(has)
	w, wok := AttributeNumber(wanted)
	switch {
	case hok && wok && AtLeast(name):
		return h >= w
	case hok && wok:
		return h == w
	case AtLeast(name):
		return false
	}
	return fmt.Sprint(has) == fmt.Sprint(wanted)
}

// CheckFilter returns invalid_request for attributes that no template can have.
func CheckFilter(f broker.TemplateFilter, path string) error {
	return invalid(checkAttributes(path+".attributes", f.Attributes))
}
