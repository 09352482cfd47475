package command

import (
	"context"
	"testing"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
)

// book is a ledger that fails. It has a method of the port's own name.
type book struct {
	port
	claiming, reading error
}

type port = Ledger

func (b book) ClaimOperation(context.Context, broker.Claim) error { return b.claiming }

func (b book) Ledger(ctx context.Context, _ string) (broker.Ledger, error) {
	if ctx.Err() != nil {
		return broker.Ledger{}, ctx.Err()
	}
	return broker.Ledger{}, b.reading
}

// TestClaim_never_lets_a_caller_believe_that_nothing_was_stored when it may have
// been: the operation would be resumed, and make machines that nobody expects.
func TestClaim_never_lets_a_caller_believe_that_nothing_was_stored(t *testing.T) {
	down, absent := fault.New(fault.StoreUnavailable, "down"), fault.New(fault.NotFound, "absent")
	for name, c := range map[string]struct {
		claiming, reading error
		code              fault.Code
		id                string
	}{
		"it was stored and said so":            {},
		"it was stored and the answer lost":    {claiming: down},
		"it was not stored":                    {claiming: down, reading: absent, code: fault.StoreUnavailable},
		"nobody can say whether it was stored": {claiming: down, reading: down, code: fault.OutcomeUnknown, id: "op"},
		"it was refused":                       {claiming: fault.New(fault.TooLarge, "large"), code: fault.TooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			s := Service{Ledger: book{claiming: c.claiming, reading: c.reading}}
			ctx, left := context.WithCancel(t.Context())
			left() // the caller may be gone: what becomes of the operation matters all the same
			err := s.claim(ctx, &broker.Claim{Operation: broker.Operation{ID: "op"}})
			if c.code == "" {
				if err != nil {
					t.Errorf("got %v", err)
				}
				return
			}
			if f := fault.As(err); f == nil || f.Code != c.code || f.OperationID != c.id {
				t.Errorf("want %s of %q, got %v", c.code, c.id, f)
			}
		})
	}
}
