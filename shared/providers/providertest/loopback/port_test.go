//go:build unix

package loopback_test

import (
	"errors"
	"net"
	"syscall"
	"testing"

	"github.com/openhostfactory/ohfp/shared/providers/providertest/loopback"
)

func TestAPortThatIsHeldIsClosedUntilItsHolderListensAndOpenToNobodyElse(t *testing.T) {
	p := loopback.Hold(t)
	for range 3 {
		if c, err := net.Dial("tcp", p.Address()); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Fatalf("nobody listens, and dialling gives %v, %v", c, err)
		}
		if l, err := net.Listen("tcp", p.Address()); !errors.Is(err, syscall.EADDRINUSE) {
			t.Fatalf("another listens: %v, %v", l, err)
		}
		l, err := p.Listen(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		c, err := net.Dial("tcp", p.Address())
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(c.Close(), l.Close()); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTwoPortsAreTwo(t *testing.T) {
	if one, other := loopback.Hold(t), loopback.Hold(t); one == other {
		t.Errorf("both are %s", one.Address())
	}
}
