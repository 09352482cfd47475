package selection_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/selection"
)

func able(capabilities ...string) func(*broker.ProviderView) {
	return func(v *broker.ProviderView) {
		v.Capabilities = map[string]any{}
		for _, name := range capabilities {
			v.Capabilities[name] = true
		}
	}
}

func TestTheVersatileAreKeptForWhoNeedsThem(t *testing.T) {
	s := snapshot(
		provider("all", able("instances", "spot", "gpu", "load_balancers")), provider("spotter", able("instances", "spot")),
		provider("plain", able("instances", "instance_management")), provider("plain-2", able("instance_management")),
	)
	for _, c := range []struct {
		required []string
		ranked   [2]string // by even and by odd tickets
	}{
		{nil, [2]string{"[plain plain-2 spotter all]", "[plain-2 plain spotter all]"}},
		{[]string{"spot"}, [2]string{"[spotter all]", "[spotter all]"}},
		{[]string{"instances", "gpu"}, [2]string{"[all]", "[all]"}},
	} {
		picks := newSeries(broker.CapabilityBased, s, criteria(broker.Criteria{RequiredCapabilities: c.required}))
		for ticket := range 6 {
			if picks.pick(ticket); fmt.Sprint(picks.result.Ranked()) != c.ranked[ticket%2] {
				t.Errorf("%v, ticket %d: %v", c.required, ticket, picks.result.Ranked())
			}
		}
	}
}

func TestCapabilityBasedNeverTakesOneWithMoreUnusedThanAnother(t *testing.T) {
	var dst selection.Result
	rapid.Check(t, func(t *rapid.T) {
		m := drawModel(t)
		m.policy, m.request.Fallbacks = broker.CapabilityBased, nil
		m.run(&dst)
		name, ok := dst.Picked()
		if !ok {
			return
		}
		rules, byName := observe(&dst).Rules, map[string]broker.ProviderView{}
		for _, v := range m.snapshot.Providers {
			byName[v.Name] = v
		}
		for _, v := range m.snapshot.Providers {
			equal := eligible(rules[v.Name]) && m.keyOf(v) == m.keyOf(byName[name])
			if equal && versatility(v) < versatility(byName[name]) {
				t.Fatalf("%s was picked, %s has fewer capabilities", name, v.Name)
			}
		}
	})
}
