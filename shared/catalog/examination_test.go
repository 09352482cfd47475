package catalog_test

import (
	"context"
	"testing"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/providers"
)

// examiner has more to say than its health.
type examiner struct {
	providers.Driver
	says func() []broker.Check
}

func (e examiner) Examine(context.Context) []broker.Check { return e.says() }

// What only who asks is told of makes no provider sick, and is not recorded.
func TestWhoAsksForAHealthCheckIsToldMore(t *testing.T) {
	for name, c := range map[string]struct {
		says func() []broker.Check
		want string
	}{
		"a permission that is missing": {func() []broker.Check { return []broker.Check{{Name: "ec2:RunInstances", Message: "not allowed"}} }, "ec2:RunInstances"},
		"a mistake of the driver's":    {func() []broker.Check { panic("of the driver") }, "examination"},
	} {
		t.Run(name, func(t *testing.T) {
			inSite(t, map[string]int{"a": 1}, func(s *site) {
				s.around["a"] = func(p providers.Driver) providers.Driver { return examiner{p, c.says} }
				v, _ := s.execute(`{"operation_type": "HEALTH_CHECK", "strategy_override": "a"}`)
				last := v.Result.Checks[len(v.Result.Checks)-1]
				s.equal([]any{broker.OpSucceeded, true, c.want, false}, []any{v.Status, v.Result.IsHealthy, last.Name, last.OK})
				snap, err := s.stored.FreshSnapshot(s.Context())
				if err != nil {
					s.Fatal(err)
				}
				s.equal(broker.Healthy, snap.Providers[0].Health.State)
				for _, check := range snap.Providers[0].Health.Checks {
					if check.Name == c.want {
						s.Errorf("it is recorded: %+v", check)
					}
				}
			})
		})
	}
}
