package catalog_test

import (
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/hostfactory"
)

// existing are the machines that are there, as their providers know them.
func (k *soak) existing() map[string]broker.Machine {
	k.Helper()
	meta, err := k.stored.Meta(k.Context())
	if err != nil {
		k.Fatal(err)
	}
	all := map[string]broker.Machine{}
	for _, p := range k.sims {
		list, err := p.List(k.Context(), meta.ID)
		if err != nil {
			k.Fatal(err)
		}
		for _, m := range list {
			all[m.ID] = m
		}
	}
	return all
}

// used is how many machines of a template there are, as providers know or as the
// store says, or may yet come.
func (k *soak) used(template string) (n int) {
	there := k.existing()
	for name := range k.sims {
		for _, m := range k.owned(name) {
			there[m.ID] = m
		}
	}
	made := map[string]int{}
	for _, m := range there {
		made[m.OperationID]++
	}
	for _, line := range k.lines() {
		if line.Return || line.TemplateID != template {
			continue
		}
		if n += made[line.RequestID]; !line.Status.Terminal() || k.ledger(line.RequestID).Operation.Status.Open() {
			n += max(0, line.MachineCount-made[line.RequestID])
		}
	}
	return n
}

// owned are the machines of a provider that are there, as the store says.
func (k *soak) owned(provider string) []broker.Machine {
	k.Helper()
	owned, err := k.stored.OwnedMachines(k.Context(), provider, 10_000)
	if err != nil {
		k.Fatal(err)
	}
	return owned
}

func (k *soak) ledger(id string) broker.Ledger {
	k.Helper()
	l, err := k.stored.Ledger(k.Context(), id)
	if err != nil {
		k.Fatal(err)
	}
	return l
}

// stands is what the store says that a request is for.
func (k *soak) stands(id string) wanted {
	if _, known := k.begun[id]; !known {
		o := k.ledger(id).Operation
		k.begun[id] = wanted{o.TemplateID, o.Wanted}
	}
	return k.begun[id]
}

// holds holds what exists, what the store says and what schedulers have against
// one another, at any moment.
func (k *soak) holds() {
	exist := k.existing()
	made, of, at := map[string]int{}, map[string]int{}, map[string]int{}
	for id, m := range exist {
		made[m.OperationID]++
		at[m.Provider]++
		k.nobodysForLong(id)
	}
	for id, n := range made {
		w := k.stands(id)
		if of[w.template] += n; n > w.machines {
			k.Errorf("%s is for %d machines, and %d exist", id, w.machines, n)
		}
	}
	for template, most := range soakLimits {
		if of[template] > most {
			k.Errorf("%d machines of %q exist, and %d are allowed", of[template], template, most)
		}
	}
	if at["a"] > soakMost {
		k.Errorf("%d machines exist at a, and %d are allowed", at["a"], soakMost)
	}
	k.heldExist(exist)
	k.lostAreNoMoreOwned()
}

// nobodysForLong fails the test when a machine exists for long that no
// scheduler has: it was never told, or has given it back.
func (k *soak) nobodysForLong(id string) {
	for _, s := range k.schedulers {
		if _, held := s.held[id]; held {
			delete(k.free, id)
			return
		}
	}
	since, known := k.free[id]
	if !known {
		k.free[id] = time.Now()
	} else if time.Since(since) > 90*time.Minute {
		k.Fatalf("%s exists, and is nobody's since %s", id, since)
	}
}

// heldExist fails the test when a machine that a scheduler has is gone, and no
// provider took it, or when it is not recorded as that scheduler's.
func (k *soak) heldExist(exist map[string]broker.Machine) {
	for _, s := range k.schedulers {
		recorded, err := k.stored.Machines(k.Context(), sorted(s.held))
		if err != nil {
			k.Fatal(err)
		}
		k.equal(len(s.held), len(recorded))
		for _, m := range recorded {
			_, there := exist[m.ID]
			_, goes := k.taken[m.ID]
			if !goes && (!there || m.Status != broker.MachineRunning || m.Instance != s.name || m.Name != s.held[m.ID]) {
				k.Errorf("%s has %s, which exists %t and is %+v", s.name, m.ID, there, m)
			}
		}
	}
}

// lostAreNoMoreOwned fails the test when a machine of which a provider has told
// that it is lost counts as one that is there.
func (k *soak) lostAreNoMoreOwned() {
	for name := range k.sims {
		for _, m := range k.owned(name) {
			if t := k.taken[m.ID]; t.told && m.ReclaimAt.IsZero() {
				k.Errorf("%s is lost, and owned: %+v", m.ID, m)
			}
		}
	}
}

// nothingLeaked fails the test unless all that a limit allows can be had again.
func (k *soak) nothingLeaked() {
	clear(k.around)
	for name, n := range map[string]int{"a": 150, "b": 200, "c": 2000} {
		k.sims[name].Reset()
		k.sims[name].SetFree(n)
	}
	for _, b := range k.brokers {
		b.store.setGate(nil)
	}
	v, code := k.execute(create(soakMost, `, "strategy_override": "a", "timeout_seconds": 25`))
	k.equal([]any{fault.Code(""), broker.OpSucceeded, soakMost}, []any{code, v.Status, len(machines(v))})
	for template, most := range soakLimits {
		a := k.ok(k.call("requestMachines", inJSON(map[string]any{"template_id": template, "machine_count": most})))
		pass(time.Minute)
		r := k.standing(decode[hostfactory.Requested](k.site, a.Body).RequestID)
		k.equal([]any{hostfactory.Complete, most}, []any{r.Status, len(r.Machines)})
	}
}
