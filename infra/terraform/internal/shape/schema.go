package shape

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/openhostfactory/ohfp/shared/wire"
)

// Pick returns an object of the fields of s that are built, without those that
// are named.
func Pick(s *wire.Schema, without ...string) *wire.Schema {
	out := &wire.Schema{Type: wire.Object}
	for _, f := range s.Fields {
		if f.Planned == "" && !slices.Contains(without, f.Name) {
			out.Fields = append(out.Fields, f)
		}
	}
	return out
}

// With returns s with more fields behind its own.
func With(s *wire.Schema, more ...*wire.Field) *wire.Schema {
	out := *s
	out.Fields = append(slices.Clone(s.Fields), more...)
	return &out
}

// Defaulting returns s with the members of v as the defaults of its fields.
func Defaulting(s *wire.Schema, v map[string]any) (*wire.Schema, error) {
	out := *s
	out.Fields = nil
	for _, f := range s.Fields {
		fresh, said := *f, v[f.Name]
		inner, nested := said.(map[string]any)
		switch {
		case nested && f.Schema.Type == wire.Object:
			deeper, err := Defaulting(f.Schema, inner)
			if err != nil {
				return nil, err
			}
			deeper.Nullable, fresh.Schema = false, deeper
		case said != nil:
			text, err := json.Marshal(said)
			if err != nil {
				return nil, fmt.Errorf("writing the default of %s: %w", f.Name, err)
			}
			fresh.Default = text
		}
		out.Fields = append(out.Fields, &fresh)
	}
	return &out, nil
}

// defaulted returns what a field that is left out is to the broker; nil when it
// is absent there too.
func defaulted(f *wire.Field) (any, error) {
	if f.Default != nil {
		return read(f.Default)
	}
	if f.Schema.Type != wire.Object || f.Schema.Nullable {
		return nil, nil //nolint:nilnil // it has none
	}
	all := map[string]any{}
	for _, member := range f.Schema.Fields {
		v, err := defaulted(member)
		if err != nil {
			return nil, err
		}
		if v != nil {
			all[member.Name] = v
		}
	}
	if len(all) == 0 {
		return nil, nil //nolint:nilnil // none of its members has one
	}
	return all, nil
}
