package selection

import (
	"encoding/json"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// canonical returns the one name of a capability.
func canonical(name string) string { return broker.CanonicalCapability(name) }

// declared reports whether the value of a capability says that it is there:
// true, a number other than 0, a list with something in it. Anything else,
// text included, says nothing, and what is not said is not there.
func declared(v any) bool {
	switch v := v.(type) {
	case bool:
		return v
	case float64:
		return v != 0
	case int:
		return v != 0
	case int64:
		return v != 0
	case json.Number:
		f, err := v.Float64()
		return err == nil && f != 0
	case []any:
		return len(v) > 0
	case []string:
		return len(v) > 0
	default:
		return false
	}
}
