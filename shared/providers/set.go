package providers

import (
	"fmt"
	"maps"
	"slices"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
)

// Set is the kinds of providers that a program can talk to.
type Set struct{ openers map[string]Opener }

// NewSet returns the set of openers. Two of one kind are an error.
func NewSet(openers ...Opener) (Set, error) {
	s := Set{openers: map[string]Opener{}}
	for _, o := range openers {
		if _, twice := s.openers[o.Kind()]; twice {
			return Set{}, fmt.Errorf("two drivers for the kind %q", o.Kind())
		}
		s.openers[o.Kind()] = o
	}
	return s, nil
}

// Driver opens the driver of a registration. not_supported for a kind that is
// not in the set; else the opener's errors.
func (s Set) Driver(r broker.Registration) (Driver, error) {
	o, ok := s.openers[r.Kind]
	if !ok {
		return nil, fault.Unsupported("provider_type", "this broker has no driver for %s", r.Kind)
	}
	return o.Open(r)
}

// Traits returns the facts about a kind; the zero Traits when it is not in the
// set.
func (s Set) Traits(kind string) Traits {
	if o, ok := s.openers[kind]; ok {
		return o.Traits()
	}
	return Traits{}
}

// Kinds returns the kinds, sorted.
func (s Set) Kinds() []string { return slices.Sorted(maps.Keys(s.openers)) }
