package catalog_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/hostfactory"
	"github.com/openhostfactory/ohfp/shared/providers/providertest/sim"
	"github.com/openhostfactory/ohfp/shared/query"
)

func TestMachinesAreReturnedByNameOrIDPartlyAgainAndWhenTheyAreGone(t *testing.T) {
	inSite(t, map[string]int{"a": 3, "b": 3}, func(s *site) {
		s.request(5, "")
		s.equal([]string{"complete", "a-1 succeed", "b-1 succeed"}, told(s.standing(s.give(`{"machines": [{"name": "host-a-1"}, {"machine_id": "b-1"}]}`))))
		s.truth(3)
		s.equal([]string{"complete", "a-1 succeed", "a-2 succeed", "nobody succeed"},
			told(s.standing(s.give(`{"machines": [{"machine_id": "a-1"}, {"name": "host-a-2", "machine_id": "a-2"}, {"name": "nobody"}, {"machine_id": "a-2"}]}`))))
		s.truth(2)
		gone := s.give(`{"machines": [{"name": "host-a-1", "machine_id": "a-1"}]}`)
		s.equal([]string{"complete", "a-1 succeed"}, told(s.standing(gone)))
		s.truth(2)
		a, err := s.call("requestReturnMachines", `{"machines": []}`)
		s.refused(fault.InvalidRequest, a, err)
	})
}

func TestAReturnIsRunningUntilTheMachineIsGone(t *testing.T) {
	inSite(t, map[string]int{"a": 3}, func(s *site) {
		s.request(1, "")
		s.sims["a"].Script(sim.Terminate, sim.Step{Err: fails(fault.Down, false)}, sim.Step{Err: fails(fault.Down, false)}, sim.Step{Err: fails(fault.Down, false)})
		id := s.give(`{"machines": [{"machine_id": "a-1"}]}`)
		s.equal([]string{"running", "a-1 executing"}, told(s.standing(id)))
		pass(time.Minute)
		r := s.standing(id)
		s.equal([]string{"complete", "a-1 succeed"}, told(r))
		s.equal([]any{"host-a-1", "TERMINATED"}, []any{r.Machines[0].Name, r.Machines[0].Status})
		s.truth(0)
	})
}

func TestAReturnThatCannotBeCarriedOutInTimeEndsAndIsTriedAgain(t *testing.T) {
	inSite(t, map[string]int{"a": 3}, func(s *site) {
		s.request(1, "")
		s.sims["a"].Always(sim.Terminate, sim.Step{Err: fails(fault.Server, false)})
		id := s.give(`{"machines": [{"machine_id": "a-1"}]}`)
		for range 20 {
			pass(time.Minute)
			s.tick()
		}
		want := []string{"complete_with_error", "a-1 fail"}
		s.equal(want, told(s.standing(id)))
		s.truth(1)
		s.sims["a"].Always(sim.Terminate, sim.Step{})
		for range 20 {
			pass(time.Minute)
			s.tick()
		}
		s.equal(want, told(s.standing(id)))
		s.truth(0)
	})
}

func TestAHostThatHasAnotherTenantNowIsNotReturnedByItsFormerID(t *testing.T) {
	inSite(t, map[string]int{"a": 3}, func(s *site) {
		s.request(1, "")
		id := s.give(`{"machines": [{"name": "host-a-1", "machine_id": "m-of-before"}]}`)
		s.equal([]string{"complete", "m-of-before succeed"}, told(s.standing(id)))
		s.truth(1)
	})
}

func TestAnInstanceReturnsNoMachineOfAnother(t *testing.T) {
	inSite(t, map[string]int{"a": 3}, func(s *site) {
		s.request(1, `, "host_provider": "one"`)
		s.give(`{"machines": [{"machine_id": "a-1"}], "host_provider": "other"}`)
		s.truth(1)
		s.give(`{"machines": [{"machine_id": "a-1"}], "host_provider": "one"}`)
		s.truth(0)
	})
}

func TestAReturnOfManyMachinesIsOneRequest(t *testing.T) {
	inMemory(t, map[string]int{"a": 2000}, func(s *site) {
		s.request(1000, "")
		s.request(300, "")
		var named []string
		for i := range 1300 {
			named = append(named, fmt.Sprintf(`{"machine_id": "a-%d"}`, i+1))
		}
		r := s.standing(s.give(`{"machines": [` + strings.Join(named, ",") + `]}`))
		s.equal([]any{hostfactory.Complete, 1300}, []any{r.Status, len(r.Machines)})
		s.truth(0)
	})
}

func (s *site) reclaims(body string) []string {
	s.Helper()
	r := decode[hostfactory.Reclaims](s, s.ok(s.call("getReturnRequests", body)).Body)
	s.equal(hostfactory.Complete, r.Status)
	short := []string{}
	for _, m := range r.Requests {
		short = append(short, fmt.Sprintf("%s %s %d", m.Machine, m.MachineID, m.GracePeriod))
	}
	return short
}

func TestWhatAProviderTakesBackIsToldWithTheSecondsThatAreLeft(t *testing.T) {
	inSite(t, map[string]int{"a": 9}, func(s *site) {
		s.request(4, `, "host_provider": "one"`)
		s.equal([]string{}, s.reclaims(`{}`))
		now := time.Now()
		for id, n := range map[string]broker.MachineNote{
			"a-1": {Status: broker.MachineStopping, At: now, ReclaimAt: now.Add(2 * time.Minute)},
			"a-2": {Status: broker.MachineLost, At: now},
			"a-3": {Status: broker.MachineStopping, At: now}, // by itself, which says nothing
		} {
			if _, err := s.stored.NoteMachine(s.Context(), id, n); err != nil {
				s.Fatal(err)
			}
		}
		pass(30 * time.Second)
		all := []string{"host-a-1 a-1 90", "host-a-2 a-2 0"}
		s.equal(all, s.reclaims(`{}`))
		s.equal(all, s.reclaims(`{"host_provider": "one"}`))
		s.equal([]string{}, s.reclaims(`{"host_provider": "other"}`))
		s.equal([]string{}, s.reclaims(`{"machines": []}`))
		s.equal([]string{"host-a-2 a-2 0"}, s.reclaims(`{"machines": [{"name": "host-a-2"}, {"machine_id": "a-3"}, {"machine_id": "a-2"}, {"name": "nobody"}]}`))
		s.equal([]string{"host-a-1 a-1 90"}, s.reclaims(`{"machines": [{"name": "host-a-1", "machine_id": "a-1"}]}`))
		s.equal([]string{}, s.reclaims(`{"machines": [{"name": "host-a-1", "machine_id": "m-of-before"}]}`))
		s.give(`{"machines": [{"machine_id": "a-1"}, {"machine_id": "a-4"}]}`)
		s.equal([]string{"host-a-2 a-2 0"}, s.reclaims(`{}`))
		pass(25 * time.Hour)
		s.equal([]string{}, s.reclaims(`{}`))
		s.equal([]string{"host-a-2 a-2 0"}, s.reclaims(`{"machines": [{"name": "host-a-2"}]}`)) // of a scheduler that was down
		s.give(`{"machines": [{"machine_id": "a-2"}]}`)                                         // as it does that is told of it
		s.equal([]string{}, s.reclaims(`{"machines": [{"name": "host-a-2"}]}`))
	})
}

func TestALostMachineThatIsReturnedIsReportedNoMore(t *testing.T) {
	inSite(t, map[string]int{"a": 9}, func(s *site) {
		s.request(2, "")
		for _, id := range []string{"a-1", "a-2"} {
			if _, err := s.stored.NoteMachine(s.Context(), id, broker.MachineNote{Status: broker.MachineLost, At: time.Now()}); err != nil {
				s.Fatal(err)
			}
		}
		s.equal([]string{"host-a-1 a-1 0", "host-a-2 a-2 0"}, s.reclaims(`{}`))
		s.give(`{"machines": [{"name": "host-a-2"}]}`)
		s.equal([]string{"host-a-1 a-1 0"}, s.reclaims(`{}`))
		s.equal([]string{}, s.reclaims(`{"machines": [{"machine_id": "a-2"}]}`))
		pass(9 * 24 * time.Hour)
		s.equal([]string{}, s.reclaims(`{"machines": [{"machine_id": "a-1"}]}`))
	})
}

func TestTenThousandHostsAreOneReading(t *testing.T) {
	inSite(t, map[string]int{"a": 9}, func(s *site) {
		s.request(1, "")
		if _, err := s.stored.NoteMachine(s.Context(), "a-1", broker.MachineNote{Status: broker.MachineLost, At: time.Now()}); err != nil {
			s.Fatal(err)
		}
		var named []string
		for i := range 10_000 {
			named = append(named, fmt.Sprintf(`{"name": "node-%d"}`, i))
		}
		s.equal([]string{"host-a-1 a-1 0"}, s.reclaims(`{"machines": [{"name": "host-a-1"}, `+strings.Join(named, ",")+`]}`))
	})
}

func TestAnInstanceSeesItsTemplatesAndItsMachinesCarryTheAccount(t *testing.T) {
	inSite(t, map[string]int{"a": 9}, func(s *site) {
		s.ok(s.call("registerTemplate", `{"template_id": "web", "max_number": 7, "machine_types": ["m5.large"], "tags": {"team": "x"}, "price_type": "spot",
			"attributes": {"nram": ["Numeric", "8192"], "gpu": ["Boolean", "1"], "ncpus": ["Numeric", 2]}, "scheduler_fields": {"pgrpName": null, "onDemandCapacity": 0}}`))
		s.ok(s.call("registerHostProvider", `{"name": "lsfinst", "dialect": "lsf", "templates": ["web"], "account_tag": "account"}`))
		a := s.ok(s.call("getAvailableTemplates", `{"host_provider": "lsfinst"}`))
		got := decode[hostfactory.Templates](s, a.Body).Templates
		seven := 7
		s.equal([]hostfactory.Template{{
			TemplateID: "web", MaxNumber: 7, AvailableNumber: &seven, MachineTypes: []string{"m5.large"}, PriceType: "spot", InstanceTags: "team=x",
			Attributes: map[string]hostfactory.Attribute{
				"nram": {"Numeric", "8192"}, "mem": {"Numeric", "8192"}, "gpu": {"Boolean", "1"}, "ncpus": {"Numeric", "2"},
				"ncores": {"Numeric", "2"}, "type": {"String", "X86_64"},
			},
			SchedulerFields: map[string]any{"pgrpName": nil, "onDemandCapacity": 0.0},
		}}, got)
		a, err := s.call("requestMachines", `{"template_id": "t", "machine_count": 1, "host_provider": "lsfinst"}`)
		s.refused(fault.NotFound, a, err)

		a = s.ok(s.call("requestMachines", `{"template_id": "web", "machine_count": 1, "host_provider": "lsfinst", "rc_account": "default"}`))
		id := decode[hostfactory.Requested](s, a.Body).RequestID
		pass(time.Second)
		m := s.standing(id).Machines[0]
		s.equal([]any{"default", "account=default;team=x", "spot"}, []any{m.RCAccount, m.InstanceTags, m.PriceType})
		l, lerr := s.stored.Ledger(s.Context(), id)
		if lerr != nil {
			s.Fatal(lerr)
		}
		s.equal("default", l.Attempts[0].Spec.Template.Tags["account"])

		lines := decode[query.RequestList](s, s.ok(s.call("listRequests", `{"host_provider": "lsfinst"}`)).Body).Requests
		s.equal([]any{1, id, hostfactory.Complete, true}, []any{len(lines), lines[0].RequestID, lines[0].Status, lines[0].Claimed})
	})
}

func TestASchedulerIsToldHowManyOneRequestMayBeFor(t *testing.T) {
	inSite(t, map[string]int{"a": 9}, func(s *site) {
		for limit, want := range map[string][]int{`"max_number": 7`: {7, 7}, `"max_number": 5000`: {5000, 1000}, `"max_number": -1`: {-1, 1000}, `"tags": {}`: {-1, 1000}} {
			s.ok(s.call("registerTemplate", `{"template_id": "large", `+limit+`}`))
			for _, one := range decode[hostfactory.Templates](s, s.ok(s.call("getAvailableTemplates", `{}`)).Body).Templates {
				if one.TemplateID == "large" {
					s.equal(want, []int{one.MaxNumber, *one.AvailableNumber})
				}
			}
			s.ok(s.call("deleteTemplate", `{"template_id": "large"}`))
		}
	})
}

func TestAHostProviderIsChangedByWhoHasSeenIt(t *testing.T) {
	inSite(t, nil, func(s *site) {
		body := `{"name": "one", "dialect": "symphony", "templates": ["t"]%s}`
		for _, c := range []struct{ more, status string }{{"", "registered"}, {"", "unchanged"}, {`, "account_tag": "a", "version": 1`, "updated"}} {
			a := s.ok(s.call("registerHostProvider", fmt.Sprintf(body, c.more)))
			s.equal(c.status, decode[struct{ Status string }](s, a.Body).Status)
		}
		a, err := s.call("registerHostProvider", fmt.Sprintf(body, `, "account_tag": "b"`))
		s.refused(fault.Conflict, a, err)
	})
}
