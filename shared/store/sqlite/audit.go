package sqlite

import (
	"context"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/store/schema"
)

// AuditEvents returns a page of the audit trail, newest first. A limit below 1
// asks for 100; none gives more than 1,000. invalid_request for a cursor that is
// not of this list.
func (s *Store) AuditEvents(ctx context.Context, f broker.AuditFilter, p broker.Page) ([]broker.AuditEvent, string, error) {
	page, next, err := s.seen().ListAudit(ctx, lister{s}, f, p)
	return page, next, unavailable("reading the audit trail", err)
}

// lastAudit is the time of the newest entry of the audit trail, expired or not.
func (s *Store) lastAudit(ctx context.Context) (last time.Time, err error) {
	days, err := lister{s}.Days(ctx, schema.AuditList.DayPK(), "~", 1)
	if err != nil || len(days) == 0 {
		return last, err
	}
	newest, err := lister{s}.Listed(ctx, schema.AuditList.PK(days[0].SK), "~", 1)
	if err != nil || len(newest) == 0 {
		return last, err
	}
	return broker.EventTime(newest[0].SK), nil
}
