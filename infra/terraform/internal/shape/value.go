package shape

import (
	"encoding/json"
	"fmt"
	"math/big"
	"slices"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/openhostfactory/ohfp/shared/wire"
)

// fixed are the types that Terraform knows, too.
var fixed = []wire.Type{wire.Object, wire.Map, wire.Array, wire.String, wire.Integer, wire.Number, wire.Boolean}

// free reports whether s is a value of any type: a text in Terraform.
func free(s *wire.Schema) bool { return s == nil || !slices.Contains(fixed, s.Type) }

// Encode returns what v says to the broker. Null and unknown say nothing: nil.
func Encode(s *wire.Schema, v tftypes.Value) (any, error) {
	if v.IsNull() || !v.IsKnown() {
		return nil, nil //nolint:nilnil // nothing is said
	}
	switch {
	case free(s):
		var text string
		err := as(v, &text)
		return parse(text), err
	case s.Type == wire.Object || s.Type == wire.Map:
		return encodeObject(s, v)
	case s.Type == wire.Array:
		return encodeList(s, v)
	}
	return encodeScalar(s, v)
}

func as(v tftypes.Value, into any) error {
	if err := v.As(into); err != nil {
		return fmt.Errorf("reading a value of Terraform: %w", err)
	}
	return nil
}

func encodeScalar(s *wire.Schema, v tftypes.Value) (any, error) {
	switch s.Type { //nolint:exhaustive // what has members is encoded elsewhere
	case wire.Boolean:
		var b bool
		err := as(v, &b)
		return b, err
	case wire.Integer, wire.Number:
		var n big.Float
		err := as(v, &n)
		return json.Number(n.Text('g', -1)), err
	}
	var text string
	err := as(v, &text)
	return text, err
}

func encodeObject(s *wire.Schema, v tftypes.Value) (any, error) {
	var members map[string]tftypes.Value
	if err := as(v, &members); err != nil {
		return nil, err
	}
	out := map[string]any{}
	for name, member := range members {
		f := s.Field(name)
		if s.Type == wire.Object && f == nil {
			continue // what is Terraform's own
		}
		inner := s.Items
		if f != nil {
			inner = f.Schema
		}
		said, err := Encode(inner, member)
		if err != nil {
			return nil, err
		}
		if said != nil {
			out[name] = said
		}
	}
	return out, nil
}

func encodeList(s *wire.Schema, v tftypes.Value) (any, error) {
	var elements []tftypes.Value
	if err := as(v, &elements); err != nil {
		return nil, err
	}
	out := make([]any, len(elements))
	for i := range elements {
		var err error
		if out[i], err = Encode(s.Items, elements[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Decode returns what the broker says as a value of type t. Where that is what
// prior says it is prior, however the user has written it; what says nothing is
// null, unless prior is unknown.
func Decode(s *wire.Schema, t tftypes.Type, said any, prior tftypes.Value) (tftypes.Value, error) {
	if prior.IsFullyKnown() && !prior.IsNull() {
		before, err := Encode(s, prior)
		if err != nil || same(s, before, said) {
			return prior, err
		}
	}
	if said == nil {
		return tftypes.NewValue(t, nil), nil
	}
	switch t := t.(type) {
	case tftypes.Object:
		return decodeObject(s, t, said, prior)
	case tftypes.Map:
		return decodeMap(s, t, said, prior)
	case tftypes.List:
		return decodeList(s, t, said, prior)
	}
	return decodeScalar(s, t, said)
}

func decodeScalar(s *wire.Schema, t tftypes.Type, said any) (tftypes.Value, error) {
	if free(s) {
		text, err := render(said)
		return tftypes.NewValue(t, text), err
	}
	if n, ok := said.(json.Number); ok {
		f, _, err := big.ParseFloat(n.String(), 10, 512, big.ToNearestEven)
		if err != nil {
			return tftypes.Value{}, fmt.Errorf("reading the number %s: %w", n, err)
		}
		return tftypes.NewValue(t, f), nil
	}
	if err := tftypes.ValidateValue(t, said); err != nil {
		return tftypes.Value{}, fmt.Errorf("the broker says %v: %w", said, err)
	}
	return tftypes.NewValue(t, said), nil
}

func decodeObject(s *wire.Schema, t tftypes.Object, said any, prior tftypes.Value) (tftypes.Value, error) {
	members, ok := said.(map[string]any)
	if !ok {
		return tftypes.Value{}, fmt.Errorf("the broker says %v, want an object", said)
	}
	out := map[string]tftypes.Value{}
	for name, inner := range t.AttributeTypes {
		f := s.Field(name)
		if f == nil { // what is Terraform's own
			out[name] = child(prior, name, inner)
			continue
		}
		var err error
		if out[name], err = decodeField(f, inner, members[name], child(prior, name, inner)); err != nil {
			return tftypes.Value{}, err
		}
	}
	return tftypes.NewValue(t, out), nil
}

// decodeField leaves prior as it is where both say nothing, each in its way.
func decodeField(f *wire.Field, t tftypes.Type, said any, prior tftypes.Value) (tftypes.Value, error) {
	if prior.IsFullyKnown() && nothing(f, said) {
		before, err := Encode(f.Schema, prior)
		if err != nil || nothing(f, before) {
			return prior, err
		}
	}
	return Decode(f.Schema, t, said, prior)
}

// nothing reports whether the broker's way to say nothing is said of the field.
func nothing(f *wire.Field, said any) bool {
	n := normal(f.Schema, said)
	return f.Default == nil && (n == nil || silent(f, n))
}

func decodeMap(s *wire.Schema, t tftypes.Map, said any, prior tftypes.Value) (tftypes.Value, error) {
	members, ok := said.(map[string]any)
	if !ok {
		return tftypes.Value{}, fmt.Errorf("the broker says %v, want an object", said)
	}
	out := map[string]tftypes.Value{}
	for name, member := range members {
		var err error
		if out[name], err = Decode(s.Items, t.ElementType, member, child(prior, name, t.ElementType)); err != nil {
			return tftypes.Value{}, err
		}
	}
	return tftypes.NewValue(t, out), nil
}

func decodeList(s *wire.Schema, t tftypes.List, said any, prior tftypes.Value) (tftypes.Value, error) {
	elements, ok := said.([]any)
	if !ok {
		return tftypes.Value{}, fmt.Errorf("the broker says %v, want a list", said)
	}
	out := make([]tftypes.Value, len(elements))
	for i := range elements {
		var err error
		if out[i], err = Decode(s.Items, t.ElementType, elements[i], element(prior, i, t.ElementType)); err != nil {
			return tftypes.Value{}, err
		}
	}
	return tftypes.NewValue(t, out), nil
}

// child is a member of an object or map: unknown where that is, and null where it
// has none.
func child(of tftypes.Value, name string, t tftypes.Type) tftypes.Value {
	var members map[string]tftypes.Value
	if !of.IsKnown() {
		return tftypes.NewValue(t, tftypes.UnknownValue)
	}
	if of.IsNull() || of.As(&members) != nil || members[name].Type() == nil {
		return tftypes.NewValue(t, nil)
	}
	return members[name]
}

// element is a member of a list, as [child] is of an object.
func element(of tftypes.Value, i int, t tftypes.Type) tftypes.Value {
	var elements []tftypes.Value
	if !of.IsKnown() {
		return tftypes.NewValue(t, tftypes.UnknownValue)
	}
	if of.IsNull() || of.As(&elements) != nil || i >= len(elements) {
		return tftypes.NewValue(t, nil)
	}
	return elements[i]
}
