package dynamo

import (
	"context"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// AuditEvents returns a page of the audit trail, newest first. A limit below 1
// asks for 100; none gives more than 1,000. invalid_request for a cursor that is
// not of this list.
func (s *Store) AuditEvents(ctx context.Context, f broker.AuditFilter, p broker.Page) ([]broker.AuditEvent, string, error) {
	page, next, err := s.seen().ListAudit(ctx, lister{s}, f, p)
	return page, next, s.unavailable("reading the audit trail", err)
}
