package config

import (
	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
)

// Bounds of what a machine is worth, those of EC2's fleets.
const leastWeight, mostWeight = 1, 999

func checkWeights(path string, weights map[string]int) []fault.Field {
	var bad []fault.Field
	for _, name := range sortedKeys(weights) {
		if n := weights[name]; name == "" || n < leastWeight || n > mostWeight {
			bad = append(bad, field(path+"."+name, "want a machine type with %d to %d units, got %d", leastWeight, mostWeight, n))
		}
	}
	return bad
}

// LeastUnits is the least that a machine of the template is worth at a provider
// of the kind: so many units are at most one machine. It is 1 where machines may
// be of other types than the template names.
func LeastUnits(kind string, t broker.ResolvedTemplate) int {
	k, _ := Lookup(kind)
	if !k.typed || len(t.MachineTypes) == 0 {
		return 1
	}
	least := mostWeight
	for _, name := range t.MachineTypes {
		least = min(least, t.UnitsOf(name))
	}
	return least
}

// UnitsAt is what a machine of the template is taken to be worth at a provider
// of the kind whose machines have one price, whatever they are: the least that
// one can be, so that no unit looks cheaper than it is.
func UnitsAt(kind string, t broker.ResolvedTemplate) int {
	if Typed(kind) {
		return LeastUnits(kind, t)
	}
	name, _ := t.Attributes["type"].(string) // a host of a pool has it, or is not taken
	return t.UnitsOf(name)
}

// TakesCheapest reports whether of several machine types of the template the
// kind makes the cheapest also on demand, and not the first that there is.
func TakesCheapest(kind string, t broker.ResolvedTemplate) bool {
	k, _ := Lookup(kind)
	return k.cheapest != nil && k.cheapest(t)
}

// Typed reports whether machines of a kind are of types that templates name.
func Typed(kind string) bool {
	k, _ := Lookup(kind)
	return k.typed
}

// MostMachines is how many machines so much of a wish can be: the count itself,
// unless it counts units.
func MostMachines(kind string, s *broker.CreateSpec, count int) int {
	if !s.InUnits {
		return count
	}
	least := LeastUnits(kind, s.Template)
	return (count + least - 1) / least
}

// MostUnits is the most that can be asked for so that it is so many machines at
// most.
func MostUnits(kind string, s *broker.CreateSpec, machines int) int {
	if !s.InUnits {
		return machines
	}
	return machines * LeastUnits(kind, s.Template)
}
