package catalog_test

import (
	"context"
	"encoding/json"
	"hash/fnv"
	"slices"
	"sync/atomic"
	"testing/synctest"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers"
	"github.com/openhostfactory/ohfp/shared/providers/providertest/sim"
)

// weather is a provider whose machines run 45 s after they were made, and some
// of them never, and that often has none at the price of spot.
type weather struct{ providers.Driver }

func lot(s string, of uint32) bool {
	h := fnv.New32a()
	_, _ = h.Write([]byte(s)) // never fails
	return h.Sum32()%of == 0
}

func (w weather) seen(machines []broker.Machine) []broker.Machine {
	for i := range machines {
		if m := &machines[i]; m.Status == broker.MachineRunning && (lot(m.ID, 90) || time.Since(m.LaunchTime) < 45*time.Second) {
			m.Status, m.PrivateIP = broker.MachinePending, ""
		}
	}
	return machines
}

func (w weather) Create(ctx context.Context, spec broker.CreateSpec) (providers.CreateResult, error) {
	if spec.Template.PriceType == "spot" && lot(spec.Token, 2) {
		return providers.CreateResult{}, &fault.ProviderError{Class: fault.Capacity, Code: "no_spot", Message: "there is none at that price"}
	}
	r, err := w.Driver.Create(ctx, spec)
	r.Machines = w.seen(r.Machines)
	return r, err
}

func (w weather) Status(ctx context.Context, ids []string) ([]broker.Machine, error) {
	m, err := w.Driver.Status(ctx, ids)
	return w.seen(m), err
}

// trouble is what goes wrong in a loop: replies that are lost, providers that
// are down, slow or full, machines that are taken, brokers that die, and a store
// that cannot be read.
func (k *soak) trouble(hard bool) {
	p := k.sims[[]string{"a", "b", "c"}[k.chance.IntN(3)]]
	switch k.chance.IntN(13) {
	case 0:
		p.Script(sim.Create, sim.Step{Err: fails(fault.Timeout, true), Effect: true})
	case 1:
		p.Script(sim.Create, sim.Step{Err: fails(fault.Timeout, true), Effect: true, Most: 3})
	case 2:
		p.Script(sim.Create, sim.Step{Err: fails(fault.Down, false)})
	case 3:
		p.Script(sim.Terminate, sim.Step{Err: fails(fault.Timeout, true), Effect: true}, sim.Step{Err: fails(fault.Server, false)})
	case 4:
		if hard { // later only searches would meet it
			p.Script(sim.Status, sim.Step{Err: fails(fault.Down, false)}, sim.Step{Err: fails(fault.Timeout, true)})
		}
	case 5:
		p.Script(sim.Create, sim.Step{Pending: true, Latency: 4 * time.Second})
	case 6, 7, 8:
		k.interrupt()
	case 9, 10:
		k.die(k.chance.IntN(len(k.brokers)), 1+k.chance.IntN(60))
	case 11:
		p.Script(sim.Find, sim.Step{Err: fails(fault.Down, false)})
	case 12:
		k.blind(hard)
	}
	k.collect()
}

// outage has provider b answer nothing, and do what creates ask for all the
// same, for longer than requests and returns have time: what is learnt later is
// no part of their answers.
func (k *soak) outage(n int) {
	b := k.sims["b"]
	switch n {
	case 40:
		b.Always(sim.Create, sim.Step{Err: fails(fault.Timeout, true), Effect: true})
		b.Always(sim.Terminate, sim.Step{Err: fails(fault.Timeout, true), Effect: true})
		b.Always(sim.Find, sim.Step{Err: fails(fault.Down, false)})
		b.Always(sim.Status, sim.Step{Err: fails(fault.Down, false)})
	case 90:
		b.Reset()
	}
}

// interrupt has a provider take a machine that somebody holds: with a notice of
// two minutes, by telling that it is lost, or without a word.
func (k *soak) interrupt() {
	s := k.schedulers[k.chance.IntN(len(k.schedulers))]
	ids := slices.DeleteFunc(sorted(s.held), func(id string) bool { _, goes := k.taken[id]; return goes })
	if len(ids) == 0 {
		return
	}
	id, now := ids[k.chance.IntN(len(ids))], time.Now()
	switch k.chance.IntN(3) {
	case 0:
		k.count["noticed"]++
		k.taken[id] = taking{now.Add(2 * time.Minute), true}
		k.note(id, broker.MachineNote{Status: broker.MachineStopping, At: now, ReclaimAt: now.Add(2 * time.Minute)})
	case 1:
		k.count["told lost"]++
		k.taken[id] = taking{now, true}
		k.vanish(id)
		k.note(id, broker.MachineNote{Status: broker.MachineLost, At: now})
	default:
		k.taken[id] = taking{now, false}
		k.vanish(id)
	}
}

// collect has machines go whose notice is over.
func (k *soak) collect() {
	for id, t := range k.taken {
		if !time.Now().Before(t.at) {
			k.vanish(id)
		}
	}
}

func (k *soak) vanish(id string) {
	for _, p := range k.sims {
		if slices.Contains(p.Exist(), id) {
			p.Vanish(id)
		}
	}
}

func (k *soak) note(id string, n broker.MachineNote) {
	if _, err := k.stored.NoteMachine(k.Context(), id, n); err != nil {
		k.Fatal(err)
	}
}

// blind has half of all reads fail until the end of the loop.
func (k *soak) blind(hard bool) {
	if !hard {
		return
	}
	k.brown = true
	var n atomic.Int64
	for _, b := range k.brokers {
		b.store.setReads(func() error {
			if n.Add(1)%2 == 0 {
				return nil
			}
			return fault.New(fault.StoreUnavailable, "the store cannot be read")
		})
	}
}

func (k *soak) clear() {
	k.brown = false
	for _, b := range k.brokers {
		b.store.setReads(nil)
	}
}

// die has a broker end at one of its next writes, before or after it.
func (k *soak) die(broker, boundary int) {
	s := k.brokers[broker]
	if s.store.mortal != nil {
		return
	}
	s.store.mortal = new(atomic.Bool)
	gate, _ := boundaries(boundary, func() error { s.store.mortal.Store(true); return errDead })
	s.store.setGate(gate)
}

func (k *soak) dead(broker int) bool {
	died := k.brokers[broker].store.mortal
	return died != nil && died.Load()
}

// revive starts a broker that has died. One that is alone knows that all work
// is abandoned; of two nobody knows it.
func (k *soak) revive(broker int) {
	k.count["deaths"]++
	k.last = time.Now()
	k.brokers[broker].stop()
	k.brokers[broker] = k.open(k.T)
	k.site = k.brokers[broker]
	defer k.fresh()
	if len(k.brokers) > 1 {
		return
	}
	if _, err := k.steps.Invoke(k.Context(), "reconcile", json.RawMessage(`{"abandoned": true}`)); err != nil {
		k.Fatal(err)
	}
	synctest.Wait()
}

// ticks are the turns of all reconcilers.
func (k *soak) ticks() {
	for i, b := range k.brokers {
		_, err := b.steps.Invoke(k.Context(), "reconcile", json.RawMessage(`{}`))
		synctest.Wait()
		switch {
		case k.dead(i):
			k.revive(i)
		case err != nil:
			k.Fatal(err)
		}
	}
}

// sweeps are searches at all providers.
func (k *soak) sweeps() {
	for i := range k.brokers {
		for name := range k.sims {
			_, err := k.brokers[i].steps.Invoke(k.Context(), "sweep-static", json.RawMessage(inJSON(map[string]string{"provider_name": name})))
			switch {
			case k.dead(i):
				k.revive(i)
			case err != nil:
				k.count["searches that failed"]++
				k.Log(err)
			}
		}
	}
}
