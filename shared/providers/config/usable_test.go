package config_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers/config"
)

func TestUsable_says_what_keeps_machines_from_being_made(t *testing.T) {
	layer := func(raw string) broker.Overrides {
		return broker.Overrides{Providers: map[string]json.RawMessage{"p": json.RawMessage(raw)}}
	}
	for name, c := range map[string]struct {
		template broker.Template
		kind     string
		why      string // "": nothing
	}{
		"nothing":                        {broker.Template{ID: "t"}, "static", ""},
		"a layer of another kind":        {broker.Template{ID: "t", Overrides: layer(`{"subnets": ["subnet-1"]}`)}, "static", "subnets"},
		"something that the kind wants":  {broker.Template{ID: "t"}, "aws", "image"},
		"no such kind":                   {broker.Template{ID: "t"}, "abacus", "abacus"},
		"a kind that has all that it is": {broker.Template{ID: "t", Image: "ami-1", MachineTypes: []string{"m7i.large"}, Overrides: layer(`{"subnets": ["subnet-1"], "security_groups": ["sg-1"]}`)}, "aws", ""},
	} {
		r, why := config.Usable(c.template, "p", c.kind)
		if (why == "") != (c.why == "") || !strings.Contains(why, c.why) {
			t.Errorf("%s: got %q, want %q in it", name, why, c.why)
		}
		if why == "" && r.ID != "t" {
			t.Errorf("%s: got %+v", name, r)
		}
	}
}

func TestMatches_wants_all_that_a_filter_says(t *testing.T) {
	r := broker.ResolvedTemplate{
		ID: "t", Attributes: map[string]any{"ncpus": 8.0, "nram": 4096.0, "os": "linux"}, MachineTypes: []string{"small", "large"}, PriceType: "spot",
	}
	for name, c := range map[string]struct {
		filter broker.TemplateFilter
		want   bool
	}{
		"nothing":              {broker.TemplateFilter{}, true},
		"its id among others":  {broker.TemplateFilter{TemplateIDs: []string{"s", "t"}}, true},
		"another id":           {broker.TemplateFilter{TemplateIDs: []string{"T"}}, false},
		"one of its types":     {broker.TemplateFilter{MachineType: "large"}, true},
		"another type":         {broker.TemplateFilter{MachineType: "huge"}, false},
		"how it is paid":       {broker.TemplateFilter{PriceType: "spot"}, true},
		"another way":          {broker.TemplateFilter{PriceType: "ondemand"}, false},
		"fewer cores":          {broker.TemplateFilter{Attributes: map[string]any{"ncpus": "8", "os": "linux"}}, true},
		"more cores":           {broker.TemplateFilter{Attributes: map[string]any{"ncpus": 9.0}}, false},
		"cores, of ncpus":      {broker.TemplateFilter{Attributes: map[string]any{"ncores": 8.0}}, true},
		"too many of them":     {broker.TemplateFilter{Attributes: map[string]any{"ncores": 9.0}}, false},
		"LSF's word":           {broker.TemplateFilter{Attributes: map[string]any{"mem": "2048"}}, true},
		"too much of it":       {broker.TemplateFilter{Attributes: map[string]any{"mem": 8192.0}}, false},
		"Symphony's word":      {broker.TemplateFilter{Attributes: map[string]any{"nram": 4096.0}}, true},
		"the usual platform":   {broker.TemplateFilter{Attributes: map[string]any{"type": "X86_64"}}, true},
		"another platform":     {broker.TemplateFilter{Attributes: map[string]any{"type": "NTX64"}}, false},
		"what it does not say": {broker.TemplateFilter{Attributes: map[string]any{"gpu": false}}, false},
		"all but one":          {broker.TemplateFilter{TemplateIDs: []string{"t"}, MachineType: "large", PriceType: "ondemand"}, false},
	} {
		if got := config.Matches(c.filter, r); got != c.want {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

func TestCheckFilter_refuses_what_no_template_has(t *testing.T) {
	good := broker.TemplateFilter{Attributes: map[string]any{"ncpus": 4.0, "os": "linux"}}
	if err := config.CheckFilter(good, "filter"); err != nil {
		t.Error(err)
	}
	for _, bad := range []map[string]any{{"ncpus": 0.0}, {"nram": "much"}, {"os": []any{"linux"}}, {"": true}} {
		err := config.CheckFilter(broker.TemplateFilter{Attributes: bad}, "filter")
		if !fault.Is(err, fault.InvalidRequest) || !strings.HasPrefix(fault.As(err).Fields[0].Field, "filter.attributes.") {
			t.Errorf("%v: %v", bad, err)
		}
	}
}

func TestValue_knows_both_words_of_schedulers(t *testing.T) {
	for name, c := range map[string]struct {
		has  map[string]any
		want any
	}{
		"ncpus":  {map[string]any{"ncpus": 4, "ncores": 8}, 4},
		"ncores": {map[string]any{"ncpus": 4}, 4},
		"nram":   {map[string]any{"mem": 4096}, 4096},
		"mem":    {map[string]any{"nram": 2048}, 2048},
		"type":   {nil, "X86_64"},
		"zone":   {map[string]any{"zone": nil}, nil},
	} {
		if got := config.Value(c.has, name); got != c.want {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
	if got := config.Value(map[string]any{"ncores": 8}, "ncpus"); got != nil {
		t.Errorf("cores are taken for processors: %v", got)
	}
}
