package shape

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/float64default"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64default"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/listdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/objectdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/openhostfactory/ohfp/shared/wire"
)

// Care says what the tags of a type do not: of fields by their names or, within
// objects, by their paths.
type Care struct {
	Key       string   // another name is another thing
	Sensitive []string // never shown
	Filled    []string // left out, the broker fills them in
}

// Attributes returns the attributes of a resource that is an object.
func Attributes(ctx context.Context, s *wire.Schema, care Care) (map[string]schema.Attribute, error) {
	return shaping{ctx, care}.attributes(s, "")
}

// shaping is one derivation.
type shaping struct {
	ctx  context.Context // of one call
	care Care
}

func (x shaping) attributes(s *wire.Schema, at string) (map[string]schema.Attribute, error) {
	all := map[string]schema.Attribute{}
	for _, f := range s.Fields {
		a, err := x.attribute(f, at+f.Name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", at+f.Name, err)
		}
		all[f.Name] = a
	}
	return all, nil
}

// common is what attributes of every type have.
type common struct {
	doc                 string
	required, sensitive bool
	computed            bool // by the broker, or by its default
	key                 bool
	value               attr.Value // the default; nil: none
}

func (x shaping) attribute(f *wire.Field, path string) (schema.Attribute, error) {
	value, err := defaultOf(x.ctx, f)
	if err != nil {
		return nil, err
	}
	c := common{
		doc: docOf(f), required: f.Required, sensitive: slices.Contains(x.care.Sensitive, path), value: value,
		computed: value != nil || slices.Contains(x.care.Filled, path), key: path == x.care.Key,
	}
	switch s := f.Schema; {
	case s.Type == wire.Object:
		return x.nested(c, s, path)
	case s.Type == wire.Array && s.Items.Type == wire.Object:
		return x.objects(c, s.Items, path)
	case s.Type == wire.Array:
		return listed(c, s), nil
	case s.Type == wire.Map:
		return schema.MapAttribute{
			MarkdownDescription: c.doc, Required: c.required, Optional: !c.required, Sensitive: c.sensitive, ElementType: typeOf(s.Items),
		}, nil
	}
	return scalar(c, f.Schema), nil
}

func (x shaping) nested(c common, s *wire.Schema, path string) (schema.Attribute, error) {
	inner, err := x.attributes(s, path+".")
	a := schema.SingleNestedAttribute{
		MarkdownDescription: c.doc, Required: c.required, Optional: !c.required, Computed: c.computed, Sensitive: c.sensitive, Attributes: inner,
	}
	if v, ok := c.value.(types.Object); ok {
		a.Default = objectdefault.StaticValue(v)
	}
	return a, err
}

func (x shaping) objects(c common, s *wire.Schema, path string) (schema.Attribute, error) {
	inner, err := x.attributes(s, path+".")
	return schema.ListNestedAttribute{
		MarkdownDescription: c.doc, Required: c.required, Optional: !c.required, Sensitive: c.sensitive,
		NestedObject: schema.NestedAttributeObject{Attributes: inner},
	}, err
}

func listed(c common, s *wire.Schema) schema.Attribute {
	a := schema.ListAttribute{
		MarkdownDescription: c.doc, Required: c.required, Optional: !c.required, Computed: c.computed, Sensitive: c.sensitive, ElementType: typeOf(s.Items),
	}
	if v, ok := c.value.(types.List); ok {
		a.Default = listdefault.StaticValue(v)
	}
	return a
}

func scalar(c common, s *wire.Schema) schema.Attribute {
	switch s.Type { //nolint:exhaustive // the rest is text
	case wire.Boolean:
		a := schema.BoolAttribute{MarkdownDescription: c.doc, Required: c.required, Optional: !c.required, Computed: c.computed}
		if v, ok := c.value.(types.Bool); ok {
			a.Default = booldefault.StaticBool(v.ValueBool())
		}
		return a
	case wire.Integer:
		a := schema.Int64Attribute{MarkdownDescription: c.doc, Required: c.required, Optional: !c.required, Computed: c.computed}
		if v, ok := c.value.(types.Int64); ok {
			a.Default = int64default.StaticInt64(v.ValueInt64())
		}
		return a
	case wire.Number:
		a := schema.Float64Attribute{MarkdownDescription: c.doc, Required: c.required, Optional: !c.required, Computed: c.computed}
		if v, ok := c.value.(types.Float64); ok {
			a.Default = float64default.StaticFloat64(v.ValueFloat64())
		}
		return a
	}
	a := schema.StringAttribute{MarkdownDescription: c.doc, Required: c.required, Optional: !c.required, Computed: c.computed, Sensitive: c.sensitive}
	if v, ok := c.value.(types.String); ok {
		a.Default = stringdefault.StaticString(v.ValueString())
	}
	if c.key {
		a.PlanModifiers = []planmodifier.String{stringplanmodifier.RequiresReplace()}
	}
	return a
}

// docOf is the field's own words, and what it may hold.
func docOf(f *wire.Field) string {
	doc := f.Doc
	if v := f.Values(); len(v) > 0 {
		doc += " One of `" + strings.Join(v, "`, `") + "`."
	}
	if f.Default != nil {
		doc += " Default `" + string(f.Default) + "`."
	}
	return strings.TrimSpace(doc)
}

// typeOf is the type of a value in Terraform.
func typeOf(s *wire.Schema) attr.Type {
	switch {
	case free(s), s.Type == wire.String:
		return types.StringType
	case s.Type == wire.Boolean:
		return types.BoolType
	case s.Type == wire.Integer:
		return types.Int64Type
	case s.Type == wire.Number:
		return types.Float64Type
	case s.Type == wire.Array:
		return types.ListType{ElemType: typeOf(s.Items)}
	case s.Type == wire.Map:
		return types.MapType{ElemType: typeOf(s.Items)}
	}
	members := map[string]attr.Type{}
	for _, f := range s.Fields {
		members[f.Name] = typeOf(f.Schema)
	}
	return types.ObjectType{AttrTypes: members}
}

// defaultOf is the default of a field as a value; nil when it has none.
func defaultOf(ctx context.Context, f *wire.Field) (attr.Value, error) {
	said, err := defaulted(f)
	if err != nil || said == nil {
		return nil, err
	}
	t := typeOf(f.Schema)
	raw := t.TerraformType(ctx)
	v, err := Decode(f.Schema, raw, said, tftypes.NewValue(raw, tftypes.UnknownValue))
	if err != nil {
		return nil, err
	}
	out, err := t.ValueFromTerraform(ctx, v)
	if err != nil {
		return nil, fmt.Errorf("the default: %w", err)
	}
	return out, nil
}
