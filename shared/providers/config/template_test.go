package config_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers/config"
)

func layers(typ, layer, provider, own string) broker.Template {
	t := broker.Template{
		ID: "t", Attributes: map[string]any{"ncpus": 2.0, "type": "X86_64"}, MachineTypes: []string{"m7i.large", "m7a.large"},
		Image: "base", UserData: "#!/bin/sh\n", Tags: map[string]string{"team": "a", "cost": "1"}, PriceType: "ondemand",
	}
	if layer != "" {
		t.Overrides.Types = map[string]json.RawMessage{typ: json.RawMessage(layer)}
	}
	if own != "" {
		t.Overrides.Providers = map[string]json.RawMessage{provider: json.RawMessage(own)}
	}
	return t
}

func TestResolve(t *testing.T) {
	base := broker.ResolvedTemplate{
		ID: "t", Attributes: map[string]any{"ncpus": 2.0, "type": "X86_64"}, MachineTypes: []string{"m7i.large", "m7a.large"},
		Image: "base", UserData: "#!/bin/sh\n", Tags: map[string]string{"team": "a", "cost": "1"}, PriceType: "ondemand",
	}
	cases := []struct {
		name       string
		layer, own string // for the kind aws, for the provider aws-west
		change     func(r *broker.ResolvedTemplate)
	}{
		{"the base alone", "", "", func(*broker.ResolvedTemplate) {}},
		{"layers that say nothing", "{}", "{}", func(*broker.ResolvedTemplate) {}},
		{"the kind over the base", `{"image":"ami-1","price_type":"spot"}`, "", func(r *broker.ResolvedTemplate) { r.Image, r.PriceType = "ami-1", "spot" }},
		{"the provider over the kind", `{"image":"ami-1"}`, `{"image":"ami-2"}`, func(r *broker.ResolvedTemplate) { r.Image = "ami-2" }},
		{"maps are merged", `{"attributes":{"ncpus":4,"gpu":true}}`, `{"attributes":{"gpu":false},"tags":{"cost":"2","x":"y"}}`, func(r *broker.ResolvedTemplate) {
			r.Attributes = map[string]any{"ncpus": 4.0, "type": "X86_64", "gpu": false}
			r.Tags = map[string]string{"team": "a", "cost": "2", "x": "y"}
		}},
		{"lists are replaced", `{"machine_types":["c7i.large"]}`, "", func(r *broker.ResolvedTemplate) { r.MachineTypes = []string{"c7i.large"} }},
		{"a list can be emptied", `{"machine_types":[]}`, "", func(r *broker.ResolvedTemplate) { r.MachineTypes = []string{} }},
		{"a text can be emptied", "", `{"user_data":""}`, func(r *broker.ResolvedTemplate) { r.UserData = "" }},
		{"null is the same as absent", `{"attributes":null,"machine_types":null}`, "", func(*broker.ResolvedTemplate) {}},
		{"an attribute may have a field's name", `{"attributes":{"attributes":"a","tags":"b"}}`, `{"attributes":{"tags":"c"}}`, func(r *broker.ResolvedTemplate) {
			r.Attributes = map[string]any{"ncpus": 2.0, "type": "X86_64", "attributes": "a", "tags": "c"}
		}},
		{"the kind's own fields", `{"subnets":["subnet-1"],"launch_template":{"name":"a","version":"1"}}`, `{"launch_template":{"id":"lt-1"},"allocation_strategy":"Lowest-Price"}`, func(r *broker.ResolvedTemplate) {
			r.Extra = json.RawMessage(`{"subnets":["subnet-1"],"launch_template":{"id":"lt-1"},"allocation_strategy":"lowest-price"}`)
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			given := layers("aws", c.layer, "aws-west", c.own)
			if err := config.CheckTemplate(given); err != nil {
				t.Errorf("the template is refused: %v", err)
			}
			got, err := config.Resolve(given, "aws-west", "aws")
			if err != nil {
				t.Fatal(err)
			}
			want := clone(t, base)
			c.change(&want)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func clone(t testing.TB, r broker.ResolvedTemplate) broker.ResolvedTemplate {
	t.Helper()
	raw, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var c broker.ResolvedTemplate
	if err := json.Unmarshal(raw, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestResolve_leaves_the_layers_of_others_out(t *testing.T) {
	given := layers("aws", `{"image":"ami-1"}`, "aws-west", `{"image":"ami-2"}`)
	for _, c := range []struct{ provider, kind, want string }{
		{"aws-east", "aws", "ami-1"}, {"pool-a", "static", "base"}, {"aws-west", "static", "ami-2"},
	} {
		got, err := config.Resolve(given, c.provider, c.kind)
		if err != nil || got.Image != c.want {
			t.Errorf("%s of %s: got %q, %v; want %q", c.provider, c.kind, got.Image, err, c.want)
		}
	}
}

func TestResolve_changes_nothing_of_the_template(t *testing.T) {
	given := layers("aws", `{"attributes":{"ncpus":4},"tags":{"team":"b"}}`, "aws-west", "")
	if _, err := config.Resolve(given, "aws-west", "aws"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(layers("aws", `{"attributes":{"ncpus":4},"tags":{"team":"b"}}`, "aws-west", ""), given); diff != "" {
		t.Errorf("-before +after:\n%s", diff)
	}
}

// A layer for a named provider is checked by some kind when the template is
// registered, and by the right one when it is resolved.
func TestResolve_checks_a_layer_by_the_kind_of_the_provider(t *testing.T) {
	given := layers("", "", "pool-a", `{"subnets":["subnet-1"]}`)
	if err := config.CheckTemplate(given); err != nil {
		t.Errorf("the template is refused: %v", err)
	}
	_, err := config.Resolve(given, "pool-a", "static")
	if e := fault.As(err); e == nil || e.Fields[0].Field != "overrides.providers.pool-a.subnets" {
		t.Errorf("got %v", err)
	}
	if _, err := config.Resolve(given, "pool-a", "aws"); err != nil {
		t.Errorf("got %v", err)
	}
	if _, err := config.Resolve(given, "pool-a", "azure"); !fault.Is(err, fault.NotSupported) {
		t.Errorf("got %v", err)
	}
}

func TestCheckTemplate_refuses(t *testing.T) {
	cases := []struct {
		name    string
		given   broker.Template
		code    fault.Code
		field   string
		message string
	}{
		{"attributes of the base", broker.Template{Attributes: map[string]any{"ncpus": "many"}}, fault.InvalidRequest, "attributes.ncpus", "want a number above 0"},
		{"an attribute of the base with a bad name", broker.Template{Attributes: map[string]any{"a b": 1.0}}, fault.InvalidRequest, "attributes.a b", "an attribute's name is 1 to 64 letters, digits, _, . and -, beginning with a letter"},
		{"an unknown kind", layers("awz", `{}`, "", ""), fault.InvalidRequest, "overrides.types.awz", `"awz" is not a kind of provider; did you mean "aws"?`},
		{"a planned kind", layers("gcp", `{}`, "", ""), fault.NotSupported, "overrides.types.gcp", `the kind "gcp" is planned and not built yet; known: static, aws`},
		{"an unknown key for a kind", layers("aws", `{"imgae":"x"}`, "", ""), fault.InvalidRequest, "overrides.types.aws.imgae", `unknown key; did you mean "image"?`},
		{"a key of another kind", layers("static", `{"subnets":[]}`, "", ""), fault.InvalidRequest, "overrides.types.static.subnets", "unknown key; known: attributes, image, machine_types, machine_weights, price_type, tags, user_data"},
		{"attributes for a kind", layers("aws", `{"attributes":{"nram":-1}}`, "", ""), fault.InvalidRequest, "overrides.types.aws.attributes.nram", "want a number above 0"},
		{"an attribute without a value", layers("aws", `{"attributes":{"gpu":null}}`, "", ""), fault.InvalidRequest, "overrides.types.aws.attributes.gpu", "want text, a number, true or false"},
		{"a launch template without a name", layers("aws", `{"launch_template":{"version":"1"}}`, "", ""), fault.InvalidRequest, "overrides.types.aws.launch_template", "give its id or its name, one of them"},
		{"a launch template with two", layers("aws", `{"launch_template":{"id":"a","name":"b"}}`, "", ""), fault.InvalidRequest, "overrides.types.aws.launch_template", "give its id or its name, one of them"},
		{"a layer that is no object", layers("aws", `null`, "", ""), fault.InvalidRequest, "overrides.types.aws", "want an object, got null"},
		{"an unknown key for a provider", layers("", "", "aws-west", `{"imgae":"x"}`), fault.InvalidRequest, "overrides.providers.aws-west.imgae", `unknown key; did you mean "image"?`},
		{"a key deep in a kind's own", layers("", "", "aws-west", `{"subnets":["subnet-1"],"launch_template":{"idd":"x","name":"a"}}`), fault.InvalidRequest, "overrides.providers.aws-west.launch_template.idd", `unknown key; did you mean "id"?`},
		{"a bad name of a provider", layers("", "", "a b", `{}`), fault.InvalidRequest, "overrides.providers", `"a b" is not the name of a provider`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			e := fault.As(config.CheckTemplate(c.given))
			if e == nil || e.Code != c.code || len(e.Fields) == 0 {
				t.Fatalf("got %v, want %s", e, c.code)
			}
			if diff := cmp.Diff(fault.Field{Field: c.field, Message: c.message}, e.Fields[0]); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestComplete(t *testing.T) {
	full := broker.ResolvedTemplate{Image: "ami-1", MachineTypes: []string{"m7i.large"}}
	cases := []struct {
		name, kind string
		given      broker.ResolvedTemplate
		want       string
	}{
		{"a pool needs nothing", "static", broker.ResolvedTemplate{}, ""},
		{"image and machine types", "aws", full, ""},
		{"nothing", "aws", broker.ResolvedTemplate{}, "aws needs image and machine_types, or a launch_template"},
		{"no image", "aws", broker.ResolvedTemplate{MachineTypes: full.MachineTypes}, "aws needs image, or a launch_template"},
		{"no machine types", "aws", broker.ResolvedTemplate{Image: "ami-1"}, "aws needs machine_types, or a launch_template"},
		{"a launch template", "aws", broker.ResolvedTemplate{Extra: json.RawMessage(`{"launch_template":{"id":"lt-1"}}`)}, ""},
		{"fields that cannot be read", "aws", broker.ResolvedTemplate{Extra: json.RawMessage(`[`)}, "its fields for aws cannot be read"},
		{"an unknown kind", "azure", full, `"azure" is not a kind of provider that can make machines`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := config.Complete(c.kind, c.given); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// What the last layer that names a key says is what counts.
func TestResolve_takes_each_key_from_the_last_layer_that_names_it(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tags := rapid.MapOf(rapid.SampledFrom([]string{"a", "b", "c", "d"}), rapid.StringMatching(`[a-z]{0,3}`))
		texts := rapid.SampledFrom([]string{"", "x", "y"})
		var parts [3]map[string]string
		var images [3]string
		want, image := map[string]string{}, ""
		for i := range parts {
			parts[i], images[i] = tags.Draw(t, "tags"), texts.Draw(t, "image")
			for k, v := range parts[i] {
				want[k] = v
			}
			if images[i] != "" {
				image = images[i]
			}
		}
		layer := func(i int) json.RawMessage {
			l := map[string]any{"tags": parts[i]}
			if images[i] != "" {
				l["image"] = images[i]
			}
			raw, err := json.Marshal(l)
			if err != nil {
				t.Fatal(err)
			}
			return raw
		}
		got, err := config.Resolve(broker.Template{ID: "t", Image: images[0], Tags: parts[0], Overrides: broker.Overrides{
			Types: map[string]json.RawMessage{"static": layer(1)}, Providers: map[string]json.RawMessage{"p": layer(2)},
		}}, "p", "static")
		if err != nil {
			t.Fatal(err)
		}
		if got.Tags == nil {
			got.Tags = map[string]string{}
		}
		if diff := cmp.Diff(want, got.Tags); diff != "" || got.Image != image {
			t.Errorf("image %q, want %q; tags (-want +got):\n%s", got.Image, image, diff)
		}
	})
}

func TestRequirementsStandInThePlaceOfMachineTypes(t *testing.T) {
	layer := func(fields string) broker.Template {
		return broker.Template{ID: "t", Overrides: broker.Overrides{Types: map[string]json.RawMessage{"aws": json.RawMessage(`{"image":"ami-1",` + fields + `}`)}}}
	}
	const need = `"instance_requirements":{"vcpu_min":4,"vcpu_max":8,"memory_mib_min":8192}`
	if _, why := config.Usable(layer(need), "aws-west", "aws"); why != "" {
		t.Errorf("it cannot be used: %s", why)
	}
	for fields, want := range map[string]string{
		need + `,"machine_types":["m7i.large"]`:                                        "overrides.types.aws.instance_requirements: give machine_types or instance_requirements, not both",
		need + `,"allocation_strategy":"prioritized"`:                                  "overrides.types.aws.allocation_strategy: prioritized needs machine_types: nothing orders the types that instance_requirements finds",
		`"instance_requirements":{"vcpu_min":4,"vcpu_max":2,"memory_mib_min":1}`:       "overrides.types.aws.instance_requirements.vcpu_max: want vcpu_min or more, got 2",
		`"instance_requirements":{"vcpu_min":4,"memory_mib_min":9,"memory_mib_max":8}`: "overrides.types.aws.instance_requirements.memory_mib_max: want memory_mib_min or more, got 8",
		`"instance_requirements":{"vcpu_min":4}`:                                       "overrides.types.aws.instance_requirements.memory_mib_min: required",
		`"percent_on_demand":101`:                                                      "overrides.types.aws.percent_on_demand: want 0 to 100, got 101",
	} {
		if err := config.CheckTemplate(layer(fields)); fault.As(err) == nil || fault.As(err).Detail != want {
			t.Errorf("%s: got %v, want %s", fields, err, want)
		}
	}
}
