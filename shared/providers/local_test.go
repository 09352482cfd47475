package providers_test

import (
	"errors"
	"fmt"
	"net"
	"syscall"
	"testing"

	"github.com/openhostfactory/ohfp/shared/providers"
)

func TestWhatArisesInTheEnvironmentIsToldFromWhatTheProviderDid(t *testing.T) {
	for _, c := range []struct {
		err  error
		want bool
	}{
		{nil, false},
		{errors.New("500"), false},
		{fmt.Errorf("dialling: %w", &net.DNSError{Name: "ec2.example", IsTimeout: true}), true},
		{&net.OpError{Op: "dial", Err: &net.DNSError{Name: "ec2.example", IsNotFound: true}}, true},
		{&net.OpError{Op: "dial", Err: syscall.ENETUNREACH}, true},
		{&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, false},
		{&net.OpError{Op: "dial", Err: syscall.ECONNRESET}, false},
	} {
		if got := providers.LocalOrigin(c.err); got != c.want {
			t.Errorf("%v: got %t", c.err, got)
		}
	}
}
