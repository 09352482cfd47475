package sqlite_test

import (
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/store/sqlite"
)

// TestEventIDsRiseAcrossARestartWithAClockThatWentBack: a reader that goes on
// after what it has would miss the new event otherwise.
func TestEventIDsRiseAcrossARestartWithAClockThatWentBack(t *testing.T) {
	dir, now := t.TempDir(), time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	options := sqlite.Options{Now: func() time.Time { return now }}
	s := open(t, dir, options)
	put := func(version int64) {
		t.Helper()
		if _, err := s.PutConfig(t.Context(), broker.StrategyConfig{Version: version}); err != nil {
			t.Fatal(err)
		}
	}
	after := func(id string) []broker.Event {
		t.Helper()
		events, err := s.Events(t.Context(), broker.EventQuery{After: id, Limit: 10})
		if err != nil {
			t.Fatal(err)
		}
		return events
	}
	put(0)
	first := after("")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	now = now.Add(-time.Minute)
	s = open(t, dir, options)
	put(1)
	if second := after(first[0].ID); len(second) != 1 || second[0].Version != 2 {
		t.Errorf("after %s: %+v", first[0].ID, second)
	}
}
