package catalog

import (
	"slices"

	"github.com/openhostfactory/ohfp/shared/command"
	"github.com/openhostfactory/ohfp/shared/dispatch"
	"github.com/openhostfactory/ohfp/shared/op"
)

// FunctionsOf names the functions of an operation, where these kinds of provider
// have a driver: one, or one for each kind; none if it needs another kind's.
func FunctionsOf(s op.Spec, kinds []string) []string {
	name := op.Kebab(s.Name)
	if s.OfKind != "" && !slices.Contains(kinds, s.OfKind) {
		return nil
	}
	if !s.PerKind {
		return []string{name}
	}
	names := make([]string, len(kinds))
	for i, kind := range kinds {
		names[i] = name + "-" + kind
	}
	return names
}

// Functions names the functions that workflows call, where these kinds of
// provider have a driver.
func Functions(kinds []string) command.Functions {
	return command.Functions{
		Attempt: byKind(dispatch.Attempt.Spec, kinds), Probe: byKind(dispatch.Probe.Spec, kinds), Sweep: byKind(dispatch.Sweep.Spec, kinds),
		Settle: op.Kebab(command.Settle.Name),
	}
}

func byKind(s op.Spec, kinds []string) map[string]string {
	names := make(map[string]string, len(kinds))
	for i, name := range FunctionsOf(s, kinds) {
		names[kinds[i]] = name
	}
	return names
}
