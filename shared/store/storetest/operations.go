package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
)

func testOperations(t *testing.T, open Open) {
	for _, c := range []struct {
		name string
		run  func(*fixture)
	}{
		{"pages are newest first across days", listPages},
		{"a page goes on after a restart and beside new operations", listRestart},
		{"filters hold on every page", listFilters},
		{"a rare kind is found among many", listRare},
		{"a cursor that the list did not give is invalid", listCursor},
		{"open operations come when they are due, earliest first", openDue},
		{"an operation that ends is no longer open", openEnds},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(newFixture(t, open)) })
	}
}

// all reads a list to its end in pages of limit, and checks each page's size.
func (f *fixture) all(filter broker.OperationFilter, limit int, cursor string) []broker.Operation {
	f.Helper()
	var all []broker.Operation
	for pages := 0; ; pages++ {
		page, next, err := f.Operations(f.Context(), filter, broker.Page{Limit: limit, Cursor: cursor})
		f.ok(err)
		if len(page) > limit || pages > 2000 {
			f.Fatalf("%d operations on page %d, for a limit of %d", len(page), pages, limit)
		}
		all = append(all, page...)
		if next == "" {
			return all
		}
		cursor = next
	}
}

func (f *fixture) ids(ops []broker.Operation) []string {
	ids := make([]string, len(ops))
	for i, o := range ops {
		ids[i] = o.ID
	}
	return ids
}

// claimEvery stores n operations, one each step, beside each other, and
// returns their ids, newest first.
func (f *fixture) claimEvery(n int, step time.Duration) []string {
	f.Helper()
	ids, claims := make([]string, n), make([]broker.Claim, n)
	for i := range n {
		id := fmt.Sprintf("op-%d-%03d", f.clock.now().Unix(), (i*7)%1000) // not in order of time
		ids[i], claims[i] = id, claim(operation(id, f.clock.now()))
		f.clock.advance(step)
	}
	for _, err := range race(func(racer int) error {
		for i := racer; i < n; i += racers {
			if err := f.ClaimOperation(f.Context(), claims[i]); err != nil {
				return err
			}
		}
		return nil
	}) {
		f.ok(err)
	}
	slices.Reverse(ids)
	return ids
}

func listPages(f *fixture) {
	f.same(0, len(f.all(broker.OperationFilter{}, 10, "")))
	want := f.claimEvery(40, 5*time.Hour)
	for _, limit := range []int{1, 3, 40, 100} {
		f.same(want, f.ids(f.all(broker.OperationFilter{}, limit, "")))
	}
	page, next, err := f.Operations(f.Context(), broker.OperationFilter{}, broker.Page{Limit: 40})
	f.ok(err)
	f.same(want, f.ids(page))
	f.same("", next)
}

func listRestart(f *fixture) {
	older := f.claimEvery(6, time.Hour)
	page, next, err := f.Operations(f.Context(), broker.OperationFilter{}, broker.Page{Limit: 2})
	f.ok(err)
	f.same(older[:2], f.ids(page))
	f.clock.advance(100 * 24 * time.Hour)
	f.restart()
	newer := f.claimEvery(3, 30*time.Hour)
	f.same(older[2:], f.ids(f.all(broker.OperationFilter{}, 2, next)))
	f.same(append(newer, older...), f.ids(f.all(broker.OperationFilter{}, 2, "")))
}

func listFilters(f *fixture) {
	var failed, created, both []string
	for i := range 30 {
		o := operation(fmt.Sprintf("op-%02d", i), f.clock.now())
		if i%3 == 0 {
			o.Status = broker.OpFailed
			failed = append([]string{o.ID}, failed...)
		}
		if i%2 == 0 {
			o.Type = broker.TerminateInstances
		} else {
			created = append([]string{o.ID}, created...)
		}
		if i%6 == 3 {
			both = append([]string{o.ID}, both...)
		}
		f.ok(f.ClaimOperation(f.Context(), claim(o)))
		f.clock.advance(7 * time.Hour)
	}
	for _, limit := range []int{1, 2, 50} {
		f.same(failed, f.ids(f.all(broker.OperationFilter{Status: broker.OpFailed}, limit, "")))
		f.same(created, f.ids(f.all(broker.OperationFilter{Type: broker.CreateInstances}, limit, "")))
		f.same(both, f.ids(f.all(broker.OperationFilter{Status: broker.OpFailed, Type: broker.CreateInstances}, limit, "")))
		f.same(0, len(f.all(broker.OperationFilter{Status: broker.OpCancelled}, limit, "")))
	}
}

func listRare(f *fixture) {
	rare := operation("rare", f.clock.now())
	rare.Type = broker.HealthCheck
	f.ok(f.ClaimOperation(f.Context(), claim(rare)))
	f.clock.advance(time.Second)
	f.claimEvery(1100, time.Second) // more than one page looks at
	f.clock.advance(24 * time.Hour)
	f.claimEvery(70, 25*time.Hour) // more days than one page looks at
	f.same([]string{"rare"}, f.ids(f.all(broker.OperationFilter{Type: broker.HealthCheck}, 5, "")))
}

func listCursor(f *fixture) {
	f.claimed("op-1")
	f.putTemplates("a", "b")
	_, other := f.templatePage(broker.Page{Limit: 1})
	for _, cursor := range []string{"!", "x", other} {
		_, _, err := f.Operations(f.Context(), broker.OperationFilter{}, broker.Page{Limit: 1, Cursor: cursor})
		f.refused(err, fault.InvalidRequest)
	}
}

func (f *fixture) due(by time.Time, limit int) []string {
	f.Helper()
	return f.ids(must[[]broker.Operation](f)(f.OpenOperations(f.Context(), by, limit)))
}

func openDue(f *fixture) {
	var want []string
	for i := range 40 {
		o := operation(fmt.Sprintf("op-%02d", (i*17)%40), start)
		o.DueAt = at(time.Duration(i) * time.Second)
		want = append(want, o.ID)
		f.ok(f.ClaimOperation(f.Context(), claim(o)))
	}
	unset := operation("now", start)
	unset.DueAt = time.Time{}
	f.ok(f.ClaimOperation(f.Context(), claim(unset)))
	f.same([]string{"now"}, f.due(start.Add(-1), 100))
	f.same([]string{"now", want[0]}, f.due(start, 100))
	f.same(append([]string{"now"}, want[:11]...), f.due(at(10*time.Second), 100))
	f.same(append([]string{"now"}, want[:4]...), f.due(at(time.Hour), 5))
	f.same(0, len(f.due(at(time.Hour), 0)))
	f.restart()
	f.same(append([]string{"now"}, want...), f.due(at(time.Hour), 100))
}

func openEnds(f *fixture) {
	o, a := f.claimed("op-1")
	by := at(time.Hour)
	f.same([]string{"op-1"}, f.due(by, 10))
	o.DueAt, o.Status = at(2*time.Hour), broker.OpUnknown
	f.ok(f.TakeStep(f.Context(), broker.Step{Operation: o}))
	f.same(0, len(f.due(by, 10)))
	f.same([]string{"op-1"}, f.due(at(2*time.Hour), 10)) // unknown is open
	o.Version = 1
	o.Status = broker.OpFailed
	out := outcome("op-1", a, 1, broker.Intent)
	out.Closed = &o
	f.ok(f.RecordOutcome(f.Context(), out))
	f.same(0, len(f.due(at(100*time.Hour), 10)))
	f.same([]string{"op-1"}, f.ids(f.all(broker.OperationFilter{}, 10, "")))
}
