package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/wire"
)

// templateFields are what every kind's layer of a template may say.
type templateFields struct {
	Attributes   map[string]any    `json:"attributes,omitempty" maxlen:"50" doc:"What a machine must have: ncpus (cores) and nram (MiB) at least, all others equal."`
	MachineTypes []string          `json:"machine_types,omitempty" maxlen:"100" doc:"Machine types in order of preference."`
	Image        string            `json:"image,omitempty" maxlen:"2048" doc:"Image that machines start from."`
	UserData     string            `json:"user_data,omitempty" doc:"Given to each machine at its start; never logged."`
	Tags         map[string]string `json:"tags,omitempty" maxlen:"50" doc:"Tags of each machine."`
	PriceType    string            `json:"price_type,omitempty" maxlen:"64" doc:"How machines are paid for."`

	MachineWeights map[string]int `json:"machine_weights,omitempty" maxlen:"400" doc:"Units that a machine of a type is worth, 1 to 999, for requests in units; 1 where a type is not named."`
}

func staticLayer(raw json.RawMessage, at string) (templateFields, any, error) {
	var t templateFields
	err := wire.Decode(raw, &t, wire.Limits{At: at, Body: maxLayer})
	return t, nil, err
}

func awsLayer(raw json.RawMessage, at string) (templateFields, any, error) {
	var t struct {
		templateFields
		AWSTemplate
	}
	if err := wire.Decode(raw, &t, wire.Limits{At: at, Body: maxLayer}); err != nil {
		return templateFields{}, nil, err
	}
	bad := awsNetwork(t.Subnets, t.SecurityGroups, at)
	if l := t.LaunchTemplate; l != nil && (l.ID == "") == (l.Name == "") {
		bad = append(bad, field(at+".launch_template", "give its id or its name, one of them"))
	}
	return t.templateFields, t.AWSTemplate, invalid(append(bad, t.contradictions(t.templateFields, at)...))
}

// maxLayer bounds a layer and the merger of all in bytes: each was bounded by
// the request that carried it.
const maxLayer = 1 << 20

var providerName = lazily(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`)

// CheckTemplate checks what a template says for every kind and for providers
// by name, when it is registered. What a named provider's kind is need not be
// known yet: its layer must fit some kind, and is checked again when it is
// resolved. Errors are [*fault.Error] with paths such as
// overrides.types.aws.image.
func CheckTemplate(t broker.Template) error {
	if err := invalid(checkFields("", t.Attributes, t.MachineWeights)); err != nil {
		return err
	}
	for _, kind := range sortedKeys(t.Overrides.Types) {
		path := "overrides.types." + kind
		k, err := lookup(kind, path)
		if err != nil {
			return err
		}
		if err := k.check(t.Overrides.Types[kind], path); err != nil {
			return err
		}
	}
	for _, name := range sortedKeys(t.Overrides.Providers) {
		path := "overrides.providers." + name
		if !providerName.MatchString(name) {
			return fault.Invalid("overrides.providers", "%q is not the name of a provider", name)
		}
		if err := checkByAny(t.Overrides.Providers[name], path); err != nil {
			return err
		}
	}
	return nil
}

// check reads a layer and its attributes for what is wrong with it.
func (k Kind) check(raw json.RawMessage, path string) error {
	common, _, err := k.layer(raw, path)
	if err != nil {
		return err
	}
	return invalid(checkFields(path+".", common.Attributes, common.MachineWeights))
}

// checkFields checks what the schema cannot of fields that stand below a path.
func checkFields(path string, attributes map[string]any, weights map[string]int) []fault.Field {
	return append(checkAttributes(path+"attributes", attributes), checkWeights(path+"machine_weights", weights)...)
}

// checkByAny returns nil when some kind accepts the layer, else the error of
// the kind that found the fewest problems: the one that was most likely meant.
func checkByAny(raw json.RawMessage, path string) error {
	var best *fault.Error
	for _, k := range Kinds() {
		err := fault.As(k.check(raw, path))
		if err == nil {
			return nil
		}
		if best == nil || len(err.Fields) < len(best.Fields) {
			best = err
		}
	}
	return best
}

// Resolve merges a template for one provider: the provider's own layer over
// its kind's over the base. Maps are merged key by key, lists and all else are
// replaced. The result is checked by the kind's schema. Errors are
// [*fault.Error]: invalid_request, or not_supported for a planned kind.
func Resolve(t broker.Template, provider, kind string) (broker.ResolvedTemplate, error) {
	k, err := lookup(kind, "provider_type")
	if err != nil {
		return broker.ResolvedTemplate{}, err
	}
	merged, err := baseOf(t)
	if err != nil {
		return broker.ResolvedTemplate{}, err
	}
	for _, l := range []struct {
		path string
		raw  json.RawMessage
	}{
		{"overrides.types." + kind, t.Overrides.Types[kind]},
		{"overrides.providers." + provider, t.Overrides.Providers[provider]},
	} {
		if len(bytes.TrimSpace(l.raw)) == 0 {
			continue
		}
		if err := k.check(l.raw, l.path); err != nil {
			return broker.ResolvedTemplate{}, err
		}
		if merged, err = merge(merged, l.raw); err != nil {
			return broker.ResolvedTemplate{}, fmt.Errorf("merging %s of template %q: %w", l.path, t.ID, err)
		}
	}
	return k.resolved(t.ID, merged)
}

func baseOf(t broker.Template) (json.RawMessage, error) {
	raw, err := json.Marshal(templateFields{
		Attributes: t.Attributes, MachineTypes: t.MachineTypes, Image: t.Image,
		UserData: t.UserData, Tags: t.Tags, PriceType: t.PriceType, MachineWeights: t.MachineWeights,
	})
	if err != nil {
		return nil, fmt.Errorf("reading template %q: %w", t.ID, err)
	}
	return raw, nil
}

func (k Kind) resolved(id string, merged json.RawMessage) (broker.ResolvedTemplate, error) {
	c, extra, err := k.layer(merged, "template")
	if err != nil {
		return broker.ResolvedTemplate{}, err
	}
	if err := invalid(checkFields("template.", c.Attributes, c.MachineWeights)); err != nil {
		return broker.ResolvedTemplate{}, err
	}
	r := broker.ResolvedTemplate{
		ID: id, Attributes: c.Attributes, MachineTypes: c.MachineTypes, Image: c.Image,
		UserData: c.UserData, Tags: c.Tags, PriceType: c.PriceType, MachineWeights: c.MachineWeights,
	}
	if extra == nil {
		return r, nil
	}
	raw, err := json.Marshal(extra)
	if err != nil {
		return broker.ResolvedTemplate{}, fmt.Errorf("storing what template %q says for %s: %w", id, k.Name, err)
	}
	if string(raw) != "{}" {
		r.Extra = raw
	}
	return r, nil
}

// merge lays the fields of over onto base: maps key by key, all else replaced. Null is the same as absent. Both have been read by the kind's
// schema and are objects.
func merge(base, over json.RawMessage) (json.RawMessage, error) {
	var b, o map[string]json.RawMessage
	if err := errors.Join(json.Unmarshal(base, &b), json.Unmarshal(over, &o)); err != nil {
		return nil, err
	}
	for key, v := range o {
		if string(v) == "null" {
			continue
		}
		if mapped := key == "attributes" || key == "tags" || key == "machine_weights"; mapped && b[key] != nil {
			m, err := overlay(b[key], v)
			if err != nil {
				return nil, err
			}
			v = m
		}
		b[key] = v
	}
	return json.Marshal(b)
}

// overlay lays one map onto another key by key.
func overlay(base, over json.RawMessage) (json.RawMessage, error) {
	m := map[string]json.RawMessage{}
	if err := errors.Join(json.Unmarshal(base, &m), json.Unmarshal(over, &m)); err != nil {
		return nil, err
	}
	return json.Marshal(m)
}

// Complete says what a resolved template lacks for a kind; "" when a machine
// can be made of it.
func Complete(kind string, t broker.ResolvedTemplate) string {
	k, ok := Lookup(kind)
	if !ok {
		return fmt.Sprintf("%q is not a kind of provider that can make machines", kind)
	}
	return k.missing(t)
}
