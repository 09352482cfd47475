package command

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
)

// shelf is a registry of which a process keeps an older snapshot.
type shelf struct {
	Registry
	kept, stored []string // names of providers
	broken       error    // of the store
	reads        int      // of the store
	tickets      int64
}

func views(names []string) broker.Snapshot {
	s := broker.Snapshot{Config: broker.DefaultConfig()}
	for _, n := range names {
		s.Providers = append(s.Providers, broker.ProviderView{
			Name: n, Kind: "static", Weight: 1, Enabled: true, Health: broker.Health{State: broker.Healthy},
		})
	}
	return s
}

func (s *shelf) Snapshot(ctx context.Context) (broker.Snapshot, error) {
	if s.kept == nil {
		return s.FreshSnapshot(ctx)
	}
	snap := views(s.kept)
	snap.Kept = true
	return snap, nil
}

func (s *shelf) FreshSnapshot(context.Context) (broker.Snapshot, error) {
	s.reads++
	return views(s.stored), s.broken
}

func (s *shelf) Ticket(context.Context, string) (int64, error) {
	s.tickets++
	return s.tickets - 1, nil
}

func (s *shelf) service() Service {
	return Service{
		Registry: s, Tickets: s, Functions: Functions{Attempt: map[string]string{"static": "attempt-static"}},
		Now: func() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) },
	}
}

func excluding(names ...string) *broker.Criteria { return &broker.Criteria{ExcludeStrategies: names} }

// TestChoose_refuses_nobody_by_a_kept_snapshot: what it lacks, another process
// may have stored since.
func TestChoose_refuses_nobody_by_a_kept_snapshot(t *testing.T) {
	down := fault.New(fault.StoreUnavailable, "down")
	for name, c := range map[string]struct {
		shelf  shelf
		wish   wish
		ranked []string
		code   fault.Code
		reads  int
	}{
		"a kept one that has somebody costs no reading":    {shelf: shelf{kept: []string{"a"}, stored: []string{"a", "b"}}, ranked: []string{"a"}},
		"also while the store cannot be read":              {shelf: shelf{kept: []string{"a"}, broken: down}, ranked: []string{"a"}},
		"nobody was registered":                            {shelf: shelf{kept: []string{}, stored: []string{"b"}}, ranked: []string{"b"}, reads: 1},
		"nobody was eligible":                              {shelf: shelf{kept: []string{"a"}, stored: []string{"a", "b"}}, wish: wish{criteria: excluding("a")}, ranked: []string{"b"}, reads: 1},
		"the one asked for was unknown":                    {shelf: shelf{kept: []string{"a"}, stored: []string{"a", "b"}}, wish: wish{override: "b"}, ranked: []string{"b"}, reads: 1},
		"one to be avoided was unknown":                    {shelf: shelf{kept: []string{"a"}, stored: []string{"a", "b"}}, wish: wish{criteria: excluding("b")}, ranked: []string{"a"}, reads: 1},
		"there is nobody now either":                       {shelf: shelf{kept: []string{"a"}, stored: []string{"a"}}, wish: wish{criteria: excluding("a")}, code: fault.NoProviderAvailable, reads: 1},
		"the one asked for is unknown now too":             {shelf: shelf{kept: []string{"a"}, stored: []string{"a"}}, wish: wish{override: "b"}, code: fault.NotFound, reads: 1},
		"a refusal that cannot be made sure of is not one": {shelf: shelf{kept: []string{"a"}, broken: down}, wish: wish{override: "b"}, code: fault.StoreUnavailable, reads: 1},
		"what was just read is not read again":             {shelf: shelf{stored: []string{"a"}}, wish: wish{override: "b"}, code: fault.NotFound, reads: 1},
	} {
		t.Run(name, func(t *testing.T) {
			c.wish.operation = broker.CreateInstances
			got, err := c.shelf.service().choose(t.Context(), c.wish)
			if c.code != "" && !fault.Is(err, c.code) || c.code == "" && err != nil {
				t.Errorf("want %q, got %v", c.code, err)
			}
			if err == nil && !slices.Equal(c.ranked, got.result.Ranked()) {
				t.Errorf("want %q, got %q", c.ranked, got.result.Ranked())
			}
			if err == nil && c.reads > 0 && len(got.warnings) > 0 {
				t.Errorf("a warning of what is there: %q", got.warnings)
			}
			if c.shelf.reads != c.reads {
				t.Errorf("want %d readings, got %d", c.reads, c.shelf.reads)
			}
		})
	}
}

func TestChoose_takes_one_ticket_however_often_it_looks(t *testing.T) {
	s := shelf{kept: []string{"a", "b"}, stored: []string{"a", "b", "c"}}
	w := wish{operation: broker.CreateInstances, policy: string(broker.RoundRobin), criteria: excluding("c")}
	got, err := s.service().choose(t.Context(), w)
	if err != nil {
		t.Fatal(err)
	}
	if s.tickets != 1 || got.ticket == nil || *got.ticket != 0 {
		t.Errorf("%d tickets were taken, and %v used", s.tickets, got.ticket)
	}
}

func TestKindsOf_reads_again_when_an_owner_is_not_in_a_kept_snapshot(t *testing.T) {
	s := shelf{kept: []string{"a"}, stored: []string{"a", "b"}}
	for i, owner := range []string{"a", "b", "a"} {
		kinds, err := s.service().kindsOf(t.Context(), []broker.Machine{{ID: "m", Provider: owner}})
		if err != nil || kinds[owner] != "static" {
			t.Errorf("owner %s: %v, %v", owner, kinds, err)
		}
		if want := min(i, 1); s.reads != want {
			t.Errorf("owner %s: want %d readings, got %d", owner, want, s.reads)
		}
	}
	s.broken = errors.New("down")
	_, err := s.service().kindsOf(t.Context(), []broker.Machine{{ID: "m", Provider: "c"}})
	if err == nil || !strings.Contains(err.Error(), "down") {
		t.Errorf("got %v", err)
	}
}
