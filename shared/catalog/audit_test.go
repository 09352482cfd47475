package catalog_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/catalog"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/op"
	"github.com/openhostfactory/ohfp/shared/query"
	"github.com/openhostfactory/ohfp/shared/wire"
)

// audit is what listAuditEvents answers.
func (s *site) audit(body string) []query.AuditLine {
	s.Helper()
	return decode[query.AuditEventList](s, s.ok(s.call("listAuditEvents", body)).Body).AuditEvents
}

// lines are entries in a line each, oldest first.
func lines(entries []query.AuditLine) (out []string) {
	for _, e := range slices.Backward(entries) {
		out = append(out, strings.TrimSuffix(fmt.Sprintf("%s %s %s %s: %s", e.Principal, e.Operation, e.SubjectKind, e.SubjectName, e.Summary), " "))
	}
	return out
}

// since are the entries that were made by a function, in a line each.
func (s *site) since(do func()) []string {
	s.Helper()
	before := len(s.audit(`{"limit": 1000}`))
	do()
	all := s.audit(`{"limit": 1000}`)
	return lines(all[:len(all)-before])
}

func TestEveryCommandThatChangesWhatIsSetUpIsAuditedOnce(t *testing.T) {
	inSite(t, map[string]int{"a": 3}, func(s *site) {
		for _, c := range []struct{ operation, body, want string }{
			{"registerProviderStrategy", registration("b"), "provider b: created"},
			{"registerProviderStrategy", registration("b"), ""},
			{
				"registerProviderStrategy", strings.Replace(registration("b"), "{", `{"version": 1, "priority": 4, "weight": 50, "zone": "z", "max_machines": 9, `, 1),
				"provider b: max_machines: (none) -> 9; priority: 0 -> 4; weight: 100 -> 50; 1 more",
			},
			{"registerProviderStrategy", strings.Replace(registration("b"), "{", `{"dry_run": true, `, 1), ""},
			{
				"updateProviderHealth", `{"provider_name": "a", "health_status": {"is_healthy": false, "status_message": "at lunch"}, "source": "bell"}`,
				"provider a: health.source: (none) -> bell; health.state: HEALTHY -> UNHEALTHY; health.status_message: simulated -> at lunch",
			},
			{"updateProviderHealth", `{"provider_name": "a", "health_status": {"is_healthy": false, "status_message": "at lunch"}, "source": "bell"}`, ""},
			{
				"updateProviderHealth", `{"provider_name": "a", "health_status": {"is_healthy": true}, "source": "bell"}`,
				"provider a: health.state: UNHEALTHY -> HEALTHY; health.status_message: at lunch -> said to be healthy",
			},
			{"deregisterProviderStrategy", `{"strategy_name": "b"}`, "provider b: removed"},
			{"registerTemplate", `{"template_id": "u", "attributes": {"ncpus": 1}}`, "template u: created"},
			{"registerTemplate", `{"template_id": "u", "attributes": {"ncpus": 1}}`, ""},
			{"registerTemplate", `{"template_id": "u", "attributes": {"ncpus": 2}, "version": 1}`, "template u: attributes.ncpus: 1 -> 2"},
			{"registerTemplate", `{"template_id": "u", "attributes": {"ncpus": 2}, "version": 2}`, ""},
			{"deleteTemplate", `{"template_id": "u"}`, "template u: removed"},
			{"configureProviderStrategy", `{"default_selection_policy": "ROUND_ROBIN"}`, "configuration: default_selection_policy: FIRST_AVAILABLE -> ROUND_ROBIN"},
			{"configureProviderStrategy", `{"default_selection_policy": "ROUND_ROBIN"}`, ""},
			{"registerHostProvider", `{"name": "ohfpinst", "dialect": "lsf"}`, "host_provider ohfpinst: created"},
			{"registerHostProvider", `{"name": "ohfpinst", "dialect": "lsf", "templates": ["t"], "version": 1}`, `host_provider ohfpinst: templates: (none) -> ["t"]`},
			{"registerHostProvider", `{"name": "ohfpinst", "dialect": "lsf", "templates": ["t"]}`, ""},
			{"selectProviderStrategy", `{"operation_type": "CREATE_INSTANCES"}`, ""},
			{"executeProviderOperation", create(1, ""), ""},
		} {
			var want []string
			if c.want != "" {
				want = []string{strings.Replace("ada "+c.operation+" "+c.want, "configuration:", "configuration :", 1)}
			}
			s.equal(want, s.since(func() { s.ok(s.call(c.operation, c.body)) }))
			pass(time.Second)
		}
	})
}

func TestWhatIsRefusedIsNotAudited(t *testing.T) {
	inSite(t, map[string]int{"a": 3}, func(s *site) {
		s.execute(create(1, ""))
		for _, c := range []struct{ operation, body string }{
			{"registerProviderStrategy", strings.Replace(registration("a"), "{", `{"priority": 4, `, 1)},
			{"deregisterProviderStrategy", `{"strategy_name": "a"}`}, // it has a machine
			{"deregisterProviderStrategy", `{"strategy_name": "nobody"}`},
			{"registerTemplate", `{"template_id": "t", "image": "other"}`},
			{"deleteTemplate", `{"template_id": "nothing"}`},
			{"configureProviderStrategy", `{"mode": "frozen", "version": 7}`},
			{"updateProviderHealth", `{"provider_name": "nobody", "health_status": {"is_healthy": true}}`},
			{"cancelOperation", `{"operation_id": "op-1"}`}, // it has ended
		} {
			s.equal([]string(nil), s.since(func() {
				if _, err := s.call(c.operation, c.body); err == nil {
					s.Errorf("%s was not refused", c.operation)
				}
			}))
		}
	})
}

func TestAProviderThatIsDrainedIsRemovedForWhomAskedForIt(t *testing.T) {
	inSite(t, map[string]int{"a": 3}, func(s *site) {
		v, _ := s.execute(create(1, ""))
		s.equal([]string{"ada deregisterProviderStrategy provider a: draining: (none) -> true"}, s.since(func() {
			s.ok(s.call("deregisterProviderStrategy", `{"strategy_name": "a", "force": true}`))
		}))
		s.equal([]string{"ada deregisterProviderStrategy provider a: removed"}, s.since(func() {
			s.execute(fmt.Sprintf(`{"operation_type": "TERMINATE_INSTANCES", "parameters": {"machine_ids": ["%s"]}}`, machines(v)[0]))
			pass(time.Minute)
			s.tick()
		}))
	})
}

func TestACancellationIsAuditedWithWhatItCameTo(t *testing.T) {
	inSite(t, map[string]int{"a": 5}, func(s *site) {
		s.slowly("live begin", 5*time.Second)
		waiting := s.inBackground(create(1, ""))
		pass(time.Second)
		s.store.setGate(nil)
		s.equal([]string{"ada cancelOperation operation op-1: cancelled: false -> true; status: RUNNING -> CANCELLED"}, s.since(func() {
			s.ok(s.call("cancelOperation", `{"operation_id": "op-1"}`))
			s.ok(s.call("cancelOperation", `{"operation_id": "op-1"}`)) // again
		}))
		<-waiting
		s.boots("a", time.Hour)
		id := s.request(1, "")
		s.equal([]string{"ada cancelRequest request " + id + ": cancelled: false -> true"}, s.since(func() {
			s.ok(s.call("cancelRequest", fmt.Sprintf(`{"request_id": %q}`, id)))
		}))
		pass(time.Hour)
		synctest.Wait()
	})
}

// TestNothingPrivateReachesTheAuditTrail plants canaries wherever a request may
// carry a secret or user data.
func TestNothingPrivateReachesTheAuditTrail(t *testing.T) {
	inSite(t, map[string]int{"a": 3}, func(s *site) {
		for _, c := range []struct{ operation, body string }{
			{"registerTemplate", `{"template_id": "u", "user_data": "c4n4ry", "tags": {"db_password": "c4n4ry"}, "scheduler_fields": {"userData": "c4n4ry", "list": [{"api-key": "c4n4ry"}]},
				"overrides": {"types": {"aws": {"user_data": "c4n4ry"}}, "providers": {"a": {"user_data": "c4n4ry"}}}}`},
			{"registerTemplate", `{"template_id": "u", "user_data": "another c4n4ry", "image": "i", "version": 1}`},
			{"deleteTemplate", `{"template_id": "u"}`},
			{"registerProviderStrategy", strings.Replace(registration("b"), "{", `{"tags": {"ACCESS_TOKEN": "c4n4ry"}, "capabilities": {"credential": ["c4n4ry"]}, `, 1)},
			{"updateProviderHealth", `{"provider_name": "b", "health_status": {"is_healthy": false, "error_details": {"secret": "c4n4ry", "deep": {"privateKey": "c4n4ry", "list": [{"passphrase": "c4n4ry"}]}}}}`},
			{"deregisterProviderStrategy", `{"strategy_name": "b"}`},
		} {
			s.ok(s.call(c.operation, c.body))
			pass(time.Second)
		}
		entries := s.audit(`{"limit": 1000}`)
		if all := s.written(entries); strings.Contains(all, "c4n4ry") {
			s.Errorf("something private is in the trail: %s", all)
		}
		i := slices.IndexFunc(entries, func(e query.AuditLine) bool { return e.SubjectName == "u" && e.Action == broker.AuditChanged })
		if !slices.Contains(entries[i].Changes, broker.Change{Field: "user_data", Hidden: true}) {
			s.Errorf("that user data was changed is not told: %+v", entries[i].Changes)
		}
	})
}

func TestTheAuditTrailIsListedByWhatIsAskedFor(t *testing.T) {
	inSite(t, map[string]int{"a": 1, "b": 1}, func(s *site) { // two providers and a template
		pass(2 * time.Hour)
		s.configure(`{"mode": "frozen"}`)
		s.configure(`{"mode": "open"}`)
		for body, want := range map[string]int{
			`{}`:                                5,
			`{"since": "1h"}`:                   2,
			`{"until": "1h"}`:                   3,
			`{"since": "1h", "until": "0s"}`:    0,
			`{"principal": "ada"}`:              5,
			`{"principal": "bob"}`:              0,
			`{"operation": "REGISTERtemplate"}`: 1,
			`{"subject_kind": "Provider"}`:      2,
			`{"subject_kind": "provider", "subject_name": "b"}`:          1,
			`{"since": "` + time.Now().UTC().Format(time.RFC3339) + `"}`: 2,
		} {
			s.equal(want, len(s.audit(body)))
		}
		one := decode[query.AuditEventList](s, s.ok(s.call("listAuditEvents", `{"limit": 1}`)).Body)
		s.equal([]string{"ada configureProviderStrategy configuration : mode: frozen -> open"}, lines(one.AuditEvents))
		rest := s.audit(fmt.Sprintf(`{"cursor": %q}`, one.NextCursor))
		s.equal("mode: open -> frozen", rest[0].Summary)
		s.equal(4, len(rest))
		newest := one.AuditEvents[0]
		s.equal([]any{time.Now().UnixMilli(), broker.AuditChanged, []broker.Change{{Field: "mode", From: "frozen", To: "open"}}},
			[]any{newest.Time.UnixMilli(), newest.Action, newest.Changes})
		for body, field := range map[string]string{
			`{"since": "yesterday"}`: "since", `{"until": "-1h"}`: "until", `{"cursor": "x"}`: "cursor", `{"limit": 0}`: "limit",
			`{"subject_kind": "machine"}`: "subject_kind", `{"operation": "requestMachines"}`: "operation",
		} {
			_, err := s.call("listAuditEvents", body)
			if e := fault.As(err); e.Code != fault.InvalidRequest || e.Fields[0].Field != field {
				s.Errorf("%s: %v", body, err)
			}
		}
	})
}

// TestAuditedOperationsAreCommandsOfTheCatalogue: the list that a filter takes
// is written by hand.
func TestAuditedOperationsAreCommandsOfTheCatalogue(t *testing.T) {
	in, _ := query.ListAuditEvents.Types()
	for _, name := range wire.SchemaOf(in).Field("operation").Values() {
		if !slices.ContainsFunc(catalog.All(), func(o op.Described) bool { return o.Describe().Name == name && o.Describe().Kind == op.Command }) {
			t.Errorf("%s is no command", name)
		}
	}
}
