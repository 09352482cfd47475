package selection

import (
	"encoding/json"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// canonical returns the one name of a capability.
func canonical(name string) string { return broker.CanonicalCapability(name) }

// capability is what one name is declared as, by whom.
type capability struct {
	there set            // by whom at all
	least []amount       // numbers, in the order of the providers
	holds map[string]set // lists: by item, who has it
}

type amount struct {
	provider int
	value    float64
}

// declare notes the capabilities of one provider. Where a capability is
// declared under several names, the larger number and both lists count.
func (s *Snapshot) declare(i int, capabilities map[string]any) {
	for name, value := range capabilities {
		if !declared(value) {
			continue
		}
		c := s.capability(canonical(name))
		if !c.there.has(i) {
			c.there.add(i)
			s.offers[i]++
		}
		if n, ok := numeric(value); ok {
			c.amount(i, n)
		}
		for _, item := range items(value) {
			intern(c.holds, item, s.none).add(i)
		}
	}
}

func (s *Snapshot) capability(name string) *capability {
	c, ok := s.capabilities[name]
	if !ok {
		c = &capability{there: newSet(len(s.facts)), holds: map[string]set{}}
		s.capabilities[name] = c
	}
	return c
}

func (c *capability) amount(i int, n float64) {
	if last := len(c.least) - 1; last >= 0 && c.least[last].provider == i {
		c.least[last].value = max(c.least[last].value, n)
		return
	}
	c.least = append(c.least, amount{i, n})
}

// declared reports whether the value of a capability says that it is there:
// true, a number other than 0, a list with something in it. Anything else,
// text included, says nothing, and what is not said is not there.
func declared(v any) bool {
	if b, ok := v.(bool); ok {
		return b
	}
	if n, ok := numeric(v); ok {
		return n != 0
	}
	return len(items(v)) > 0
}

// numeric returns the number that a capability is declared as.
func numeric(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case int:
		return float64(v), true
	case int64:
		return float64(v), true
	case json.Number:
		f, err := v.Float64()
		return f, err == nil
	default:
		return 0, false
	}
}

// items returns the texts of the list that a capability is declared as; other
// values in it are kept as empty texts, which nobody can ask for.
func items(v any) []string {
	switch v := v.(type) {
	case []string:
		return v
	case []any:
		texts := make([]string, len(v))
		for k, item := range v {
			if text, ok := item.(string); ok {
				texts[k] = text
			}
		}
		return texts
	default:
		return nil
	}
}
