package shape

import (
	"encoding/json"
	"math/big"
	"reflect"

	"github.com/openhostfactory/ohfp/shared/wire"
)

// same reports whether two values say the same to the broker: to it a list that
// is empty is one that is absent, and so is a number that is zero where the field
// cannot tell.
func same(s *wire.Schema, a, b any) bool { return reflect.DeepEqual(normal(s, a), normal(s, b)) }

// normal returns v without what says nothing; nil when nothing is left.
func normal(s *wire.Schema, v any) any {
	switch v := v.(type) {
	case json.Number:
		n, ok := new(big.Float).SetString(v.String())
		if !ok {
			return v
		}
		return n.Text('g', -1)
	case []any:
		return list(s, v)
	case map[string]any:
		return object(s, v)
	}
	return v
}

func list(s *wire.Schema, v []any) any {
	if len(v) == 0 {
		return nil
	}
	out := make([]any, len(v))
	for i := range v {
		out[i] = normal(items(s), v[i])
	}
	return out
}

func object(s *wire.Schema, v map[string]any) any {
	out := map[string]any{}
	for name, member := range v {
		f := field(s, name)
		inner := items(s)
		if f != nil {
			inner = f.Schema
		}
		if n := normal(inner, member); n != nil && !(f != nil && silent(f, n)) {
			out[name] = n
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// silent reports whether a value of the field says as much as none.
func silent(f *wire.Field, v any) bool {
	return !f.Schema.Nullable && f.Default == nil && (v == "" || v == "0" || v == false)
}

// items is the schema of the members of a list or map; nil where anything goes.
func items(s *wire.Schema) *wire.Schema {
	if s == nil {
		return nil
	}
	return s.Items
}

func field(s *wire.Schema, name string) *wire.Field {
	if s == nil {
		return nil
	}
	return s.Field(name)
}
