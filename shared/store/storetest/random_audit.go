package storetest

import (
	"fmt"
	"slices"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// asker is somebody, who may ask by an operation.
func (d *duel) asker(r *rapid.T) broker.Actor { return asking(pick(r, "asker", "", "anOperation")) }

// compareAudit holds the audit trails against each other, whatever the order of
// entries that were made at one moment.
func (d *duel) compareAudit() {
	d.Helper()
	read := func(s Store) (all []broker.AuditEvent) {
		for p := (broker.Page{Limit: 7}); ; {
			page, next, err := s.AuditEvents(d.tb.Context(), broker.AuditFilter{}, p)
			if err != nil {
				d.Fatalf("reading the audit trail: %v", err)
			}
			for i := range page {
				page[i].ID, page[i].At = "", page[i].At.Truncate(time.Millisecond)
			}
			if all = append(all, page...); next == "" {
				return all
			}
			p.Cursor = next
		}
	}
	want, got := read(d.model), read(d.real)
	if !slices.IsSortedFunc(got, func(a, b broker.AuditEvent) int { return b.At.Compare(a.At) }) {
		d.Errorf("the trail is not in order: %v", got)
	}
	same := cmpopts.SortSlices(func(a, b broker.AuditEvent) bool { return fmt.Sprint(a) < fmt.Sprint(b) })
	if diff := cmp.Diff(want, got, same, cmpopts.EquateEmpty()); diff != "" {
		d.Errorf("the audit trail: model (-), store (+):\n%s", diff)
	}
}
