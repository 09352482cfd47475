package storetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
)

func testAudit(t *testing.T, open Open) {
	for _, c := range []struct {
		name string
		run  func(*fixture)
	}{
		{"a registration says who, by what, from where, before and after", auditOfRegistrations},
		{"a template, without its user data", auditOfTemplates},
		{"the configuration", auditOfConfig},
		{"an instance of a scheduler", auditOfHostProviders},
		{"health that somebody says", auditOfHealth},
		{"a step that somebody asked for", auditOfSteps},
		{"what changes nothing, is refused, or nobody asked for tells nothing", auditOfNothing},
		{"what is too long is cut, and says so", auditOfLongValues},
		{"pages have the newest first, across days", auditPages},
		{"a page goes on after a restart and beside new entries", auditPagesRestart},
		{"filters hold on every page", auditFilters},
		{"a time has a beginning and an end", auditWindow},
		{"a cursor that the list did not give is invalid", auditCursor},
		{"entries are in order when the clock stands still or goes back", auditInOrder},
		{"of two who change the same the one that succeeds is told", auditBesideWriters},
		{"an entry is kept for 400 days", auditExpires},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(newFixture(t, open)) })
	}
}

func asking(operation string) broker.Actor {
	return broker.Actor{Principal: "ada", SourceIP: "192.0.2.7", RequestID: "r-7", Operation: operation}
}

// trail reads the audit trail to its end in pages of limit.
func (f *fixture) trail(filter broker.AuditFilter, limit int, cursor string) (all []broker.AuditEvent) {
	f.Helper()
	for pages := 0; ; pages++ {
		page, next, err := f.AuditEvents(f.Context(), filter, broker.Page{Limit: limit, Cursor: cursor})
		f.ok(err)
		if len(page) > limit || pages > 1000 {
			f.Fatalf("%d entries on page %d, for a limit of %d", len(page), pages, limit)
		}
		if all = append(all, page...); next == "" {
			return all
		}
		cursor = next
	}
}

// audited is the whole trail, oldest first, without what differs from store to
// store.
func (f *fixture) audited() []broker.AuditEvent {
	f.Helper()
	all := f.trail(broker.AuditFilter{}, 1000, "")
	slices.Reverse(all)
	for i := range all {
		if all[i].ID == "" || all[i].At.Before(start) {
			f.Errorf("an entry without id or time: %+v", all[i])
		}
		all[i].ID, all[i].At = "", time.Time{}
	}
	return all
}

// entry is what is expected of a change that asking made.
func entry(operation string, action broker.AuditAction, subject broker.AuditSubject, name string, changes ...broker.Change) broker.AuditEvent {
	by := asking("")
	return broker.AuditEvent{Actor: by, Operation: operation, Action: action, Subject: subject, Name: name, Changes: changes}
}

func auditOfRegistrations(f *fixture) {
	few := 7
	r := broker.Registration{
		Name: "pool-a", Kind: "static", Config: json.RawMessage(`{"hosts":[{"name":"h1","address":"10.0.0.1"}]}`), Weight: 100, Enabled: true,
		RegisteredAt: start, UpdatedAt: start, Actor: asking("registerProviderStrategy"),
	}
	stored := must[broker.Registration](f)(f.PutProvider(f.Context(), r))
	stored.Actor, stored.Priority, stored.MaxMachines, stored.UpdatedAt = asking("registerProviderStrategy"), 3, &few, at(time.Minute)
	stored.Config = json.RawMessage(`{"hosts":[{"name":"h1","address":"10.0.0.2"}]}`)
	must[broker.Registration](f)(f.PutProvider(f.Context(), stored))
	f.clock.advance(day)
	f.ok(f.DeleteProvider(f.Context(), "pool-a", 2, asking("deregisterProviderStrategy")))
	whole := func(address string, priority float64) []broker.Change {
		return []broker.Change{
			{Field: "enabled", To: true},
			{Field: "health_check_interval", To: 0.0},
			{Field: "priority", To: priority},
			{Field: "provider_type", To: "static"},
			{Field: "strategy_config.hosts", To: []any{map[string]any{"name": "h1", "address": address}}},
			{Field: "strategy_name", To: "pool-a"},
			{Field: "weight", To: 100.0},
		}
	}
	gone := slices.Insert(whole("10.0.0.2", 3), 2, broker.Change{Field: "max_machines", To: 7.0})
	for i := range gone {
		gone[i].From, gone[i].To = gone[i].To, nil
	}
	f.same([]broker.AuditEvent{
		entry("registerProviderStrategy", broker.AuditCreated, broker.AuditProvider, "pool-a", whole("10.0.0.1", 0)...),
		entry("registerProviderStrategy", broker.AuditChanged, broker.AuditProvider, "pool-a",
			broker.Change{Field: "max_machines", To: 7.0}, broker.Change{Field: "priority", From: 0.0, To: 3.0},
			broker.Change{Field: "strategy_config.hosts[h1].address", From: "10.0.0.1", To: "10.0.0.2"}),
		entry("deregisterProviderStrategy", broker.AuditRemoved, broker.AuditProvider, "pool-a", gone...),
	}, f.audited())
}

func auditOfTemplates(f *fixture) {
	t := broker.Template{
		ID: "small", Image: "image-1", UserData: "c4n4ry", Actor: asking("registerTemplate"), UpdatedAt: start,
		Overrides: broker.Overrides{Types: map[string]json.RawMessage{"aws": json.RawMessage(`{"user_data":"c4n4ry","image":"ami-1"}`)}},
	}
	t = must[broker.Template](f)(f.PutTemplate(f.Context(), t))
	t.Actor, t.UserData = asking("registerTemplate"), "another c4n4ry"
	must[broker.Template](f)(f.PutTemplate(f.Context(), t))
	f.clock.advance(day)
	f.restart()
	f.ok(f.DeleteTemplate(f.Context(), "small", asking("deleteTemplate")))
	f.same([]broker.AuditEvent{
		entry("registerTemplate", broker.AuditCreated, broker.AuditTemplate, "small",
			broker.Change{Field: "image", To: "image-1"}, broker.Change{Field: "overrides.types.aws.image", To: "ami-1"},
			broker.Change{Field: "overrides.types.aws.user_data", Hidden: true}, broker.Change{Field: "template_id", To: "small"},
			broker.Change{Field: "user_data", Hidden: true}),
		entry("registerTemplate", broker.AuditChanged, broker.AuditTemplate, "small", broker.Change{Field: "user_data", Hidden: true}),
		entry("deleteTemplate", broker.AuditRemoved, broker.AuditTemplate, "small",
			broker.Change{Field: "image", From: "image-1"}, broker.Change{Field: "overrides.types.aws.image", From: "ami-1"},
			broker.Change{Field: "overrides.types.aws.user_data", Hidden: true}, broker.Change{Field: "template_id", From: "small"},
			broker.Change{Field: "user_data", Hidden: true}),
	}, f.audited())
	raw, err := json.Marshal(f.trail(broker.AuditFilter{}, 100, ""))
	f.ok(err)
	if strings.Contains(string(raw), "c4n4ry") {
		f.Errorf("user data is in the trail: %s", raw)
	}
}

func auditOfConfig(f *fixture) {
	c := broker.DefaultConfig()
	c.Actor, c.Mode, c.Fallbacks = asking("configureProviderStrategy"), broker.ModeFrozen, []string{"pool-b"}
	c = f.putConfig(c)
	c.Actor, c.Mode = asking("configureProviderStrategy"), broker.ModeOpen
	f.putConfig(c)
	f.same([]broker.AuditEvent{
		entry("configureProviderStrategy", broker.AuditChanged, broker.AuditConfiguration, "",
			broker.Change{Field: "fallback_strategies", From: []any{}, To: []any{"pool-b"}}, broker.Change{Field: "mode", From: "open", To: "frozen"}),
		entry("configureProviderStrategy", broker.AuditChanged, broker.AuditConfiguration, "", broker.Change{Field: "mode", From: "frozen", To: "open"}),
	}, f.audited())
}

func auditOfHostProviders(f *fixture) {
	h := broker.HostProvider{Name: "ohfpinst", Scheduler: "lsf", UpdatedAt: start, Actor: asking("registerHostProvider")}
	h = must[broker.HostProvider](f)(f.PutHostProvider(f.Context(), h))
	h.Actor, h.Templates = asking("registerHostProvider"), []string{"small"}
	must[broker.HostProvider](f)(f.PutHostProvider(f.Context(), h))
	f.same([]broker.AuditEvent{
		entry("registerHostProvider", broker.AuditCreated, broker.AuditHostProvider, "ohfpinst",
			broker.Change{Field: "dialect", To: "lsf"}, broker.Change{Field: "name", To: "ohfpinst"}),
		entry("registerHostProvider", broker.AuditChanged, broker.AuditHostProvider, "ohfpinst", broker.Change{Field: "templates", To: []any{"small"}}),
	}, f.audited())
}

func auditOfHealth(f *fixture) {
	must[broker.Registration](f)(f.PutProvider(f.Context(), registration("pool-a")))
	f.recordHealth("pool-a", broker.Health{State: broker.Healthy, Message: "fine", CheckedAt: start})
	said := broker.Health{
		State: broker.Unhealthy, Message: "at lunch", Source: "ada", CheckedAt: at(time.Minute), Until: at(time.Hour),
		Details: json.RawMessage(`{"retry_after":3540,"api_token":"c4n4ry"}`), Actor: asking("updateProviderHealth"),
	}
	f.recordHealth("pool-a", said)
	said.CheckedAt = at(2 * time.Minute)
	f.recordHealth("pool-a", said) // says nothing new
	f.same(2, len(f.history(time.Time{}, 10)))
	said.Until = at(2 * time.Hour)
	stored := f.recordHealth("pool-a", said)
	f.same(at(2*time.Hour), stored.Until)
	f.same(2, len(f.history(time.Time{}, 10)))
	said.CheckedAt = start
	f.recordHealth("pool-a", said) // is older than what is known
	f.same([]broker.AuditEvent{
		entry("updateProviderHealth", broker.AuditChanged, broker.AuditProvider, "pool-a",
			broker.Change{Field: "health.error_details.api_token", Hidden: true}, broker.Change{Field: "health.error_details.retry_after", To: 3540.0},
			broker.Change{Field: "health.held_until", To: "2026-03-01T13:00:00.000Z"}, broker.Change{Field: "health.source", To: "ada"},
			broker.Change{Field: "health.state", From: "HEALTHY", To: "UNHEALTHY"}, broker.Change{Field: "health.status_message", From: "fine", To: "at lunch"}),
		entry("updateProviderHealth", broker.AuditChanged, broker.AuditProvider, "pool-a",
			broker.Change{Field: "health.held_until", From: "2026-03-01T13:00:00.000Z", To: "2026-03-01T14:00:00.000Z"}),
	}, f.audited())
}

func auditOfSteps(f *fixture) {
	o, _ := f.claimed("op")
	o.Status = broker.OpCancelled
	step := broker.Step{Operation: o, Audits: broker.CancellationAudit(broker.OpRunning, &o, asking("cancelOperation"))}
	f.ok(f.TakeStep(f.Context(), step))
	if err := f.TakeStep(f.Context(), step); err == nil {
		f.Error("a step is taken twice")
	}
	f.same([]broker.AuditEvent{
		entry("cancelOperation", broker.AuditChanged, broker.AuditOperation, "op",
			broker.Change{Field: "cancelled", From: false, To: true}, broker.Change{Field: "status", From: "RUNNING", To: "CANCELLED"}),
	}, f.audited())
}

func auditOfNothing(f *fixture) {
	r, t, h := registration("pool-a"), template("small"), hostProvider()
	r.Actor, t.Actor, h.Actor = asking(""), asking(""), asking("")
	r, t = must[broker.Registration](f)(f.PutProvider(f.Context(), r)), must[broker.Template](f)(f.PutTemplate(f.Context(), t))
	h = must[broker.HostProvider](f)(f.PutHostProvider(f.Context(), h))
	c := f.putConfig(configuration())
	f.same(0, len(f.audited())) // nobody asked
	for range 2 {
		r.Actor, t.Actor, h.Actor, c.Actor = asking("a"), asking("b"), asking("c"), asking("d")
		r, t = must[broker.Registration](f)(f.PutProvider(f.Context(), r)), must[broker.Template](f)(f.PutTemplate(f.Context(), t))
		h, c = must[broker.HostProvider](f)(f.PutHostProvider(f.Context(), h)), f.putConfig(c)
	}
	f.same(0, len(f.audited())) // as it was
	r.Version, r.Priority, t.Version, t.Image, h.Version, h.Scheduler, c.Version, c.Mode = 9, 9, 9, "9", 9, "9", 9, "9"
	_, refused := f.PutProvider(f.Context(), r)
	errs := []error{refused, f.DeleteProvider(f.Context(), "pool-a", 9, asking("a"))}
	_, refused = f.PutTemplate(f.Context(), t)
	errs = append(errs, refused)
	_, refused = f.PutHostProvider(f.Context(), h)
	errs = append(errs, refused)
	_, refused = f.PutConfig(f.Context(), c)
	for _, err := range append(errs, refused) {
		if _, ok := errors.AsType[*broker.Conflict](err); !ok {
			f.Errorf("want a conflict, got %v", err)
		}
	}
	f.ok(f.DeleteProvider(f.Context(), "nobody", 1, asking("a")))
	f.refused(f.DeleteTemplate(f.Context(), "nothing", asking("b")), fault.NotFound)
	f.same(0, len(f.audited()))
}

func auditOfLongValues(f *fixture) {
	t := broker.Template{ID: "small", Image: strings.Repeat("ä", 4000), UpdatedAt: start, Actor: asking("registerTemplate"), Tags: map[string]string{}}
	for i := range 50 {
		t.Tags[fmt.Sprintf("tag-%02d", i)] = strings.Repeat("x", 900)
	}
	must[broker.Template](f)(f.PutTemplate(f.Context(), t))
	got := f.audited()
	f.same(1, len(got))
	e := got[0]
	f.same(52, len(e.Changes)+e.Omitted) // image, template_id, tags
	if e.Omitted < 40 || e.Omitted > 45 {
		f.Errorf("%d changes are left out: want an entry of about 8 KiB", e.Omitted)
	}
	f.same("image", e.Changes[0].Field)
	begun, _ := e.Changes[0].To.(string)
	if !e.Changes[0].Cut || len(begun) > 1100 || !strings.HasPrefix(begun, `"ääää`) || !strings.HasSuffix(begun, "ä…") {
		f.Errorf("a long value is kept as %q (%d bytes)", begun, len(begun))
	}
	f.same(broker.Change{Field: "tags.tag-00", To: strings.Repeat("x", 900)}, e.Changes[1])
}

// change makes one change for which somebody asks, and returns the name of its
// subject.
func (f *fixture) change(i int) string {
	f.Helper()
	id := fmt.Sprintf("t-%03d", i)
	by := asking([]string{"registerTemplate", "importTemplate"}[i%2])
	by.Principal = []string{"ada", "bob", "eve"}[i%3]
	must[broker.Template](f)(f.PutTemplate(f.Context(), broker.Template{ID: id, Actor: by}))
	return id
}

// changes makes n changes, one each step, and returns their names, newest first.
func (f *fixture) changes(n int, step time.Duration) (names []string) {
	f.Helper()
	for i := range n {
		names = append(names, f.change(i))
		f.clock.advance(step)
	}
	slices.Reverse(names)
	return names
}

func subjects(events []broker.AuditEvent) (names []string) {
	for _, e := range events {
		names = append(names, e.Name)
	}
	return names
}

func auditPages(f *fixture) {
	f.same(0, len(f.trail(broker.AuditFilter{}, 10, "")))
	want := f.changes(40, 5*time.Hour)
	for _, limit := range []int{1, 3, 40, 100} {
		f.same(want, subjects(f.trail(broker.AuditFilter{}, limit, "")))
	}
	page, next, err := f.AuditEvents(f.Context(), broker.AuditFilter{}, broker.Page{Limit: 40})
	f.ok(err)
	f.same("", next)
	f.same(start, page[39].At.Truncate(time.Millisecond))
}

func auditPagesRestart(f *fixture) {
	older := f.changes(6, time.Hour)
	page, next, err := f.AuditEvents(f.Context(), broker.AuditFilter{}, broker.Page{Limit: 2})
	f.ok(err)
	f.same(older[:2], subjects(page))
	f.clock.advance(100 * day)
	f.restart()
	newest := f.change(100)
	f.same(older[2:], subjects(f.trail(broker.AuditFilter{}, 2, next)))
	f.same(append([]string{newest}, older...), subjects(f.trail(broker.AuditFilter{}, 2, "")))
}

func auditFilters(f *fixture) {
	f.changes(30, 9*time.Hour)
	f.putConfig(broker.StrategyConfig{Actor: asking("configureProviderStrategy")})
	for want, filter := range map[int]broker.AuditFilter{
		31: {},
		11: {Principal: "ada"},
		10: {Principal: "eve", Subject: broker.AuditTemplate},
		15: {Operation: "importTemplate"},
		5:  {Operation: "importTemplate", Principal: "bob"},
		30: {Subject: broker.AuditTemplate},
		1:  {Subject: broker.AuditConfiguration},
		0:  {Principal: "ad"},
	} {
		for _, limit := range []int{1, 4, 50} {
			f.same(want, len(f.trail(filter, limit, "")))
		}
	}
	f.same([]string{"t-017"}, subjects(f.trail(broker.AuditFilter{Name: "t-017", Subject: broker.AuditTemplate}, 3, "")))
}

func auditWindow(f *fixture) {
	all := f.changes(20, 5*time.Hour)
	slices.Reverse(all)
	for _, limit := range []int{1, 3, 50} {
		within := func(since, until time.Time) []string {
			names := subjects(f.trail(broker.AuditFilter{Since: since, Until: until}, limit, ""))
			slices.Reverse(names)
			return names
		}
		f.same(all[3:], within(at(15*time.Hour), time.Time{}))
		f.same(all[:7], within(time.Time{}, at(31*time.Hour)))
		f.same(all[3:7], within(at(15*time.Hour), at(31*time.Hour)))
		f.same(all[4:6], within(at(15*time.Hour+time.Second), at(30*time.Hour)))
		f.same(0, len(within(at(-time.Hour), start)))
		f.same(0, len(within(at(2*time.Hour), at(time.Hour))))
	}
}

func auditCursor(f *fixture) {
	f.changes(2, time.Second)
	f.claimEvery(2, time.Second)
	_, other, err := f.Operations(f.Context(), broker.OperationFilter{}, broker.Page{Limit: 1})
	f.ok(err)
	for _, cursor := range []string{"!", "x", other} {
		_, _, err := f.AuditEvents(f.Context(), broker.AuditFilter{}, broker.Page{Limit: 1, Cursor: cursor})
		f.refused(err, fault.InvalidRequest)
	}
}

func auditInOrder(f *fixture) {
	var want []string
	for i := range 8 {
		want = append(want, f.change(i))
		if i%2 == 1 {
			f.clock.advance(-time.Second)
		}
		if i == 2 || i == 5 {
			f.clock.advance(time.Hour)
			f.restart()
		}
	}
	slices.Reverse(want)
	f.same(want, subjects(f.trail(broker.AuditFilter{}, 3, "")))
}

func auditBesideWriters(f *fixture) {
	const writers = 20
	for version := range int64(3) {
		winner := f.oneWins(race(func(i int) error {
			c := configuration()
			c.Version, c.HealthCheckInterval, c.Actor = version, time.Duration(100*version+60+int64(i))*time.Second, asking("configureProviderStrategy")
			c.Actor.RequestID = fmt.Sprintf("r-%d-%d", version, i)
			_, err := f.PutConfig(f.Context(), c)
			return err
		}))
		newest := f.trail(broker.AuditFilter{}, writers, "")
		f.same(int(version)+1, len(newest))
		f.same(fmt.Sprintf("r-%d-%d", version, winner), newest[0].Actor.RequestID)
		i := slices.IndexFunc(newest[0].Changes, func(c broker.Change) bool { return c.Field == "health_check_interval" })
		f.same(float64(100*version)+60+float64(winner), newest[0].Changes[i].To)
	}
}

func auditExpires(f *fixture) {
	f.change(1)
	f.passes(400, func(kept bool) {
		f.same(kept, len(f.trail(broker.AuditFilter{}, 10, "")) == 1)
	})
	f.change(2)
	f.same([]string{"t-002"}, subjects(f.trail(broker.AuditFilter{}, 10, "")))
}
