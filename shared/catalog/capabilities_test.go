package catalog_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers/providertest/sim"
	"github.com/openhostfactory/ohfp/shared/query"
)

func (s *site) capabilities(provider string) query.CapabilitiesAnswer {
	s.Helper()
	a := s.ok(s.call("getProviderCapabilities", fmt.Sprintf(`{"provider_name": %q, "include_performance_metrics": true}`, provider)))
	return decode[query.CapabilitiesAnswer](s, a.Body)
}

func (s *site) probe(provider string) {
	s.Helper()
	if err := s.ProbeNow(s.Context(), provider, kind); err != nil {
		s.Fatal(err)
	}
}

func TestWhatAProviderOffersIsSeenOncePerRegistrationAndEachHour(t *testing.T) {
	inSite(t, map[string]int{"a": 1}, func(s *site) {
		first := s.capabilities("a").VerifiedAt
		if first == nil || !first.Equal(time.Now()) { // registering checked it
			t.Fatalf("verified at %v", first)
		}
		pass(59 * time.Minute)
		s.probe("a")
		s.calls("a", sim.Capabilities, 1)
		pass(time.Minute)
		s.probe("a")
		s.calls("a", sim.Capabilities, 2)
		s.equal(time.Hour, s.capabilities("a").VerifiedAt.Sub(first.Time))

		changed := registration("a")
		s.ok(s.call("registerProviderStrategy", changed[:len(changed)-1]+`, "version": 1, "priority": 3}`))
		s.calls("a", sim.Capabilities, 3)
	})
}

func TestWhatWasSeenOfAnEarlierRegistrationIsNotKnownOfThisOne(t *testing.T) {
	inSite(t, map[string]int{"a": 1}, func(s *site) {
		s.sims["a"].Always(sim.Capabilities, sim.Step{Err: fails(fault.Down, false)})
		changed := registration("a")
		s.ok(s.call("registerProviderStrategy", changed[:len(changed)-1]+`, "version": 1, "capabilities": {"gpu": true}}`))
		c := s.capabilities("a")
		if c.VerifiedAt != nil {
			t.Errorf("verified at %v", c.VerifiedAt)
		}
		s.equal(map[string]query.Capability{"gpu": {Declared: true}}, c.Capabilities)

		health := s.ok(s.call("getProviderHealth", `{"provider_name": "a"}`)) // the check itself has passed
		s.equal("HEALTHY", decode[struct{ State string }](s, health.Body).State)
	})
}

func TestASickProviderIsNotAskedWhatItOffers(t *testing.T) {
	inSite(t, map[string]int{"a": 1}, func(s *site) {
		pass(2 * time.Hour)
		s.sims["a"].Always(sim.Health, sim.Step{Err: fails(fault.Down, false)})
		s.probe("a")
		s.calls("a", sim.Capabilities, 1)
	})
}

func TestHowAProviderDidIsWhatIsKnownOfTheLastMinute(t *testing.T) {
	inSite(t, map[string]int{"a": 9}, func(s *site) {
		if m := s.capabilities("a").PerformanceMetrics; m.RecentCalls != 0 || m.SuccessRate != nil || *m.ResponseTimeMS != 0 {
			t.Errorf("before any call: %+v", m)
		}
		s.sims["a"].Script(sim.Create, sim.Step{Err: fails(fault.Down, false)})
		s.execute(create(1, "")) // fails once, then works
		s.execute(create(1, ""))
		pass(40 * time.Second)
		s.execute(create(1, ""))
		m := s.capabilities("a").PerformanceMetrics
		if m.RecentCalls != 4 || m.SuccessRate == nil || *m.SuccessRate != 75 {
			t.Errorf("3 of 4: %+v", m)
		}
		pass(30 * time.Second)
		m = s.capabilities("a").PerformanceMetrics
		if m.RecentCalls != 1 || *m.SuccessRate != 100 {
			t.Errorf("the last of them: %+v", m)
		}
	})
}
