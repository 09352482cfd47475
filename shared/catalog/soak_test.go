package catalog_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/hostfactory"
	"github.com/openhostfactory/ohfp/shared/op"
	"github.com/openhostfactory/ohfp/shared/providers"
	"github.com/openhostfactory/ohfp/shared/query"
)

// soak is two schedulers that live with the broker for some hours, Symphony and
// LSF: every 30 s each asks for machines, polls what runs, asks what providers
// take back, and returns machines, while brokers die, answers are lost,
// providers fail and the store cannot be read. What they hold is what they were
// told; what exists, and what the store says, is held against that each time.
type soak struct {
	*site      // the broker that is asked next
	brokers    []*site
	schedulers []*scheduler
	chance     *rand.Rand
	brown      bool                  // the store cannot be read
	calls      int                   // of providers, before a poll
	last       time.Time             // when a broker died
	wishes     map[string]wanted     // by request, also those whose id no scheduler has learnt
	forgotten  map[string]*scheduler // requests that nobody polls: whose
	begun      map[string]wanted     // as stored
	first      map[string][]string   // by request: the answer that was final first, whether it arrived or not
	ids        map[string]string     // by idempotency key: the request that it is
	given      map[string]bool       // machines that somebody was ever given
	returned   map[string]bool       // machines that somebody has given back
	taken      map[string]taking     // machines that a provider has taken, or takes
	free       map[string]time.Time  // machines that exist and that nobody holds: since when
	asked      int                   // machines
	count      map[string]int        // of what happened, for the log
}

type wanted struct {
	template string
	machines int
}

// taking is how a provider takes a machine.
type taking struct {
	at   time.Time // when it goes, or went
	told bool      // whether the broker was told at once
}

// The size of it: so many requests, for 10 to 14 machines each.
const (
	soakRequests = 200
	soakLoop     = 30 * time.Second
)

var soakSeeds = flag.Uint64("soak.seeds", 2, "how many lives of schedulers are played")

func TestASchedulerThatLivesWithTheBrokerLosesNothingAndGetsNothingTwice(t *testing.T) {
	if testing.Short() {
		t.Skip("LEFT OUT by -short: hours of a scheduler's life; make test runs it")
	}
	for seed := range *soakSeeds {
		brokers := 1 + int(seed%2)
		t.Run(fmt.Sprintf("seed %d with %d brokers", seed, brokers), func(t *testing.T) {
			inMemory(t, map[string]int{"a": 150, "b": 200, "c": 2000}, func(s *site) {
				k := &soak{
					site: s, brokers: []*site{s}, chance: rand.New(rand.NewPCG(seed, 7)),
					wishes: map[string]wanted{}, begun: map[string]wanted{}, forgotten: map[string]*scheduler{}, first: map[string][]string{}, ids: map[string]string{}, given: map[string]bool{},
					returned: map[string]bool{}, taken: map[string]taking{}, free: map[string]time.Time{}, count: map[string]int{},
				}
				for len(k.brokers) < brokers {
					k.brokers = append(k.brokers, s.open(s.T))
				}
				k.settle()
				k.live()
				k.rest()
			})
		})
	}
}

// The limits that bind: of two templates, and of a provider.
var soakLimits = map[string]int{"few": 40, "lsf": 150}

const soakMost = 120

// settle sets the site up.
func (k *soak) settle() {
	k.ok(k.call("registerTemplate", fmt.Sprintf(`{"template_id": "few", "attributes": {"ncpus": 1}, "max_number": %d}`, soakLimits["few"])))
	k.ok(k.call("registerTemplate", `{"template_id": "cheap", "attributes": {"ncpus": 1}, "price_type": "heterogeneous", "request_timeout": 300}`))
	k.ok(k.call("registerTemplate", fmt.Sprintf(`{"template_id": "lsf", "attributes": {"ncpus": 1}, "max_number": %d, "partial_status": "complete"}`, soakLimits["lsf"])))
	k.ok(k.call("registerHostProvider", `{"name": "sym", "dialect": "symphony", "templates": ["t", "few", "cheap"]}`))
	k.ok(k.call("registerHostProvider", `{"name": "lsf", "dialect": "lsf", "templates": ["lsf", "cheap"]}`))
	k.most("a", soakMost)
	k.acting()
	for name := range k.sims {
		k.around[name] = func(d providers.Driver) providers.Driver { return weather{d} }
	}
	k.schedulers = []*scheduler{
		{soak: k, name: "sym", templates: []string{"t", "t", "few", "cheap"}, held: map[string]string{}},
		{soak: k, name: "lsf", templates: []string{"lsf", "lsf", "cheap"}, account: `, "rc_account": "default"`, held: map[string]string{}},
	}
}

func (k *soak) live() {
	for n := 0; k.count["requests"] < soakRequests || k.busy(); n++ {
		if n > 6*soakRequests {
			k.Fatalf("it does not end: %v", k.count)
		}
		asking := k.count["requests"] < soakRequests
		k.trouble(asking)
		k.outage(n)
		for _, s := range k.schedulers {
			if asking {
				s.ask()
			}
			s.poll()
			s.reclaim()
			s.giveBack(!asking)
		}
		pass(soakLoop)
		k.clear()
		if n%2 == 0 {
			k.ticks()
		}
		if n%10 == 0 {
			k.sweeps()
		}
		k.holds()
	}
}

func (k *soak) busy() bool {
	for _, s := range k.schedulers {
		if len(s.running) > 0 || len(s.held) > 0 {
			return true
		}
	}
	return false
}

// try calls one of the brokers as a script does: what is not answered, because
// the broker died or the answer was lost, it sends again under the same key.
// heard is told of each answer, also of those that were lost on their way.
func (k *soak) try(name, body string, heard func(op.Answer), with ...func(*op.Call)) (op.Answer, *fault.Error) {
	k.Helper()
	for {
		at := k.chance.IntN(len(k.brokers))
		k.site = k.brokers[at]
		a, err := k.call(name, body, with...)
		synctest.Wait()
		if k.dead(at) {
			k.revive(at)
			continue
		}
		if err == nil && heard != nil {
			heard(a)
		}
		if k.chance.IntN(15) > 0 {
			return a, err
		}
		k.count["lost answers"]++
		k.fresh()
	}
}

// rest lets what is left to the broker come to its end, and then holds the
// broker to all of it.
func (k *soak) rest() {
	for range 60 {
		pass(time.Minute)
		k.ticks()
	}
	synctest.Wait()
	for id, was := range k.first {
		k.equal(was, told(k.standing(id)))
	}
	for id := range k.forgotten {
		for _, m := range k.standing(id).Machines {
			if m.Result == hostfactory.Succeed {
				k.Errorf("nobody has asked for %s, and it has %s", id, m.MachineID)
			}
		}
	}
	for _, line := range k.lines() {
		if !line.Status.Terminal() {
			k.Errorf("%s is %s in the end", line.RequestID, line.Status)
		}
	}
	if open, err := k.stored.OpenOperations(k.Context(), time.Now().Add(1000*time.Hour), 1000); err != nil || len(open) > 0 {
		k.Errorf("%d operations are open or not seen to: %v", len(open), err)
	}
	k.truth(0)
	k.nothingLeaked()
	k.Logf("%d machines asked for, %d given; %v", k.asked, len(k.given), k.count)
	if k.asked < 2000 || len(k.given) < k.asked/2 {
		k.Errorf("the soak is too easy, or too hard: %d machines of %d", len(k.given), k.asked)
	}
	for _, what := range []string{"deaths", "lost answers", "cancelled", "forgotten", "refused", "noticed", "told lost", "found lost", "unread", "remembered"} {
		if k.count[what] == 0 {
			k.Errorf("the soak is too easy: nothing was %s", what)
		}
	}
}

// lines are all requests, as an operator lists them.
func (k *soak) lines() (all []query.RequestLine) {
	for cursor := ""; ; {
		page := decode[query.RequestList](k.site, k.ok(k.call("listRequests", fmt.Sprintf(`{"limit": 500, "cursor": %q}`, cursor))).Body)
		all = append(all, page.Requests...)
		if cursor = page.NextCursor; cursor == "" {
			return all
		}
	}
}
