package catalog_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/op"
	"github.com/openhostfactory/ohfp/shared/openapi"
	"github.com/openhostfactory/ohfp/shared/providers/providertest/sim"
	"github.com/openhostfactory/ohfp/shared/store/storetest"
)

// TestEventSchemas holds the schemas that people build on to the types: a
// change of the contract shows as a change of a file.
func TestEventSchemas(t *testing.T) {
	dir := filepath.Join("..", "..", "docs", "events")
	var files []string
	for _, spec := range broker.EventSpecs() {
		got, err := openapi.EventSchema(spec)
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(dir, string(spec.Type)+".json")
		files = append(files, file)
		if os.Getenv("UPDATE_GOLDEN") != "" {
			if err := os.WriteFile(file, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s is not what the types say; review the change, then run make openapi:\n%s", file, diff)
		}
	}
	stored, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(files)
	if diff := cmp.Diff(files, stored); diff != "" {
		t.Errorf("types (-), files (+):\n%s", diff)
	}
}

// schema is what the tests read of a schema's file.
type schema struct {
	Title      string                     `json:"title"`
	Properties map[string]json.RawMessage `json:"properties"`
	Required   []string                   `json:"required"`
}

func eventSchemas(t *testing.T) map[broker.EventType]schema {
	t.Helper()
	all := map[broker.EventType]schema{}
	for _, name := range broker.EventType("").Values() {
		raw, err := os.ReadFile(filepath.Join("..", "..", "docs", "events", name+".json"))
		if err != nil {
			t.Fatal(err)
		}
		var s schema
		if err := json.Unmarshal(raw, &s); err != nil {
			t.Fatal(err)
		}
		all[broker.EventType(s.Title)] = s
	}
	return all
}

// checkEvents fails unless what a broker has told is what happened, and each
// event has the fields of its schema and no other.
func checkEvents(t *testing.T, s storetest.Store) []broker.Event {
	t.Helper()
	for _, check := range []func() error{
		func() error { return storetest.CheckRegistryEvents(context.WithoutCancel(t.Context()), s) },
		func() error { return storetest.CheckOperationEvents(context.WithoutCancel(t.Context()), s) },
	} {
		if err := check(); err != nil {
			t.Error(err)
		}
	}
	events, err := s.Events(context.WithoutCancel(t.Context()), broker.EventQuery{Limit: 10_000})
	if err != nil {
		t.Fatal(err)
	}
	schemas := eventSchemas(t)
	for _, e := range events {
		checkEvent(t, schemas[e.Type], e)
	}
	return events
}

func checkEvent(t *testing.T, s schema, e broker.Event) {
	t.Helper()
	raw, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		t.Fatal(err)
	}
	for name, value := range fields {
		if _, ok := s.Properties[name]; !ok || value[0] == '{' || value[0] == '[' {
			t.Errorf("%q: %s is no flat field of %q", name, value, s.Title)
		}
	}
	for _, name := range s.Required {
		if _, ok := fields[name]; !ok {
			t.Errorf("%s: %q is missing", raw, name)
		}
	}
}

// TestEventsTellWhatHappened plays random histories of a whole broker, with
// providers that fail, and replays what was told.
func TestEventsTellWhatHappened(t *testing.T) {
	seen := map[broker.EventType]bool{}
	play := func(t *testing.T, steps []string) {
		t.Helper()
		inMemory(t, map[string]int{"a": 3, "b": 3}, func(s *site) {
			for _, step := range steps {
				happenings()[step](s)
			}
			s.stop()
			synctest.Wait()
			for _, e := range checkEvents(t, s.stored) {
				seen[e.Type] = true
			}
		})
	}
	play(t, []string{
		"create", "lose", "fail over", "credentials expire", "told well", "time passes", "create", "told sick", "told well",
		"check", "cancel", "configure", "drain", "terminate", "time passes",
	})
	rapid.Check(t, func(r *rapid.T) {
		play(t, rapid.SliceOfN(rapid.SampledFrom(slices.Sorted(maps.Keys(happenings()))), 1, 12).Draw(r, "steps"))
	})
	for _, name := range broker.EventType("").Values() {
		if !seen[broker.EventType(name)] {
			t.Errorf("%s was never told", name)
		}
	}
}

// happenings are what may happen at a site of providers a and b.
func happenings() map[string]func(*site) {
	health := `{"provider_name": "a", "health_status": {"is_healthy": %v, "status_message": "words of a user"}}`
	execute := func(s *site, body string, with ...func(*op.Call)) string {
		a, err := s.call("executeProviderOperation", body, with...)
		if err != nil { // there may be nobody who could
			return err.OperationID
		}
		return decode[broker.OperationView](s, a.Body).ID
	}
	command := func(name, body string) func(*site) {
		return func(s *site) { _, _ = s.call(name, body) } // it may have nothing to change
	}
	return map[string]func(*site){
		"create":         func(s *site) { execute(s, create(2, "")) },
		"create nothing": func(s *site) { execute(s, create(1, `, "strategy_override": "b", "retry_count": 0`)) },
		"fail over": func(s *site) {
			s.sims["a"].Script(sim.Create, sim.Step{Err: fails(fault.Down, false)}, sim.Step{Err: fails(fault.Down, false)})
			execute(s, create(1, ""))
		},
		"credentials expire": func(s *site) {
			s.sims["a"].Script(sim.Create, sim.Step{Err: fails(fault.Auth, true)})
			execute(s, create(1, ""))
		},
		"terminate":      func(s *site) { s.terminateAll() },
		"time passes":    func(s *site) { pass(6 * time.Minute); s.tick() },
		"told sick":      command("updateProviderHealth", fmt.Sprintf(health, false)),
		"told well":      command("updateProviderHealth", fmt.Sprintf(health, true)),
		"check":          command("executeProviderOperation", `{"operation_type": "HEALTH_CHECK", "strategy_override": "a"}`),
		"configure":      command("configureProviderStrategy", `{"default_selection_policy": "ROUND_ROBIN"}`),
		"disable":        command("registerProviderStrategy", strings.Replace(registration("b"), "{", `{"enabled": false, "version": 1, `, 1)),
		"drain":          command("deregisterProviderStrategy", `{"strategy_name": "b", "force": true}`),
		"register again": command("registerProviderStrategy", registration("b")),
		"cancel": func(s *site) {
			s.sims["a"].Script(sim.Create, sim.Step{Latency: time.Second})
			id := execute(s, create(1, ""), async)
			_, _ = s.call("cancelOperation", fmt.Sprintf(`{"operation_id": %q}`, id))
			pass(time.Minute)
		},
		"lose": func(s *site) {
			for _, id := range s.sims["a"].Exist() {
				s.sims["a"].Vanish(id)
				execute(s, fmt.Sprintf(`{"operation_type": "GET_INSTANCE_STATUS", "parameters": {"machine_ids": [%q]}}`, id))
			}
		},
	}
}

func (s *site) terminateAll() {
	for _, id := range slices.Concat(s.sims["a"].Exist(), s.sims["b"].Exist()) {
		s.execute(fmt.Sprintf(`{"operation_type": "TERMINATE_INSTANCES", "parameters": {"machine_ids": [%q]}}`, id))
	}
}
