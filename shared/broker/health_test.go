package broker_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/broker"
)

func TestHealthAt(t *testing.T) {
	found := broker.Health{State: broker.Healthy, Message: "up", CheckedAt: noon, Checks: []broker.Check{{Name: "h", OK: true}}}
	said := broker.Health{State: broker.Unhealthy, Message: "limit", Source: "monitor", Actor: broker.Actor{Principal: "ada"}, Details: []byte(`{}`), CheckedAt: noon, Until: after(60)}
	held := broker.Live{State: broker.ForcedOpen, OpenUntil: after(60), Reason: "limit", Source: "monitor"}
	for name, c := range map[string]struct {
		health broker.Health
		live   broker.Live
		now    time.Time
		want   broker.Health
	}{
		"is what a check found": {found, broker.Live{State: broker.Open, OpenUntil: after(60)}, noon, found},
		"is what somebody says": {said, held, after(59), said},
		"is what somebody says, whatever checks find meanwhile": {found, held, after(59), broker.Health{
			State: broker.Unhealthy, Message: "limit", Source: "monitor", CheckedAt: noon, Until: after(60), Checks: found.Checks,
		}},
		"is what a check found, when the time has passed": {found, held, after(60), found},
		"is nothing when the time has passed without a check": {said, held, after(60), broker.Health{
			State: broker.Unknown, Message: "not checked since: limit", Source: "monitor", Actor: broker.Actor{Principal: "ada"}, Details: []byte(`{}`), CheckedAt: noon,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, class := range []string{broker.ClassMutate, broker.ClassRead} {
				p := broker.ProviderView{Health: c.health, Live: map[string]broker.Live{class: c.live}}
				if diff := cmp.Diff(c.want, p.HealthAt(c.now)); diff != "" {
					t.Errorf("%s: want (-), got (+):\n%s", class, diff)
				}
			}
		})
	}
}

func TestBreakerAt_is_disabled_when_breakers_are_off(t *testing.T) {
	p := broker.ProviderView{Live: map[string]broker.Live{broker.ClassRead: {State: broker.Open, OpenUntil: after(60)}}}
	for want, c := range map[broker.BreakerState]struct {
		class string
		on    bool
	}{
		broker.Open: {broker.ClassRead, true}, broker.Closed: {broker.ClassMutate, true}, broker.Disabled: {broker.ClassRead, false},
	} {
		if got := p.BreakerAt(c.class, &broker.BreakerConfig{Enabled: c.on}, noon); got != want {
			t.Errorf("%+v: want %s, got %s", c, want, got)
		}
	}
}
