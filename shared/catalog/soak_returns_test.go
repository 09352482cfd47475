package catalog_test

import (
	"fmt"
	"slices"
	"testing/synctest"
	"time"

	"github.com/openhostfactory/ohfp/shared/hostfactory"
	"github.com/openhostfactory/ohfp/shared/op"
)

// gone holds a return that has ended against what exists.
func (s *scheduler) gone(r hostfactory.Request) {
	exist := s.existing()
	for _, m := range r.Machines {
		if _, there := exist[m.MachineID]; there && m.Result == hostfactory.Succeed {
			s.Errorf("%s says that %s was ended, and it exists", r.RequestID, m.MachineID)
		}
	}
}

// reclaim asks what providers take back, by one of the forms that schedulers
// use, and returns those.
func (s *scheduler) reclaim() {
	body := fmt.Sprintf(`{"host_provider": %q}`, s.name)
	if s.chance.IntN(3) > 0 {
		body = s.named(sorted(s.held))
	}
	synctest.Wait()
	s.fresh()
	a, err := s.try("getReturnRequests", body, func(op.Answer) { s.sighted() })
	if err != nil {
		s.unread(err)
		return
	}
	reported := map[string]bool{}
	var ids []string
	for _, m := range decode[hostfactory.Reclaims](s.site, a.Body).Requests {
		s.reported(m)
		reported[m.MachineID] = true
		if _, mine := s.held[m.MachineID]; mine && (m.GracePeriod == 0 || s.chance.IntN(2) == 0) {
			ids = append(ids, m.MachineID)
		}
	}
	for id, t := range s.taken {
		if _, mine := s.held[id]; mine && !reported[id] && (t.told || time.Since(t.at) > 80*time.Minute) {
			s.Fatalf("%s goes at %s, and is not reported", id, t.at)
		}
	}
	s.let(ids)
}

// reported fails the test unless a provider takes the machine then, and nobody
// has given it back.
func (s *scheduler) reported(m hostfactory.Reclaim) {
	t, takes := s.taken[m.MachineID]
	switch {
	case s.returned[m.MachineID]:
		s.Errorf("%s was returned, and is reported", m.MachineID)
	case !takes:
		s.Errorf("%s is reported, and no provider takes it", m.MachineID)
	case m.GracePeriod != max(0, int64(time.Until(t.at)/time.Second)):
		s.Errorf("%s goes in %s, and is reported with %d s", m.MachineID, time.Until(t.at), m.GracePeriod)
	}
	for _, other := range s.schedulers {
		if _, others := other.held[m.MachineID]; others && other != s {
			s.Errorf("%s is reported to %s, and %s has it", m.MachineID, s.name, other.name)
		}
	}
	if !t.told && time.Until(t.at) <= 0 {
		s.count["found lost"]++
	}
}

// giveBack returns some of what it holds, or all, but not what is gone without
// a word: that has to be found.
func (s *scheduler) giveBack(all bool) {
	var ids []string
	for _, id := range sorted(s.held) {
		if t, goes := s.taken[id]; (all || s.chance.IntN(20) == 0) && (!goes || t.told) {
			ids = append(ids, id)
		}
	}
	for some := range slices.Chunk(ids, 400) {
		s.let(some)
	}
}

// let returns machines, some of them with a second file, as who has not learnt
// what came of the first.
func (s *scheduler) let(ids []string) {
	if len(ids) == 0 {
		return
	}
	for again := true; again; again = s.chance.IntN(10) == 0 {
		file, deaths := s.newKey(), s.count["deaths"]
		a, err := s.try("requestReturnMachines", s.named(ids), s.once(file), key(file))
		if err != nil {
			s.unread(err)
			continue
		}
		s.running = append(s.running, decode[hostfactory.Requested](s.site, a.Body).RequestID)
		for _, id := range ids {
			delete(s.held, id)
			s.returned[id] = s.returned[id] || deaths == s.count["deaths"] // else it may be reported once more
		}
	}
}

// named names machines by their ids, by their names, or by both.
func (s *scheduler) named(ids []string) string {
	hosts, form := make([]hostfactory.Host, len(ids)), s.chance.IntN(3)
	for i, id := range ids {
		hosts[i] = []hostfactory.Host{{MachineID: id}, {Name: "host-" + id}, {MachineID: id, Name: "host-" + id}}[form]
	}
	return inJSON(map[string]any{"machines": hosts, "host_provider": s.name})
}
