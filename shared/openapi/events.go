package openapi

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/wire"
)

// EventSchema returns the JSON Schema of a type of event: flat, and closed, so
// that what is not listed cannot be told. It ends with a newline.
func EventSchema(spec broker.EventSpec) ([]byte, error) {
	whole := wire.SchemaOf(reflect.TypeFor[broker.Event]())
	required := slices.Concat([]string{"id", "type", "time"}, spec.Always)
	b := &builder{}
	var properties members
	for _, name := range slices.Concat(required, spec.Possibly) {
		f := whole.Field(name)
		if f == nil {
			return nil, fmt.Errorf("writing the schema of %s: an event has no field %q", spec.Type, name)
		}
		p := b.field(f, true)
		switch {
		case name == "type":
			p = members{{"const", string(spec.Type)}, {"description", f.Doc}}
		case f.Schema.Go == reflect.TypeFor[broker.Time]():
			p = append(members{{"type", "string"}, {"format", "date-time"}}, p...)
		}
		properties.add(name, p)
	}
	out, err := json.MarshalIndent(members{
		{"$schema", "https://json-schema.org/draft/2020-12/schema"},
		{"title", string(spec.Type)},
		{"description", spec.Summary},
		{"type", "object"},
		{"properties", properties},
		{"required", required},
		{"additionalProperties", false},
	}, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("writing the schema of %s: %w", spec.Type, err)
	}
	return append(out, '\n'), nil
}
