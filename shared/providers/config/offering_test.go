package config_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/providers/config"
)

func TestOfferings_are_what_a_machine_may_be_made_of(t *testing.T) {
	four := map[string]any{"ncpus": 4.0, "os": "linux"}
	for name, c := range map[string]struct {
		template broker.ResolvedTemplate
		want     []string
	}{
		"any machine":   {broker.ResolvedTemplate{ID: "x", Image: "i"}, []string{"any"}},
		"by attributes": {broker.ResolvedTemplate{Attributes: four}, []string{"any ncpus=4 os=linux"}},
		"by type, each once and in one order": {
			broker.ResolvedTemplate{MachineTypes: []string{"m", "l", "m"}, PriceType: "spot"}, []string{"l spot", "m spot"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, config.Offerings(c.template)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestOfferings_of_a_long_list_are_one(t *testing.T) {
	list := []string{"a", "b", "c", "d", "e"}
	one := config.Offerings(broker.ResolvedTemplate{MachineTypes: list})
	if len(one) != 1 || !strings.HasPrefix(one[0], "a and 4 more #") {
		t.Errorf("got %q", one)
	}
	list[4] = "f"
	if other := config.Offerings(broker.ResolvedTemplate{MachineTypes: list}); other[0] == one[0] {
		t.Errorf("two lists have the name %q", other)
	}
}

func TestOfferings_of_other_subnets_are_others(t *testing.T) {
	name := func(extra string) string {
		return config.Offerings(broker.ResolvedTemplate{MachineTypes: []string{"m"}, Extra: json.RawMessage(extra)})[0]
	}
	if name(`{"subnets":["subnet-1"]}`) == name(`{"subnets":["subnet-2"]}`) {
		t.Error("a subnet that is full would block the other")
	}
}

func TestTemplateOffering_changes_with_the_template_only(t *testing.T) {
	base := broker.ResolvedTemplate{ID: "web", Image: "i-1", Attributes: map[string]any{"ncpus": 4.0}}
	same, other := base, base
	same.Tags, same.UserData, other.Image = map[string]string{"a": "b"}, "secret", "i-2"
	name := config.TemplateOffering(base)
	if !strings.HasPrefix(name, "template web #") || config.TemplateOffering(same) != name {
		t.Errorf("got %q and %q", name, config.TemplateOffering(same))
	}
	if config.TemplateOffering(other) == name {
		t.Error("a template that was mended would stay blocked")
	}
}

// A worker names what the request named, from what was stored in between.
func TestOfferings_have_the_same_names_after_they_were_stored(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		values := []any{true, 4.0, 0.5, 1e21, "linux", "a b", []any{"x", 1.0}}
		was := broker.ResolvedTemplate{
			ID: rapid.String().Draw(r, "id"), MachineTypes: rapid.SliceOfN(rapid.String(), 0, 9).Draw(r, "types"),
			PriceType:  rapid.SampledFrom([]string{"", "spot"}).Draw(r, "price"),
			Attributes: rapid.MapOfN(rapid.String(), rapid.SampledFrom(values), 0, 5).Draw(r, "attributes"),
			Extra:      rapid.SampledFrom([]json.RawMessage{nil, json.RawMessage(`{"subnets":["<&>"]}`)}).Draw(r, "extra"),
		}
		raw, err := json.Marshal(was)
		if err != nil {
			r.Fatal(err)
		}
		var is broker.ResolvedTemplate
		if err := json.Unmarshal(raw, &is); err != nil {
			r.Fatal(err)
		}
		names := append(config.Offerings(was), config.TemplateOffering(was))
		if diff := cmp.Diff(names, append(config.Offerings(is), config.TemplateOffering(is))); diff != "" {
			r.Error(diff)
		}
		for _, name := range names {
			if name == "" || len(name) > 120 {
				r.Errorf("%q has %d bytes", name, len(name))
			}
		}
	})
}
