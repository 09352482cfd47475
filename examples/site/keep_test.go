package site_test

import (
	"errors"
	"net"
	"runtime"
	"strconv"
	"syscall"
	"testing"

	"github.com/openhostfactory/ohfp/examples/site"
)

func TestAPortThatIsKept(t *testing.T) {
	port, release, err := site.Keep("127.0.0.1", 0)
	if err != nil {
		t.Fatal(err)
	}
	at := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	refused := func() {
		t.Helper()
		c, err := net.Dial("tcp", at)
		if err == nil {
			_ = c.Close()
		}
		if !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("nobody listens, and dialing says %v", err)
		}
	}
	refused()
	for range 2 {
		l, err := net.Listen("tcp", at)
		if err != nil {
			t.Fatal(err)
		}
		c, err := net.Dial("tcp", at)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(c.Close(), l.Close()); err != nil {
			t.Fatal(err)
		}
		refused()
	}
	if err := release(); err != nil {
		t.Error(err)
	}
}

// What was not kept would be given away: so often the system is asked for any
// port.
func TestAPortThatIsKeptIsGivenToNobody(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("NOT TESTED: elsewhere a port that is kept may be given to another")
	}
	port, release, err := site.Keep("127.0.0.1", 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = release() })
	for range 50_000 { // of some 28,000 ports
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		_, other, err := net.SplitHostPort(l.Addr().String())
		if err := errors.Join(err, l.Close()); err != nil {
			t.Fatal(err)
		}
		if other == strconv.Itoa(port) {
			t.Fatal("it was given away")
		}
	}
}

func TestAPortOfNoAddressIsNotKept(t *testing.T) {
	for _, address := range []string{"", "localhost", "::1"} {
		if _, _, err := site.Keep(address, 0); err == nil {
			t.Errorf("a port of %q is kept", address)
		}
	}
}
