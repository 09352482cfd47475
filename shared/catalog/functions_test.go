package catalog_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/catalog"
	"github.com/openhostfactory/ohfp/shared/command"
	"github.com/openhostfactory/ohfp/shared/dispatch"
	"github.com/openhostfactory/ohfp/shared/op"
)

func TestAnOperationIsOneFunctionOrOneForEachKindOfProvider(t *testing.T) {
	for name, c := range map[string]struct {
		of    op.Spec
		kinds []string
		want  []string
	}{
		"one for all":                 {command.RegisterTemplate.Spec, []string{"aws", "static"}, []string{"register-template"}},
		"one for each kind":           {dispatch.Attempt.Spec, []string{"aws", "static"}, []string{"attempt-aws", "attempt-static"}},
		"one that needs a kind":       {dispatch.DiscoverAWS.Spec, []string{"aws", "static"}, []string{"discover-aws"}},
		"one whose kind is not there": {dispatch.DiscoverAWS.Spec, []string{"static"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, catalog.FunctionsOf(c.of, c.kinds)); diff != "" {
				t.Errorf("functions (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWorkflowsCallTheFunctionsOfTheKindsThatThereAre(t *testing.T) {
	want := command.Functions{
		Attempt: map[string]string{"aws": "attempt-aws", "static": "attempt-static"},
		Probe:   map[string]string{"aws": "probe-aws", "static": "probe-static"},
		Sweep:   map[string]string{"aws": "sweep-aws", "static": "sweep-static"},
		Settle:  "settle",
	}
	if diff := cmp.Diff(want, catalog.Functions([]string{"aws", "static"})); diff != "" {
		t.Errorf("functions (-want +got):\n%s", diff)
	}
}
