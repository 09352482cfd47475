package storetest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
)

// auditKept is how long an entry of the audit trail is kept.
const auditKept = 400 * 24 * time.Hour

// known is what is stored; nil: nothing is.
func known[T any](is bool, v *T) *T {
	if !is {
		return nil
	}
	return v
}

// told adds entries of the audit trail; mu is held. What is stored can always be
// compared.
func (m *Memory) told(entries []broker.AuditEvent, err error) {
	if err != nil {
		panic(fmt.Sprintf("telling a change: %v", err))
	}
	for _, e := range entries {
		e = own(e)
		e.At = m.now().UTC()
		if n := len(m.audits); n > 0 && !e.At.After(m.audits[n-1].At) {
			e.At = m.audits[n-1].At.Add(time.Nanosecond) // the clock stood still, or went back
		}
		e.ID = fmt.Sprintf("%s-%09d", e.At.Format(memoryStamp), len(m.audits))
		m.audits = append(m.audits, e)
	}
}

// AuditEvents implements [broker.AuditReader]. A cursor is the id of the last
// entry of a page.
func (m *Memory) AuditEvents(_ context.Context, f broker.AuditFilter, p broker.Page) ([]broker.AuditEvent, string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if p.Cursor != "" && broker.EventTime(p.Cursor).IsZero() {
		return nil, "", fault.Invalid("cursor", "is not one that this list gave")
	}
	var out []broker.AuditEvent
	for _, e := range slices.Backward(m.audits) {
		switch {
		case p.Cursor != "" && e.ID >= p.Cursor, !m.now().Before(e.At.Add(auditKept)), !f.Matches(&e):
		case len(out) == p.Limit:
			return out, out[len(out)-1].ID, nil
		default:
			out = append(out, own(e))
		}
	}
	return out, "", nil
}
