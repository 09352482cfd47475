package schema

import (
	"context"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// maxAudit is a generous bound on the size of an entry of the audit trail.
const maxAudit = 16 << 10

// AuditKey holds an entry of the audit trail.
func AuditKey(e *broker.AuditEvent) Key { return Key{"AUD#" + Day(e.At), e.ID} }

// auditListKey is where it stands in the list.
func auditListKey(e broker.AuditEvent) Key { return AuditList.Key(e.ID, e.At) }

// AuditItem makes the row of an entry that is stored at t; unique tells it from
// those that others store at that moment.
func (r Retention) AuditItem(e broker.AuditEvent, t time.Time, unique string) (Item, error) {
	e.ID, e.At = broker.EventPosition(t)+"-"+unique, t.UTC()
	it, err := Row(AuditKey(&e), e)
	it.List, it.Expires = auditListKey(e), r.auditExpires(&e)
	return it, err
}

// ListAudit returns a page of the audit trail, newest first, and the cursor of
// the next one. invalid_request for a cursor that is not of this list.
func (v View) ListAudit(ctx context.Context, from Lister, f broker.AuditFilter, p broker.Page) ([]broker.AuditEvent, string, error) {
	w := walk[broker.AuditEvent]{
		from: from, list: AuditList, limit: PageLimit(p), key: auditListKey, since: f.Since, until: f.Until,
		matches: func(e broker.AuditEvent) bool { return v.before(v.auditExpires(&e)) && f.Matches(&e) },
	}
	return w.read(ctx, p.Cursor)
}
