package sqlite_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/store/sqlite"
)

// TestTheAuditTrailIsInOrderAcrossARestartWithAClockThatWentBack: and no entry
// takes the place of another, which has the same time.
func TestTheAuditTrailIsInOrderAcrossARestartWithAClockThatWentBack(t *testing.T) {
	dir, now := t.TempDir(), time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	var want []string
	for _, id := range []string{"a", "b", "c", "d"} {
		s := open(t, dir, sqlite.Options{Now: func() time.Time { return now }})
		if _, err := s.PutTemplate(t.Context(), broker.Template{ID: id, Actor: broker.Actor{Operation: "registerTemplate"}}); err != nil {
			t.Fatal(err)
		}
		want = append(want, id)
		if id == "c" {
			now = now.Add(-time.Hour)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	s := open(t, dir, sqlite.Options{Now: func() time.Time { return now }})
	all, _, err := s.AuditEvents(t.Context(), broker.AuditFilter{}, broker.Page{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range slices.Backward(all) {
		got = append(got, e.Name)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("want -, got +:\n%s", d)
	}
}
