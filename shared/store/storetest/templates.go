package storetest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
)

func testTemplates(t *testing.T, open Open) {
	for _, c := range []struct {
		name string
		run  func(*fixture)
	}{
		{"an unknown one is not found", templateUnknown},
		{"a template comes back as it was given, with its version", templateRoundTrip},
		{"another version is a conflict with the stored one", templateConflict},
		{"pages are by id, and the last one says so", templatePages},
		{"a page goes on after a restart and beside changes", templateRestart},
		{"a cursor that the list did not give is invalid", templateCursor},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(newFixture(t, open)) })
	}
}

func template(id string) broker.Template {
	n := 20
	return broker.Template{
		ID: id, MaxNumber: &n, Attributes: map[string]any{"ncpus": float64(4)}, MachineTypes: []string{"big"},
		Image: "image-1", UserData: "#!/bin/sh\necho \"<hello>\" & exit\n", Tags: map[string]string{"team": "é"},
		Policy: broker.RoundRobin, Criteria: &broker.Criteria{Zones: []string{"rack-1"}},
		Overrides: broker.Overrides{Types: map[string]json.RawMessage{"static": json.RawMessage(`{"pool":"gpu"}`)}},
		UpdatedAt: start, Actor: broker.Actor{Principal: "ada"},
	}
}

func (f *fixture) putTemplates(ids ...string) {
	f.Helper()
	for _, id := range ids {
		must[broker.Template](f)(f.PutTemplate(f.Context(), template(id)))
	}
}

// templatePage reads a page and returns its ids and the next cursor.
func (f *fixture) templatePage(p broker.Page) ([]string, string) {
	f.Helper()
	page, next, err := f.Templates(f.Context(), p)
	f.ok(err)
	var ids []string
	for _, t := range page {
		ids = append(ids, t.ID)
	}
	return ids, next
}

func templateUnknown(f *fixture) {
	_, err := f.Template(f.Context(), "nothing")
	f.refused(err, fault.NotFound)
	f.refused(f.DeleteTemplate(f.Context(), "nothing", broker.Actor{}), fault.NotFound)
	ids, next := f.templatePage(broker.Page{Limit: 5})
	f.same(0, len(ids))
	f.same("", next)
}

func templateRoundTrip(f *fixture) {
	want := template("small")
	want.Version = 1
	f.same(want, must[broker.Template](f)(f.PutTemplate(f.Context(), template("small"))))
	f.restart()
	f.same(want, must[broker.Template](f)(f.Template(f.Context(), "small")))
	f.ok(f.DeleteTemplate(f.Context(), "small", broker.Actor{}))
	f.refused(f.DeleteTemplate(f.Context(), "small", broker.Actor{}), fault.NotFound)
}

func templateConflict(f *fixture) {
	stored := must[broker.Template](f)(f.PutTemplate(f.Context(), template("small")))
	for _, version := range []int64{0, 2} {
		other := template("small")
		other.Version, other.Image = version, "other"
		_, err := f.PutTemplate(f.Context(), other)
		f.conflict(err, stored)
	}
	absent := template("big")
	absent.Version = 4
	_, err := f.PutTemplate(f.Context(), absent)
	f.conflict(err, broker.Template{})
	update := template("small")
	update.Version = 1
	f.same(int64(2), must[broker.Template](f)(f.PutTemplate(f.Context(), update)).Version)
}

func templatePages(f *fixture) {
	long := strings.Repeat("z", 64)
	f.putTemplates("b", "B", "a", "a-1", long)
	ids, next := f.templatePage(broker.Page{Limit: 2})
	f.same([]string{"B", "a"}, ids)
	ids, next = f.templatePage(broker.Page{Limit: 2, Cursor: next})
	f.same([]string{"a-1", "b"}, ids)
	ids, next = f.templatePage(broker.Page{Limit: 2, Cursor: next})
	f.same([]string{long}, ids)
	f.same("", next)
	ids, next = f.templatePage(broker.Page{Limit: 5})
	f.same(5, len(ids))
	f.same("", next)
}

func templateRestart(f *fixture) {
	for i := range 10 {
		f.putTemplates(fmt.Sprintf("t%02d", i))
	}
	first, next := f.templatePage(broker.Page{Limit: 4})
	f.same([]string{"t00", "t01", "t02", "t03"}, first)
	f.clock.advance(30 * 24 * time.Hour)
	f.restart()
	f.putTemplates("t025", "t075")
	f.ok(f.DeleteTemplate(f.Context(), "t03", broker.Actor{}))
	rest, next := f.templatePage(broker.Page{Limit: 9, Cursor: next})
	f.same([]string{"t04", "t05", "t06", "t07", "t075", "t08", "t09"}, rest)
	f.same("", next)
}

func templateCursor(f *fixture) {
	f.putTemplates("a", "b")
	for _, cursor := range []string{"!", "0", "djI", strings.Repeat("A", 10_000)} {
		_, _, err := f.Templates(f.Context(), broker.Page{Limit: 1, Cursor: cursor})
		f.refused(err, fault.InvalidRequest)
	}
}

func testTickets(t *testing.T, open Open) {
	t.Run("numbers begin at 0, follow each other, and are apart by scope", func(t *testing.T) {
		f := newFixture(t, open)
		for want := range int64(5) {
			for _, scope := range []string{"ROUND_ROBIN#CREATE#ab", "ROUND_ROBIN#CREATE", "a b/ü"} {
				f.same(want, must[int64](f)(f.Ticket(f.Context(), scope)))
			}
		}
		f.restart()
		f.same(int64(5), must[int64](f)(f.Ticket(f.Context(), "ROUND_ROBIN#CREATE")))
		f.same(int64(0), must[int64](f)(f.Ticket(f.Context(), "another")))
	})
}
