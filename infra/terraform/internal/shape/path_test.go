package shape_test

import (
	"reflect"
	"testing"

	"github.com/openhostfactory/ohfp/infra/terraform/internal/shape"
	"github.com/openhostfactory/ohfp/shared/wire"
)

type host struct {
	Name       string         `json:"name" required:"true" doc:"Its name."`
	Port       int            `json:"port,omitempty" doc:"Its port."`
	Price      *float64       `json:"price,omitempty" doc:"Its price."`
	Attributes map[string]any `json:"attributes,omitempty" doc:"What it has."`
}

type check struct {
	Kind    string `json:"kind" default:"tcp" enum:"tcp,http" doc:"How."`
	Timeout int    `json:"timeout" default:"1000" doc:"How long."`
}

type pool struct {
	Name   string            `json:"name" required:"true" doc:"Its name."`
	Hosts  []host            `json:"hosts,omitempty" doc:"Its hosts."`
	Check  check             `json:"check" doc:"The check."`
	Tags   map[string]string `json:"tags,omitempty" doc:"Labels."`
	On     bool              `json:"on,omitempty" default:"true" doc:"Whether."`
	Weight int               `json:"weight,omitempty" doc:"How much."`
	Later  int               `json:"later,omitempty" planned:"not yet" doc:"No."`
}

func pools() *wire.Schema { return shape.Pick(wire.SchemaOf(reflect.TypeFor[pool]())) }

func TestPath_is_as_deep_as_Terraform_has_a_place(t *testing.T) {
	for field, want := range map[string]string{
		"name":                     "name",
		"hosts[2].name":            "hosts[2].name",
		"hosts[2].attributes.rack": `hosts[2].attributes["rack"]`,
		"tags.a":                   `tags["a"]`,
		"check.kind":               "check.kind",
		"check.kindd":              "check",
		"later":                    "",
		"":                         "",
	} {
		at, found := shape.Path(pools(), field)
		if at.String() != want || found != (want != "") {
			t.Errorf("%s: want %q, got %q, %v", field, want, at, found)
		}
	}
}
