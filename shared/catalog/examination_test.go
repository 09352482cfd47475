package catalog_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/catalog"
	"github.com/openhostfactory/ohfp/shared/dispatch"
	"github.com/openhostfactory/ohfp/shared/flow/local"
	"github.com/openhostfactory/ohfp/shared/providers"
)

// examiner has more to say than its health.
type examiner struct {
	providers.Driver
	says func(providers.Examination) []broker.Check
}

func (e examiner) Examine(_ context.Context, of providers.Examination) []broker.Check {
	return e.says(of)
}

// What only who asks is told of makes no provider sick, and is not recorded.
func TestWhoAsksForAHealthCheckIsToldMore(t *testing.T) {
	for name, c := range map[string]struct {
		says func(providers.Examination) []broker.Check
		want string
	}{
		"a permission that is missing": {func(providers.Examination) []broker.Check {
			return []broker.Check{{Name: "ec2:RunInstances", Message: "not allowed"}}
		}, "ec2:RunInstances"},
		"a mistake of the driver's": {func(providers.Examination) []broker.Check { panic("of the driver") }, "examination"},
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

// An examiner is shown whose machines it may speak of, and some of the templates
// that work out at its provider, as they do there.
func TestAnExaminerIsShownTheBrokerAndTemplates(t *testing.T) {
	inSite(t, map[string]int{"a": 1}, func(s *site) {
		var of providers.Examination
		s.around["a"] = func(p providers.Driver) providers.Driver {
			return examiner{p, func(shown providers.Examination) []broker.Check {
				of = shown
				return []broker.Check{{Name: "ec2:CreateFleet", Unproven: true, Message: "not tried: no template works out here"}}
			}}
		}
		s.ok(s.call("registerTemplate", `{"template_id": "x", "overrides": {"providers": {"a": {"subnets": ["subnet-1"]}}}}`)) // no kind but aws has those
		s.ok(s.call("registerTemplate", `{"template_id": "y", "image": "ami-1", "overrides": {"providers": {"a": {"attributes": {"ncpus": 2}}}}}`))
		v, _ := s.execute(`{"operation_type": "HEALTH_CHECK", "strategy_override": "a"}`)
		meta, err := s.stored.Meta(s.Context())
		if err != nil {
			s.Fatal(err)
		}
		s.equal(meta.ID, of.BrokerID)
		ids := []string{}
		for _, shown := range of.Templates {
			ids = append(ids, shown.ID)
		}
		s.equal([]string{"t", "y"}, ids)
		s.equal(map[string]any{"ncpus": float64(2)}, of.Templates[1].Attributes)
		last := v.Result.Checks[len(v.Result.Checks)-1]
		s.equal(broker.Check{Name: "ec2:CreateFleet", Unproven: true, Message: "not tried: no template works out here"}, last)

		for i := range 30 {
			if _, err := s.stored.PutTemplate(s.Context(), broker.Template{ID: fmt.Sprintf("t-%02d", i)}); err != nil {
				s.Fatal(err)
			}
		}
		s.execute(`{"operation_type": "HEALTH_CHECK", "strategy_override": "a"}`)
		s.equal([]any{20, "t-18"}, []any{len(of.Templates), of.Templates[19].ID})
	})
}

// unread is a store that cannot be read.
type unread struct{}

var errUnread = errors.New("no disk")

func (unread) Meta(context.Context) (broker.Meta, error) { return broker.Meta{}, errUnread }
func (unread) Template(context.Context, string) (broker.Template, error) {
	return broker.Template{}, errUnread
}

func (unread) Templates(context.Context, broker.Page) ([]broker.Template, string, error) {
	return nil, "", errUnread
}

func TestWhoAsksIsToldThatNothingCouldBeExamined(t *testing.T) {
	for want, spoil := range map[string]func(*dispatch.Service){
		"the broker's id could not be read":      func(d *dispatch.Service) { d.Meta = unread{} },
		"the stored templates could not be read": func(d *dispatch.Service) { d.Templates = unread{} },
	} {
		inSite(t, map[string]int{"a": 1}, func(s *site) {
			s.around["a"] = func(p providers.Driver) providers.Driver {
				return examiner{p, func(providers.Examination) []broker.Check { panic("it is examined") }}
			}
			spoil(&s.dispatch)
			for _, e := range catalog.Bind(catalog.Services{Command: s.command, Dispatch: s.dispatch}) {
				if e.Spec.Name == "attempt" {
					s.steps["attempt-"+kind] = local.Step(e, slog.New(slog.DiscardHandler))
				}
			}
			v, _ := s.execute(`{"operation_type": "HEALTH_CHECK", "strategy_override": "a"}`)
			last := v.Result.Checks[len(v.Result.Checks)-1]
			s.equal([]any{true, broker.Check{Name: "examination", Message: want}}, []any{v.Result.IsHealthy, last})
		})
	}
}
