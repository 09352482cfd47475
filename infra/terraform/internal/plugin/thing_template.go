package plugin

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/openhostfactory/ohfp/infra/terraform/internal/api"
	"github.com/openhostfactory/ohfp/infra/terraform/internal/shape"
	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/command"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers/config"
	"github.com/openhostfactory/ohfp/shared/query"
)

func templateThing() (*thing, error) {
	return &thing{
		name: "template", noun: "template", key: "template_id", put: command.RegisterTemplate.Spec,
		summary: "A template: the kind of machine that an id stands for.",
		schema:  shape.Pick(schemaOf[command.TemplateInput](), "version"),
		care:    shape.Care{Key: "template_id", Sensitive: []string{"user_data", "overrides"}},
		check:   checkTemplate, request: same, shown: asShown,
		kept: func(request body, _ json.RawMessage) (body, error) { return request, nil },
		read: readTemplate, drop: dropTemplate,
		path: func(_ body, field string) string { return field },
	}, nil
}

func checkTemplate(b body) error {
	in, err := decoded[command.RegisterTemplateInput](command.RegisterTemplate.Spec, b)
	if err != nil {
		return err
	}
	return config.CheckTemplate(broker.Template{ //nolint:wrapcheck // it names the field and the remedy
		ID: in.TemplateID, Attributes: in.Attributes, MachineTypes: in.MachineTypes, Image: in.Image, UserData: in.UserData,
		Tags: in.Tags, PriceType: in.PriceType, Fallbacks: in.FallbackStrategies, Overrides: in.Overrides,
	})
}

func readTemplate(ctx context.Context, c *api.Client, name string) (*stored, error) {
	var all query.TemplateList
	err := c.Call(ctx, query.ListTemplates.Spec, body{"template_id": name}, &all)
	if fault.Is(err, fault.NotFound) || err == nil && len(all.Templates) == 0 {
		return nil, nil //nolint:nilnil // there is none
	}
	if err != nil {
		return nil, err
	}
	t := all.Templates[0]
	plain, err := shape.Plain(t)
	b, ok := plain.(body)
	if err != nil || !ok {
		return nil, fmt.Errorf("reading template %q: %w", name, err)
	}
	for _, own := range []string{"has_user_data", "version", "updated_at"} {
		delete(b, own)
	}
	return &stored{body: b, version: t.Version, hidden: t.HasUserData}, nil
}

func dropTemplate(ctx context.Context, c *api.Client, name string, _ map[string]any) error {
	var out command.TemplateDeleted
	return c.Call(ctx, command.DeleteTemplate.Spec, body{"template_id": name}, &out)
}

// keeping gives what was read the user data that Terraform has: the broker never
// shows it. Who changed the template since may have changed that too: then it is
// not known any more, and is planned anew.
func keeping(read *stored, had body, version int64) (body, error) {
	if !read.hidden || read.version != version {
		return read.body, nil
	}
	shown, err := templateOf(read.body)
	if err != nil {
		return nil, err
	}
	before, err := templateOf(had)
	if err != nil {
		return nil, err
	}
	full, _, err := shown.KeepingUserData(before)
	if err != nil {
		return nil, fmt.Errorf("keeping user data: %w", err)
	}
	out := read.body
	if full.UserData != "" {
		out = with(out, "user_data", full.UserData)
	}
	if len(full.Overrides.Types)+len(full.Overrides.Providers) > 0 {
		plain, err := shape.Plain(full.Overrides)
		if err != nil {
			return nil, err //nolint:wrapcheck // it says what was done
		}
		out = with(out, "overrides", plain)
	}
	return out, nil
}

// templateOf reads of a template what may hold user data.
func templateOf(b body) (broker.Template, error) {
	var t broker.Template
	data, err := json.Marshal(body{"user_data": b["user_data"], "overrides": b["overrides"]})
	if err == nil {
		err = json.Unmarshal(data, &t)
	}
	if err != nil {
		return t, fmt.Errorf("reading a template: %w", err)
	}
	return t, nil
}
