package catalog_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing/synctest"
	"time"

	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/hostfactory"
	"github.com/openhostfactory/ohfp/shared/op"
	"github.com/openhostfactory/ohfp/shared/providers/providertest/sim"
)

// scheduler is an instance of a scheduler's plug-in, and what it knows.
type scheduler struct {
	*soak
	name      string
	templates []string
	account   string            // member of its requests
	running   []string          // what it polls
	held      map[string]string // machines that it has, with their names
}

// once has a call that is made again under its key be the same request.
func (k *soak) once(key string) func(op.Answer) {
	return func(a op.Answer) {
		id := decode[hostfactory.Requested](k.site, a.Body).RequestID
		if was, again := k.ids[key]; again && was != id {
			k.Errorf("one call is two requests: %s and %s", was, id)
		}
		k.ids[key] = id
	}
}

func (k *soak) newKey() string {
	k.count["files"]++
	return fmt.Sprint("file-", k.count["files"])
}

// ask asks for machines. Of some requests it never learns the id, or never asks
// again.
func (s *scheduler) ask() {
	template, n, file := s.templates[s.chance.IntN(len(s.templates))], 10+s.chance.IntN(5), s.newKey()
	body := fmt.Sprintf(`{"template_id": %q, "machine_count": %d, "host_provider": %q%s}`, template, n, s.name, s.account)
	a, err := s.try("requestMachines", body, s.once(file), key(file))
	if err != nil {
		s.turnedDown(err, template, n)
		return
	}
	id := decode[hostfactory.Requested](s.site, a.Body).RequestID
	s.wishes[id] = wanted{template, n}
	s.asked += n
	s.count["requests"]++
	if s.chance.IntN(12) == 0 {
		s.count["forgotten"]++
		s.forgotten[id] = s
		return
	}
	s.running = append(s.running, id)
}

// remember polls again what it had forgotten.
func (s *scheduler) remember() {
	for _, id := range slices.Sorted(maps.Keys(s.forgotten)) {
		if s.forgotten[id] == s && s.chance.IntN(60) == 0 {
			s.count["remembered"]++
			delete(s.forgotten, id)
			s.running = append(s.running, id)
		}
	}
}

// turnedDown fails the test when there was no reason to refuse a request.
func (s *scheduler) turnedDown(err *fault.Error, template string, n int) {
	most, limited := soakLimits[template]
	switch {
	case s.brown:
		s.count["unread"]++
	case err.Code != fault.NoProviderAvailable:
		s.Errorf("a request is answered %v", err)
	case !limited || strings.Contains(err.Error(), "no provider is eligible"):
		s.count["nobody"]++
	case s.used(template)+n <= most && time.Since(s.last) > 5*time.Minute:
		s.Errorf("%d of %q are refused, and %d of %d are there or coming: %v", n, template, s.used(template), most, err)
	default:
		s.count["refused"]++
	}
}

// poll asks for all that runs, in one call. It costs one query for each, and no
// provider hears of it.
func (s *scheduler) poll() {
	s.remember()
	if len(s.running) == 0 {
		return
	}
	s.cancel()
	synctest.Wait() // what others do at this moment is not the poll's
	s.fresh()
	a, err := s.try("getRequestStatus", refs(s.running), func(a op.Answer) {
		s.equal(s.calls, s.calledProviders())
		s.sighted()
		s.cheap(s.heard(a))
		s.fresh()
	})
	if err != nil {
		s.unread(err)
		return
	}
	var still []string
	for _, r := range decode[hostfactory.Requests](s.site, a.Body).Requests {
		switch _, acquires := s.wishes[r.RequestID]; {
		case !r.Status.Terminal():
			still = append(still, r.RequestID)
		case acquires:
			s.take(r)
		default:
			s.gone(r)
		}
	}
	s.running = still
}

// heard holds an answer against what was final before, whether that arrived or
// not. It returns how many may have been read for the first time.
func (k *soak) heard(a op.Answer) (asked, final int) {
	all := decode[hostfactory.Requests](k.site, a.Body).Requests
	for _, r := range all {
		was, known := k.first[r.RequestID]
		if known {
			k.equal(was, told(r))
		}
		if r.Status.Terminal() {
			k.first[r.RequestID] = told(r)
			final++
		}
	}
	return len(all), final
}

// cheap fails the test when polling so many cost more than a query each, and a
// note for each that is final.
func (k *soak) cheap(asked, final int) {
	k.count["polls"] += asked
	if reads := k.store.readings(); !slices.Equal(reads, slices.Repeat([]string{"ledger"}, asked)) {
		k.Errorf("a poll of %d reads %q", asked, reads)
	}
	if writes := k.store.written(); len(writes) > final || strings.Trim(strings.Join(writes, ""), "step") != "" {
		k.Errorf("a poll of which %d are final writes %q", final, writes)
	}
}

// fresh begins to count what brokers read, write and call.
func (k *soak) fresh() {
	k.calls = k.calledProviders()
	for _, b := range k.brokers {
		b.store.reset()
	}
}

// sighted fails the test when an answer was given although a read for it failed.
func (k *soak) sighted() {
	if n := k.store.missed(); n > 0 {
		k.Errorf("%d reads have failed, and there is an answer", n)
	}
}

func (k *soak) unread(err *fault.Error) {
	if k.count["unread"]++; !k.brown {
		k.Fatalf("the store can be read, and the answer is %v", err)
	}
}

func (k *soak) calledProviders() (n int) {
	for _, p := range k.sims {
		for _, c := range []sim.Call{sim.Create, sim.Poll, sim.Find, sim.List, sim.Status, sim.Terminate, sim.Validate, sim.Health} {
			n += p.Calls(c)
		}
	}
	return n
}

// cancel wants a request no more that runs.
func (s *scheduler) cancel() {
	id := s.running[s.chance.IntN(len(s.running))]
	if _, acquires := s.wishes[id]; !acquires || s.chance.IntN(12) > 0 {
		return
	}
	_, err := s.try("cancelRequest", fmt.Sprintf(`{"request_id": %q}`, id), nil)
	switch {
	case err == nil:
		s.count["cancelled"]++
		s.wishes[id] = wanted{s.wishes[id].template, 0}
	case err.Code != fault.Conflict && !s.brown:
		s.Errorf("a cancelled request is answered %v", err)
	}
}

// take has what a request got.
func (s *scheduler) take(r hostfactory.Request) {
	w, got := s.wishes[r.RequestID], 0
	for _, m := range r.Machines {
		if m.Result != hostfactory.Succeed {
			continue
		}
		if got++; s.given[m.MachineID] {
			s.Errorf("%s is given twice", m.MachineID)
		}
		s.equal(map[bool]string{true: "default"}[s.account != ""], m.RCAccount)
		s.given[m.MachineID], s.held[m.MachineID] = true, m.Name
	}
	full := got == w.machines && w.machines > 0 || got > 0 && w.template == "lsf"
	if got > w.machines || (r.Status == hostfactory.Complete) != full {
		s.Errorf("%s of %q is %s with %d of %d: %s", r.RequestID, w.template, r.Status, got, w.machines, r.Message)
	}
}

func refs(ids []string) string {
	all := make([]map[string]string, len(ids))
	for i, id := range ids {
		all[i] = map[string]string{"request_id": id}
	}
	return inJSON(map[string]any{"requests": all})
}

func inJSON(v any) string {
	out, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(out)
}

func sorted(held map[string]string) []string { return slices.Sorted(maps.Keys(held)) }
