package shape

import (
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/openhostfactory/ohfp/shared/wire"
)

// Asked returns the attributes of a data source that are a request.
func Asked(s *wire.Schema) map[string]schema.Attribute {
	all := map[string]schema.Attribute{}
	for _, f := range s.Fields {
		switch doc := docOf(f); f.Schema.Type { // the rest is text
		case wire.Boolean:
			all[f.Name] = schema.BoolAttribute{MarkdownDescription: doc, Optional: !f.Required, Required: f.Required}
		case wire.Integer:
			all[f.Name] = schema.Int64Attribute{MarkdownDescription: doc, Optional: !f.Required, Required: f.Required}
		default:
			all[f.Name] = schema.StringAttribute{MarkdownDescription: doc, Optional: !f.Required, Required: f.Required}
		}
	}
	return all
}

// Answered returns the attributes of a data source that are an answer.
func Answered(s *wire.Schema) map[string]schema.Attribute {
	all := map[string]schema.Attribute{}
	for _, f := range s.Fields {
		all[f.Name] = answered(f)
	}
	return all
}

func answered(f *wire.Field) schema.Attribute {
	doc := docOf(f)
	switch t := typeOf(f.Schema).(type) {
	case types.ObjectType:
		return schema.ObjectAttribute{MarkdownDescription: doc, Computed: true, AttributeTypes: t.AttrTypes}
	case types.ListType:
		return schema.ListAttribute{MarkdownDescription: doc, Computed: true, ElementType: t.ElemType}
	case types.MapType:
		return schema.MapAttribute{MarkdownDescription: doc, Computed: true, ElementType: t.ElemType}
	}
	switch f.Schema.Type { //nolint:exhaustive // the rest is text
	case wire.Boolean:
		return schema.BoolAttribute{MarkdownDescription: doc, Computed: true}
	case wire.Integer:
		return schema.Int64Attribute{MarkdownDescription: doc, Computed: true}
	case wire.Number:
		return schema.Float64Attribute{MarkdownDescription: doc, Computed: true}
	}
	return schema.StringAttribute{MarkdownDescription: doc, Computed: true}
}
