package dynamo

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/openhostfactory/ohfp/shared/store/schema"
)

// Ticket hands out the next number of a scope, from 0.
func (s *Store) Ticket(ctx context.Context, scope string) (int64, error) {
	e := newExpression()
	e.set(attrTTL, (&schema.Item{Expires: schema.TicketExpires(s.now())}).TTL())
	n, err := s.count(ctx, schema.TicketKey(scope), e)
	return n - 1, err
}

// count adds one to a counter, with what else e says, and returns it.
func (s *Store) count(ctx context.Context, k schema.Key, e *expression) (int64, error) {
	e.add(attrN, 1)
	item, err := s.update(ctx, k, e, types.ReturnValueAllNew)
	if err != nil {
		return 0, s.unavailable("counting", err)
	}
	r, err := parseRow(item)
	return r.N, s.unavailable("counting", err)
}
