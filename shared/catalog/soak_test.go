package catalog_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/hostfactory"
	"github.com/openhostfactory/ohfp/shared/providers"
	"github.com/openhostfactory/ohfp/shared/providers/providertest/sim"
)

// soak is a scheduler that lives with the broker for some hours: every 30 s it
// asks for machines, polls what runs, asks what providers take back, and
// returns machines. What it holds is what it was told.
type soak struct {
	*site
	chance   *rand.Rand
	running  []string            // requests that it polls, for machines and returns
	asked    map[string]int      // machines, by request
	final    map[string][]string // the answer of a request that has ended
	held     map[string]string   // machines that it has, with their names
	given    map[string]bool     // machines that it was ever given
	returned map[string]bool     // machines that it has given back
	polls    int
	deaths   int
}

// The size of it: so many requests for ten machines each.
const (
	soakRequests = 200
	soakMachines = 10
	soakLoop     = 30 * time.Second
)

func TestASchedulerThatLivesWithTheBrokerLosesNothingAndGetsNothingTwice(t *testing.T) {
	if testing.Short() {
		t.Skip("LEFT OUT by -short: hours of a scheduler's life; make test runs it")
	}
	for seed := range uint64(1) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			inMemory(t, map[string]int{"a": 400, "b": 400, "c": 2000}, func(s *site) {
				k := &soak{
					site: s, chance: rand.New(rand.NewPCG(seed, 7)), asked: map[string]int{}, final: map[string][]string{},
					held: map[string]string{}, given: map[string]bool{}, returned: map[string]bool{},
				}
				k.live()
			})
		})
	}
}

func (k *soak) live() {
	for _, name := range []string{"a", "b", "c"} {
		k.around[name] = func(d providers.Driver) providers.Driver { return booting{d, 45 * time.Second, nil} }
	}
	for n := 0; n < soakRequests || len(k.running) > 0 || len(k.held) > 0; n++ {
		if n > 4*soakRequests {
			k.Fatalf("it does not end: %d requests run, %d machines are held", len(k.running), len(k.held))
		}
		k.trouble()
		if n < soakRequests {
			k.ask()
		}
		k.poll()
		k.reclaim()
		k.giveBack(n >= soakRequests)
		pass(soakLoop)
		if n%2 == 0 {
			k.tick()
		}
	}
	k.rest()
}

// trouble is what goes wrong in a loop: replies that are lost, providers that
// are down or full, machines that are taken, and a broker that dies.
func (k *soak) trouble() {
	p := k.sims[[]string{"a", "b", "c"}[k.chance.IntN(3)]]
	switch k.chance.IntN(10) {
	case 0:
		p.Script(sim.Create, sim.Step{Err: fails(fault.Timeout, true), Effect: true})
	case 1:
		p.Script(sim.Create, sim.Step{Err: fails(fault.Timeout, true), Effect: true, Most: 3})
	case 2:
		p.Script(sim.Create, sim.Step{Err: fails(fault.Down, false)})
	case 3:
		p.Script(sim.Terminate, sim.Step{Err: fails(fault.Timeout, true), Effect: true}, sim.Step{Err: fails(fault.Server, false)})
	case 4:
		p.Script(sim.Status, sim.Step{Err: fails(fault.Down, false)}, sim.Step{Err: fails(fault.Timeout, true)})
	case 5:
		p.Script(sim.Create, sim.Step{Pending: true})
	case 6:
		k.interrupt()
	case 7:
		k.die()
	}
}

// interrupt has a provider take a machine that the scheduler holds, or lose it.
func (k *soak) interrupt() {
	if len(k.held) == 0 {
		return
	}
	id := sorted(k.held)[k.chance.IntN(len(k.held))]
	note := broker.MachineNote{Status: broker.MachineStopping, At: time.Now(), ReclaimAt: time.Now().Add(2 * time.Minute)}
	if k.chance.IntN(2) == 0 {
		note = broker.MachineNote{Status: broker.MachineLost, At: time.Now()}
		for _, p := range k.sims {
			p.Vanish(id)
		}
	}
	if _, err := k.stored.NoteMachine(k.Context(), id, note); err != nil {
		k.Fatal(err)
	}
}

// die ends the broker in the middle of what it does; another takes over.
func (k *soak) die() {
	k.deaths++
	k.stop()
	next := k.open(k.T)
	*k.site = *next
	if _, err := k.steps.Invoke(k.Context(), "reconcile", json.RawMessage(`{"abandoned": true}`)); err != nil {
		k.Fatal(err)
	}
}

func (k *soak) ask() {
	id := fmt.Sprintf("loop-%d", len(k.asked))
	r := k.request(soakMachines, "", key(id))
	if again := k.request(soakMachines, "", key(id)); again != r { // the script was killed and started again
		k.Errorf("one call is two requests: %s and %s", r, again)
	}
	k.asked[r] = soakMachines
	k.running = append(k.running, r)
}

// poll asks for all that runs. It costs one query each, and no provider hears
// of it.
func (k *soak) poll() {
	var still []string
	for _, id := range k.running {
		synctest.Wait() // what others do at this moment is not the poll's
		k.store.reset()
		calls := k.calledProviders()
		r := k.standing(id)
		k.polls++
		k.equal(calls, k.calledProviders())
		if writes := len(k.store.written()); k.store.ledgers() != 1 || writes > 1 || writes == 1 && !r.Status.Terminal() {
			k.Errorf("a poll of %s is %d queries and %q", id, k.store.ledgers(), k.store.written())
		}
		if !r.Status.Terminal() {
			still = append(still, id)
			continue
		}
		k.final[id] = told(r)
		k.take(id, r)
	}
	k.running = still
}

func (k *soak) calledProviders() (n int) {
	for _, p := range k.sims {
		for _, c := range []sim.Call{sim.Create, sim.Poll, sim.Find, sim.Status, sim.Terminate} {
			n += p.Calls(c)
		}
	}
	return n
}

// take has what a request got.
func (k *soak) take(id string, r hostfactory.Request) {
	wanted, acquires := k.asked[id]
	got := 0
	for _, m := range r.Machines {
		if !acquires || m.Result != hostfactory.Succeed {
			continue
		}
		if got++; k.given[m.MachineID] {
			k.Errorf("%s is given twice", m.MachineID)
		}
		k.given[m.MachineID], k.held[m.MachineID] = true, m.Name
	}
	if acquires && (got > wanted || (r.Status == hostfactory.Complete) != (got == wanted)) {
		k.Errorf("%s is %s with %d of %d", id, r.Status, got, wanted)
	}
}

// reclaim asks what providers take back, names all that it holds, and returns
// those.
func (k *soak) reclaim() {
	if len(k.held) == 0 {
		return
	}
	var named []string
	for _, id := range sorted(k.held) {
		named = append(named, fmt.Sprintf(`{"name": %q, "machine_id": %q}`, k.held[id], id))
	}
	a := k.ok(k.call("getReturnRequests", `{"machines": [`+join(named)+`]}`))
	var ids []string
	for _, m := range decode[hostfactory.Reclaims](k.site, a.Body).Requests {
		if k.returned[m.MachineID] {
			k.Errorf("%s was returned, and is reported", m.MachineID)
		}
		ids = append(ids, m.MachineID)
	}
	k.let(ids)
}

// giveBack returns some of what it holds, or all.
func (k *soak) giveBack(all bool) {
	var ids []string
	for _, id := range sorted(k.held) {
		if all || k.chance.IntN(20) == 0 {
			ids = append(ids, id)
		}
	}
	k.let(ids)
}

func (k *soak) let(ids []string) {
	if len(ids) == 0 {
		return
	}
	var named []string
	for _, id := range ids {
		named = append(named, fmt.Sprintf(`{"name": %q, "machine_id": %q}`, k.held[id], id))
		delete(k.held, id)
		k.returned[id] = true
	}
	k.running = append(k.running, k.give(`{"machines": [`+join(named)+`]}`))
}

// rest lets what is left to the broker come to its end, and then holds the
// broker to all of it.
func (k *soak) rest() {
	for range 40 {
		pass(time.Minute)
		k.tick()
	}
	synctest.Wait()
	for id, was := range k.final {
		k.equal(was, told(k.standing(id)))
	}
	if open, err := k.stored.OpenOperations(k.Context(), time.Now().Add(1000*time.Hour), 1000); err != nil || len(open) > 0 {
		k.Errorf("%d operations are open or not seen to: %v", len(open), err)
	}
	k.truth(0)
	k.equal(soakRequests, len(k.asked))
	k.Logf("%d requests, %d machines given, %d polls, %d deaths of the broker", len(k.asked), len(k.given), k.polls, k.deaths)
	if len(k.given) < soakRequests*soakMachines/2 || k.deaths == 0 {
		k.Errorf("the soak is too easy, or too hard: %d machines, %d deaths", len(k.given), k.deaths)
	}
}

func sorted(held map[string]string) []string {
	ids := make([]string, 0, len(held))
	for id := range held {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

func join(items []string) string { return strings.Join(items, ",") }
