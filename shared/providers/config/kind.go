package config

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/wire"
)

// Kind is a kind of provider: the schema of its registrations and of what a
// template may say for it.
type Kind struct {
	Name    string
	Summary string       // one sentence for help
	Config  reflect.Type // what strategy_config holds: a struct, by the tags of package wire

	// ConsistencyLag is how long a machine of the kind may exist before a
	// look-up finds it. Its driver's traits say the same, see [Lag].
	ConsistencyLag time.Duration

	// typed: machines are of the template's machine_types and no others, where
	// it names some.
	typed bool
	// cheapest: of several types the cheapest is made on demand; nil: the first.
	cheapest func(t broker.ResolvedTemplate) bool
	// config reads a strategy_config that stands at a path; warnings are about
	// what is accepted and perhaps not meant.
	config func(raw json.RawMessage, at string) (normal any, warnings []string, err error)
	// layer reads template fields that stand at a path: the common ones, and
	// those of the kind, nil when it has none.
	layer func(raw json.RawMessage, at string) (templateFields, any, error)
	// missing says what a template lacks; "" when it is complete.
	missing func(t broker.ResolvedTemplate) string
}

// Kinds returns every kind that can be registered, the explicit list.
func Kinds() []Kind { return []Kind{staticKind(), awsKind()} }

// planned returns kinds that the contract names and that are not built.
func planned() []string { return []string{"azure", "gcp", "kubernetes"} }

// Lookup returns a kind by its exact name.
func Lookup(name string) (Kind, bool) {
	for _, k := range Kinds() {
		if k.Name == name {
			return k, true
		}
	}
	return Kind{}, false
}

// Lag returns the consistency lag of a kind; 0 for one that is not known.
// Decisions about an attempt read it here, so that they link no driver, and
// each driver gives it out as its own.
func Lag(kind string) time.Duration {
	k, _ := Lookup(kind)
	return k.ConsistencyLag
}

// Names returns the names of the kinds in the order of the list.
func Names() []string {
	var names []string
	for _, k := range Kinds() {
		names = append(names, k.Name)
	}
	return names
}

// CheckKind returns nil for a known kind, not_supported for a planned one, and
// invalid_request with the nearest known name for all else. The field is
// provider_type.
func CheckKind(name string) error {
	_, err := lookup(name, "provider_type")
	return err
}

func lookup(name, at string) (Kind, error) {
	known := strings.Join(Names(), ", ")
	if k, ok := Lookup(name); ok {
		return k, nil
	}
	if slices.Contains(planned(), name) {
		return Kind{}, fault.Unsupported(at, "the kind %q is planned and not built yet; known: %s", name, known)
	}
	if near := wire.Nearest(name, append(Names(), planned()...)); near != "" {
		return Kind{}, fault.Invalid(at, "%q is not a kind of provider; did you mean %q?", name, near)
	}
	return Kind{}, fault.Invalid(at, "%q is not a kind of provider; known: %s", name, known)
}
