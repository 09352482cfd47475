package loopback

import (
	"context"
	"net"
	"testing"
)

// Port is a port of 127.0.0.1.
type Port struct{ address string }

// Hold takes a free port until the test ends.
func Hold(tb testing.TB) Port {
	tb.Helper()
	address, release, err := hold()
	if err != nil {
		tb.Fatalf("holding a port: %v", err)
	}
	tb.Cleanup(func() {
		if err := release(); err != nil {
			tb.Errorf("releasing a port: %v", err)
		}
	})
	return Port{address}
}

// Address is host:port.
func (p Port) Address() string { return p.address }

// Listen listens at the port. It may be done again once the listener is closed.
func (p Port) Listen(ctx context.Context) (net.Listener, error) {
	return (&net.ListenConfig{Control: shared}).Listen(ctx, "tcp", p.address) //nolint:wrapcheck // it says all
}
