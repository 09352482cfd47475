package main

import (
	"context"
	"errors"
	"time"

	"github.com/openhostfactory/ohfp/shared/fault"
)

// How long a call of a scheduler goes on when nobody answers: it must have its
// answer within 10 s. What is only asked is asked again soon anyway.
const (
	pluginTime  = 9 * time.Second
	askingTime  = 2 * time.Second
	firstRepeat = 100 * time.Millisecond
	lastRepeat  = time.Second
)

// persist sends a request until it is answered. It may be sent again: a query
// changes nothing, and all else carries its key.
func (c *client) persist(ctx context.Context, l *link, r request, changes bool) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, pluginTime)
	defer cancel()
	until := c.now().Add(askingTime)
	if changes {
		until = c.now().Add(pluginTime - lastRepeat)
	}
	for wait := firstRepeat; ; wait = min(2*wait, lastRepeat) {
		a, err := l.do(ctx, r)
		if !passing(a, err) || !c.now().Add(wait).Before(until) || c.pause(ctx, wait) != nil {
			return a, err
		}
	}
}

// passing reports whether a call may go better in a moment.
func passing(a answer, err error) bool {
	if f, ok := errors.AsType[*failure](err); ok {
		return f.exit == fault.ExitUnreachable
	}
	return err == nil && (a.says.Code == string(fault.StoreUnavailable) || a.says.Code == string(fault.OperationInProgress))
}
