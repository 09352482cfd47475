package static

import (
	"context"
	"errors"

	"github.com/openhostfactory/ohfp/shared/fault"
)

// unread is a look-up in the broker's own records that failed: nothing was
// sent, and it says nothing about the hosts.
func unread(ctx context.Context, what string, err error) *fault.ProviderError {
	p := &fault.ProviderError{Class: fault.Refused, Code: "records", Message: what + " cannot be read", Err: err}
	if errors.Is(ctx.Err(), context.Canceled) {
		p.Class = fault.Cancelled
	}
	return p
}

// unknown is a write whose answer was lost: the lease may be there. A replay
// of the token finds out.
func unknown(ctx context.Context, message string, err error) *fault.ProviderError {
	p := &fault.ProviderError{Class: fault.Server, Sent: true, Code: "lease_unknown", Message: message, Err: err}
	switch ctx.Err() {
	case nil:
	case context.Canceled:
		p.Class = fault.Cancelled
	default:
		p.Class = fault.Timeout
	}
	return p
}
